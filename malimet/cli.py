"""The command line. What a command needs is imported when it runs, so that each starts fast."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from malimet import label
from malimet.exits import report, stop

if TYPE_CHECKING:
    from annotations.checks import Problem

app = typer.Typer(
    help="Kazakh news articles to structured records: who, where, when, and how many of what.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


app.add_typer(label.app, name="label")


class Format(StrEnum):
    """How records are shown where no output file is named."""

    table = "table"
    jsonl = "jsonl"


class EngineName(StrEnum):
    """What runs the network."""

    onnx = "onnx"
    torch = "torch"


@app.command()
def extract(
    paths: Annotated[list[Path], typer.Argument(help=".txt or .jsonl files, directories of them, or - for stdin")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="a .jsonl, .csv, .parquet or .html file")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="a model directory instead of the one that ships")] = None,
    engine: Annotated[EngineName, typer.Option(help="what runs the network")] = EngineName.onnx,
    format: Annotated[
        Format | None, typer.Option(help="without -o: by default a table on a terminal, else JSON Lines")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="print how each record was read")] = False,
    unique: Annotated[bool, typer.Option("--unique", help="without records that repeat an earlier one")] = False,
) -> None:
    """Read articles and write their records.

    Examples:

    - `malimet extract article.txt`
    - `malimet extract news/ -o records.parquet`
    - `malimet extract article.txt -o article.html`
    - `malimet extract article.txt --explain`
    - `cat article.txt | malimet extract - --format jsonl`

    Documents that cannot be read are listed on stderr, or with -o in a file beside it that ends in .rejects.jsonl; the
    exit code is then 1.
    """
    from rich.console import Console
    from rich.progress import track

    from infer import explain as explanation
    from infer import readers, table, writers
    from infer.extractor import Extractor
    from models.checkpoint import DEFAULT

    rejects: list[Problem] = []
    try:
        if output and output.suffix not in writers.WRITERS:
            raise ValueError(f"{output}: records are written as {', '.join(writers.WRITERS)}")
        if explain and (output or format):
            raise ValueError("--explain prints for people: it goes with neither -o nor --format")
        extractor = Extractor.load(model or DEFAULT, engine=engine.value)
        readings = extractor.readings(readers.read(paths, rejects.append), reject=rejects.append)
        if unique:
            readings = ((document, article.unique()) for document, article in readings)
        if output:
            progress = Console(stderr=True)
            writers.write(track(readings, "articles", console=progress, disable=not progress.is_terminal), output)
        elif explain:
            console = Console(highlight=False)
            for document, article in readings:
                console.print(explanation.render(document, article), soft_wrap=True)
        elif format == Format.table or (format is None and sys.stdout.isatty()):
            console = Console()
            for _, article in readings:
                console.print(table.render(article))
        else:
            for _, article in readings:
                print(article.model_dump_json(by_alias=True))
    except (ValueError, OSError, ImportError) as error:
        stop(error)
    report(rejects, output)


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="a recipe, such as train/recipes/default.yaml")],
    overrides: Annotated[list[str] | None, typer.Argument(help="key=value, such as seed=2")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print what would be done, and do nothing")] = False,
) -> None:
    """Pre-train and fine-tune a model, export it, and write its directory with its card.

    Run again after an interruption it goes on from the last checkpoint, and ends as if nothing had happened.

    Examples:

    - `malimet train train/recipes/default.yaml data=/where/the/data/is`
    - `malimet train train/recipes/default.yaml seed=2 output=runs/second`
    - `malimet train --dry-run train/recipes/default.yaml`
    """
    from rich.console import Console

    try:
        from train.dry_run import dry_run as plan
        from train.pipeline import train as run
        from train.recipe import load_recipe
    except ImportError as error:
        stop(ImportError(f"training needs the `train` extra: pip install 'malimet[train]' ({error})"))
    try:
        chosen = load_recipe(recipe, overrides)
        if dry_run:
            plan(chosen, Console())
        else:
            typer.echo(f"wrote {run(chosen, Console())}")
    except (ValueError, OSError) as error:
        stop(error)


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="a model directory")],
    data: Annotated[Path, typer.Argument(help="labelled documents: .json (Label Studio), .jsonl, .iob2 or .conll")],
    records: Annotated[Path | None, typer.Option(help="gold records (.records.jsonl) of the same documents")] = None,
    against: Annotated[Path | None, typer.Option(help="another model directory to compare with")] = None,
    page: Annotated[
        Path | None, typer.Option("--report", help="a .html file; a .json file with every figure goes beside it")
    ] = None,
) -> None:
    """Score a model's spans, and its records where gold records are given; show where it errs.

    Examples:

    - `malimet evaluate models/default news.json --records news.records.jsonl`
    - `malimet evaluate models/default news.json --report report.html`
    - `malimet evaluate runs/second news.json --against models/default --report report.html`

    Documents that cannot be read or scored are listed on stderr and in the report; the exit code is then 1.
    """
    from rich.console import Console

    try:
        from eval.report import evaluate as run

        rejects = run(model, data, Console(), gold_records=records, against=against, page=page)
    except ImportError as error:
        stop(ImportError(f"evaluation needs the `eval` extra: pip install 'malimet[eval]' ({error})"))
    except (ValueError, OSError) as error:
        stop(error)
    report(rejects)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the records.

    Example: `malimet schema > malimet.schema.json`
    """
    from infer.records import Article

    typer.echo(json.dumps(Article.model_json_schema(by_alias=True), ensure_ascii=False, indent=2))
