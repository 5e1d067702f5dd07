"""Sources that are somewhere else: what a recipe downloads, pulls from Label Studio or streams from the hub.

What came is kept, so that a run which was killed goes on with the same documents, and needs no network for it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from annotations.checks import Problem
from annotations.pull import pull
from annotations.studio import LOCAL, URL, StudioError, open_project
from train.cache import cache
from train.download import download
from train.fingerprint import digest
from train.huggingface import PARQUET, stream
from train.recipe import HUB, PROJECT, Fetched, Recipe, Source, find


def fetched(recipe: Recipe, console: Console) -> Recipe:
    """The recipe with every source on this machine. A file that is here is not fetched again: a download lies in the
    cache under its SHA-256, what a project or the hub gave under the recipe's `output`. Of a fetched recipe the files
    stay, also under another output.

    Raises OSError where a source cannot be had, ValueError where it is not what the recipe wants, ImportError for
    Label Studio without its extra.
    """
    if not recipe.finetuning:
        return recipe
    for source, place in _absent(recipe):
        console.print(f"fetching {_told(source)}", highlight=False)
        _fetch(source, place, console)
    sources = tuple(_here(source, recipe) for source in recipe.finetuning.sources)
    return recipe.model_copy(update={"finetuning": recipe.finetuning.model_copy(update={"sources": sources})})


def awaited(recipe: Recipe) -> list[str]:
    """What `fetched` would fetch, a sentence each."""
    return [f"would be fetched: {_told(source)}" for source, _ in _absent(recipe)]


def _absent(recipe: Recipe) -> Iterator[tuple[Source, Path]]:
    """The sources that have to be fetched, and the places of their files."""
    for source in recipe.finetuning.sources if recipe.finetuning else ():
        place = _place(source, recipe)
        if not place:
            continue
        broken = source.download and place.exists() and digest(place) != source.download.sha256
        if broken or not place.exists():
            yield source, place


def _place(source: Source, recipe: Recipe) -> Path | None:
    """Where the file of a source that is fetched belongs; None for one that is where the recipe says."""
    if isinstance(source, Fetched):
        return source.file
    if source.path.startswith(PROJECT):
        return recipe.output / "sources" / f"{source.title}.jsonl"
    if source.path.startswith(HUB):
        return recipe.output / "sources" / f"{source.title}{PARQUET}"
    if source.download and not find(source, recipe.data).exists():
        return cache() / "downloads" / source.download.sha256 / Path(source.path).name
    return None


def _here(source: Source, recipe: Recipe) -> Source:
    place = _place(source, recipe)
    return Fetched.model_validate({**dict(source), "file": place}) if place else source


def _told(source: Source) -> str:
    if source.download:
        return f"{source.path} from {source.download.url}"
    if source.path.startswith(PROJECT):
        return f"{source.path} from {_server()}"
    return f"{source.name} from the Hugging Face hub"


def _fetch(source: Source, place: Path, console: Console) -> None:
    if source.download:
        download(source.download, place)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.path.startswith(PROJECT):
        _pull(source.path.removeprefix(PROJECT), place, console)
    else:
        owner, name, *configuration = source.path.removeprefix(HUB).split("/")
        stream(f"{owner}/{name}", next(iter(configuration), None), str(source.split), place)


def _pull(project: str, place: Path, console: Console) -> None:
    def told(problem: Problem) -> None:
        console.print(f"left out: {problem}", highlight=False)

    def noted(problem: Problem) -> None:
        console.print(f"note: {problem}", highlight=False)

    try:
        found = open_project(_server(), project)
        tasks = sum(pull(found, place, changed=False, reject=told, note=noted))
    except StudioError as error:
        raise OSError(str(error)) from None
    console.print(f"{tasks} tasks read from {found.link}", highlight=False)


def _server() -> str:
    return os.environ.get(URL) or LOCAL
