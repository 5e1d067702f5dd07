"""What decides the result of a stage, recorded in its directory, so that no run goes on from another recipe's work."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from transformers import AutoConfig

from annotations.atomic import atomic_text
from annotations.labels import LabelSet
from train.recipe import Part, Source, Text, find

FORMAT = 1  # to be raised when a change of the code, or of a recipe's defaults, makes a stage end with other weights
FILE = "stage.json"
SHOWN = 5  # differences

Fingerprint = dict[str, Any]


def digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of a directory's files.

    Raises FileNotFoundError where there is neither.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        names = (f"{file.relative_to(path).as_posix()} {digest(file)}" for file in files)
        return hashlib.sha256("\n".join(names).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(sources: Iterable[Text | Source], data: Path) -> dict[str, str]:
    """The digest of each source of a recipe by its name."""
    return {source.name: digest(find(source, data)) for source in sources}


def fingerprint(
    *parts: Part,
    sources: Iterable[Text | Source],
    data: Path,
    seed: int,
    base: str | None = None,
    labels: LabelSet | None = None,
) -> Fingerprint:
    """All that decides a stage's result: parts of a recipe, as far as they are not the default, their data, the seed,
    the weights that it goes on from, the labels, and the version of our format.

    Licences decide nothing. Raises FileNotFoundError for a source that is not there.
    """
    licences = {name: {"__all__": {"licence"}} for name in ("texts", "sources")}
    return {
        "format": FORMAT,
        "recipe": {
            type(part).__name__.lower(): part.model_dump(
                mode="json", exclude_defaults=True, exclude={"base": True, **licences}
            )
            for part in parts
        },
        "data": digests(sources, data),
        "seed": seed,
        "base": _weights(base) if base else None,
        "labels": {name: number for number, name in enumerate(labels.names())} if labels else {},
    }


def _weights(base: str) -> str:
    """What tells an encoder from another: the digest of a directory's weights and pieces, or a name and its commit."""
    directory = Path(base)
    if not directory.is_dir():
        return f"{base} {getattr(AutoConfig.from_pretrained(base), '_commit_hash', None)}"
    files = [*sorted(directory.glob("*.safetensors")), directory / "tokenizer.json"]
    return hashlib.sha256("".join(digest(file) for file in files if file.exists()).encode()).hexdigest()


def disagreement(directory: Path, ours: Fingerprint) -> str | None:
    """Why the work in a directory must not be gone on from, as a sentence; None where it may, or there is none."""
    if not directory.is_dir() or all(path.name.startswith(".") for path in directory.iterdir()):
        return None  # at most a hidden file, left by a run that was killed while it claimed the directory
    way_out = f"Choose another `output`, or delete {directory} to begin it again"
    if not (directory / FILE).exists():
        return f"{directory} does not say what it was made from: it has no {FILE}. {way_out}"
    theirs = json.loads((directory / FILE).read_text("utf-8"))
    before, now = dict(_flat(theirs)), dict(_flat(ours))
    changed = [name for name in (before | now) if before.get(name) != now.get(name)]
    if not changed:
        return None
    told = [f"{name} was {_short(before.get(name))} and is now {_short(now.get(name))}" for name in changed[:SHOWN]]
    rest = [f"{len(changed) - SHOWN} more"] if len(changed) > SHOWN else []
    return f"{directory} was made from something else: {'; '.join(told + rest)}. {way_out}"


def claim(directory: Path, ours: Fingerprint) -> None:
    """Take a stage's directory into use: a new one gets the fingerprint.

    Raises ValueError, which tells what differs, for one that holds work of another.
    """
    if why := disagreement(directory, ours):
        raise ValueError(why)
    directory.mkdir(parents=True, exist_ok=True)
    if not (directory / FILE).exists():
        write(directory, ours)


def write(directory: Path, ours: Fingerprint) -> None:
    """Put a fingerprint into a directory."""
    with atomic_text(directory / FILE) as file:
        json.dump(ours, file, ensure_ascii=False, indent=2)


def _flat(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested dictionaries and lists by their dotted names."""
    branches = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else None
    if branches is None:
        yield name, tree
        return
    for key, branch in branches:
        yield from _flat(branch, f"{name}.{key}" if name else str(key))


def _short(value: Any) -> str:
    """A value for people; of a digest its beginning."""
    if value is None:
        return "not set"
    text = str(value)
    return text[:8] if len(text) == 64 else text
