"""`malimet label`: the Label Studio loop on the command line."""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from annotations.selection import Selection
from annotations.studio import LOCAL, TOKEN, URL
from malimet.exits import report, stop

if TYPE_CHECKING:
    from rich.progress import Progress

    from annotations.adjudication import Vote
    from annotations.checks import Problem
    from annotations.document import Document

LOGIN = "MALIMET_LOGIN"  # a variable of the environment
LOOPBACK = ("127.0.0.1", "::1", "localhost")

app = typer.Typer(
    help=f"""The Label Studio loop: make a project, send articles there, bring annotations back, compare annotators.

    The access token is read from the environment variable {TOKEN} and never shown.""",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Url = Annotated[str, typer.Option(envvar=URL, help="the address of Label Studio")]
Name = Annotated[str, typer.Option("--project", help="the project's title or number")]
TITLE = "Malimet"


@app.command()
def init(
    url: Url = LOCAL,
    project: Name = TITLE,
    annotators: Annotated[int, typer.Option(min=1, help="how many people are to label each task")] = 1,
    backend: Annotated[str | None, typer.Option(help="the address of `malimet label serve`, to predict there")] = None,
) -> None:
    """Make a project with the labels, roles and instructions of this repository, or bring one up to date.

    Refuses to take away labels and roles that annotations use. A backend that wants a login finds it in MALIMET_LOGIN.

    Example: `malimet label init --url https://labels.example.org --annotators 2`
    """
    from annotations.labels import default_labels
    from annotations.setup import set_up
    from annotations.studio import StudioError, log_in

    try:
        made, new = set_up(log_in(url), url, project, default_labels(), annotators)
        if backend:
            made.connect(backend, _login())
    except (StudioError, ValueError, ImportError) as error:
        stop(error)
    typer.echo(f"{'made' if new else 'brought up to date'}: {made.link}")


@app.command()
def push(
    paths: Annotated[list[Path], typer.Argument(help=".txt or .jsonl files, directories of them, or - for stdin")],
    url: Url = LOCAL,
    project: Name = TITLE,
    paragraphs: Annotated[bool, typer.Option("--paragraphs", help="a task for each paragraph")] = False,
    predictions: Annotated[bool, typer.Option(help="with what the model finds, for annotators to correct")] = True,
    select: Annotated[Selection | None, typer.Option(help="send only the articles most worth labelling")] = None,
    number: Annotated[int, typer.Option("-n", min=1, help="with --select: how many")] = 200,
    model: Annotated[Path | None, typer.Option(help="a model directory instead of the one that ships")] = None,
) -> None:
    """Send articles as tasks. A text that the project has is not sent again, so a push that was cut off is finished by
    the same command.

    Examples:

    - `malimet label push news/`
    - `malimet label push archive.jsonl --paragraphs --select uncertain -n 200`
    - `malimet label push annotations/exercise.jsonl --no-predictions`
    """
    from annotations import push as pushing
    from annotations.selection import select as choose
    from annotations.setup import check_labels
    from annotations.studio import StudioError, open_project
    from infer import readers
    from infer.preannotations import preannotated
    from infer.reloading import ReloadingModel
    from models.checkpoint import DEFAULT

    rejects: list[Problem] = []
    sent = 0
    try:
        target = open_project(url, project)
        check_labels(target)
        known = pushing.Known(target)
        documents: Iterable[Document] = readers.read(paths, rejects.append)
        if paragraphs:
            documents = (part for document in documents for part in pushing.paragraphs(document))
        pool = list(pushing.fresh(documents, known, rejects.append))
        if select and select != Selection.uncertain:
            pool = choose(pool, select, number)
        version = None
        with _progress() as progress:
            if predictions or select == Selection.uncertain:
                used = ReloadingModel(model or DEFAULT).loaded
                version = used.version if predictions else None
                readings = used.extractor.readings(pool, reject=rejects.append)
                pool = [
                    preannotated(*reading) for reading in progress.track(readings, len(pool), description="reading")
                ]
            if select == Selection.uncertain:
                pool = choose(pool, select, number)
            sending = progress.add_task("sending", total=len(pool))
            for stored in pushing.send(target, pool, known, model=version, reject=rejects.append):
                progress.advance(sending, stored)
                sent += stored
    except (StudioError, ValueError, OSError, ImportError) as error:
        stop(error)
    typer.echo(f"new tasks: {sent}, at {target.link}")
    report(rejects)


@app.command()
def pull(
    output: Annotated[Path, typer.Option("--output", "-o", help="a .jsonl file, a line for each annotator of a text")],
    url: Url = LOCAL,
    project: Name = TITLE,
    changed: Annotated[bool, typer.Option("--changed", help="only what changed since the file was pulled")] = False,
) -> None:
    """Bring back what annotators submitted: neither skipped tasks nor drafts. What is odd is listed with the address of
    its task; a span that ends on white space or cuts a word in half is mended and listed too.

    Example: `malimet label pull -o data.jsonl`
    """
    from annotations.pull import pull as run
    from annotations.studio import StudioError, open_project

    rejects: list[Problem] = []
    notes: list[Problem] = []
    try:
        if output.suffix != ".jsonl":
            raise ValueError(f"{output}: annotations are written as .jsonl")
        source = open_project(url, project)
        tasks = run(source, output, changed=changed, reject=rejects.append, note=notes.append)
        with _progress() as progress:
            read = sum(progress.track(tasks, description="reading"))
    except (StudioError, ValueError, OSError, ImportError) as error:
        stop(error)
    for problem in notes:
        typer.echo(f"note: {problem}", err=True)
    typer.echo(f"tasks read: {read}, wrote {output}")
    report(rejects, output)


@app.command()
def agree(
    paths: Annotated[list[Path], typer.Argument(help="what was pulled, and other labelled files of the same texts")],
    page: Annotated[Path | None, typer.Option("--report", help="an .html page of all disagreements")] = None,
    gold: Annotated[Path | None, typer.Option(help="a .jsonl file for what most annotators marked")] = None,
    adjudicator: Annotated[str | None, typer.Option(help="with --gold: the annotator whose word is final")] = None,
) -> None:
    """Compare annotators, list what they disagree on, and settle it by majority or by an adjudicator.

    Documents that name no annotator count as those of an annotator called by the file.

    Examples:

    - `malimet label agree data.jsonl --report agreement.html --gold gold.jsonl`
    - `malimet label agree data.jsonl annotations/exercise.jsonl`
    """
    from rich.console import Console

    from annotations.adjudication import adjudicate
    from annotations.agreement import compare, tables
    from annotations.agreement_page import render
    from annotations.atomic import atomic_text
    from annotations.formats import auto, jsonl

    console = Console()
    rejects: list[Problem] = []
    try:
        documents = [
            document if document.annotator else replace(document, annotator=path.stem)
            for path in paths
            for document in auto.read(path, rejects.append)
        ]
        agreement = compare(documents, reject=rejects.append)
        for table in tables(agreement):
            console.print(table)
        if page:
            with atomic_text(page) as file:
                file.write(render(agreement))
        if gold:
            votes: list[Vote] = []
            jsonl.write(
                adjudicate(documents, adjudicator=adjudicator, reject=lambda _: None, report=votes.append), gold
            )
            spans, relations = (sum(len(getattr(vote, kind)) for vote in votes) for kind in ("spans", "relations"))
            console.print(
                f"{gold}: the vote left out {spans} spans and {relations} relations in {len(votes)} documents"
            )
    except (ValueError, OSError, ImportError) as error:
        stop(error)
    report(rejects)


@app.command()
def serve(
    model: Annotated[Path | None, typer.Option(help="a model directory instead of the one that ships")] = None,
    recipe: Annotated[Path | None, typer.Option(help="what Label Studio's Start Training runs, one at a time")] = None,
    runs: Annotated[Path, typer.Option(help="where the trainings' state and logs are kept")] = Path("runs/label"),
    host: Annotated[str, typer.Option(help="the address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="the port to listen on")] = 9090,
) -> None:
    """Be Label Studio's ML backend: predict for its tasks and, with a recipe, train. A model that is written to the
    model directory meanwhile is picked up.

    With MALIMET_LOGIN=user:password in the environment, requests need these by Basic auth; give them to Label Studio in
    the backend's settings.

    Example: `malimet label serve --model runs/news/model --recipe news.yaml`
    """
    import logging

    try:
        import uvicorn

        from infer.backend import app as backend
    except ImportError as error:
        stop(ImportError(f"serving needs the `serve` extra: pip install 'malimet[serve]' ({error})"))
    from infer.reloading import ReloadingModel
    from models.checkpoint import DEFAULT
    from train.jobs import TrainingQueue, train_command

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    login = _login()
    if not login and host not in LOOPBACK:
        typer.echo(f"warning: whoever reaches {host}:{port} may predict and train: set {LOGIN}", err=True)
    jobs = None
    try:
        models = ReloadingModel(model or DEFAULT)
        jobs = TrainingQueue(train_command(recipe), runs) if recipe else None
        application = backend(models, jobs=jobs, credentials=login)
        uvicorn.run(application, host=host, port=port, access_log=False, log_level="warning")
    except (ValueError, OSError) as error:
        stop(error)
    finally:
        if jobs:
            jobs.close()


def _login() -> tuple[str, str] | None:
    """The backend's user and password, if it has any."""
    user, _, password = os.environ.get(LOGIN, "").partition(":")
    return (user, password) if password else None


def _progress() -> "Progress":
    """A progress bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(console=console, disable=not console.is_terminal)
