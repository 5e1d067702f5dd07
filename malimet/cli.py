"""The command line. What a command needs is imported when it runs, so that each starts fast."""

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from malimet import label
from malimet.exits import REJECTED, report, stop

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

KEY = "MALIMET_API_KEY"  # a variable of the environment
INTERRUPTED = 130  # as a shell tells of a process that Ctrl-C ended


class Format(StrEnum):
    """How records are shown where no output file is named, and written into a directory."""

    table = "table"
    jsonl = "jsonl"
    parquet = "parquet"


class EngineName(StrEnum):
    """What runs the network; with ray, ONNX on each core of a cluster."""

    onnx = "onnx"
    torch = "torch"
    ray = "ray"


class Precision(StrEnum):
    """The numbers that an exported network computes with."""

    fp32 = "fp32"
    fp16 = "fp16"
    int8 = "int8"


@app.command()
def extract(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="IN",
            help=".txt, .jsonl, .csv or .parquet files, packed or not, directories of them, datasets saved on disk,"
            " addresses (s3://…, hf://owner/name), or - for stdin",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="a .jsonl, .csv, .parquet or .html file, or a directory, which ends in /"),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="a model directory instead of the one that ships")] = None,
    engine: Annotated[
        EngineName, typer.Option(help="what runs the network; ray: on the cores of a cluster")
    ] = EngineName.onnx,
    format: Annotated[
        Format | None,
        typer.Option(
            help="without -o: table (the default on a terminal) or jsonl; into a directory: jsonl (the default) or"
            " parquet"
        ),
    ] = None,
    text_column: Annotated[str, typer.Option(help="the column, or JSON key, of the texts")] = "text",
    id_column: Annotated[str, typer.Option(help="the column, or JSON key, of the documents' ids")] = "id",
    html: Annotated[
        bool, typer.Option("--html", help="texts are HTML pages: read their main text, and .html and .htm files too")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="print how each record was read")] = False,
    unique: Annotated[bool, typer.Option("--unique", help="without records that repeat an earlier one")] = False,
) -> None:
    """Read articles and write their records.

    Examples:

    - `malimet extract article.txt`
    - `malimet extract news/ -o records.parquet`
    - `malimet extract archive.jsonl.zst s3://bucket/news/ -o records/ --format parquet`
    - `malimet extract archive/ -o records/ --engine ray`
    - `malimet extract news.csv --text-column body -o records.csv`
    - `malimet extract article.txt -o article.html`
    - `malimet extract article.txt --explain`
    - `malimet extract pages/ --html -o records.csv`
    - `cat article.txt | malimet extract - --format jsonl`

    A directory gets a part for each thousand documents: run again after an interruption, the same command goes on after
    the last part, and ends as if nothing had happened.

    Documents that cannot be read are listed on stderr, or with -o in a file beside it that ends in .rejects.jsonl, or
    in the directory's rejects/; the exit code is then 1.
    """
    from infer import batch, readers, terminal
    from infer.extractor import Extractor
    from infer.rows import Columns
    from models.checkpoint import DEFAULT

    watch = terminal.Watch(most=5 if output else None)
    try:
        if explain and (output or format):
            raise ValueError("--explain prints for people: it goes with neither -o nor --format")
        if engine is EngineName.ray and not (output and batch.is_directory(output)):
            raise ValueError("--engine ray writes parts into a directory: give -o one, which ends in /")
        if output:
            batch.check(paths, output, format, html=html)
        elif format == Format.parquet:
            raise ValueError("--format parquet goes with -o and a directory")
        columns = Columns(id=id_column, text=text_column, html=html)
        extractor = Extractor.load(model or DEFAULT, engine="torch" if engine is EngineName.torch else "onnx")
        if output:
            if engine is EngineName.ray:
                from infer import cluster

                steps = cluster.job(
                    extractor,
                    model or DEFAULT,
                    paths,
                    columns,
                    output,
                    format=format,
                    unique=unique,
                    tell=watch.reject,
                )
            else:
                steps = batch.job(
                    extractor, paths, columns, output, format=format, engine=engine, unique=unique, tell=watch.reject
                )
            rejected = watch.follow(steps).rejected
        else:
            readings = batch.readings(extractor, readers.stream(paths, columns), watch.reject, unique=unique)
            if explain:
                terminal.show_explanations(readings)
            elif format == Format.table or (format is None and sys.stdout.isatty()):
                terminal.show_tables(readings)
            else:
                terminal.show_json_lines(readings)
            rejected = watch.rejected
    except terminal.HungUp:
        raise typer.Exit from None
    except KeyboardInterrupt:
        kept = (
            "; the same command goes on after the last finished part" if output and batch.is_directory(output) else ""
        )
        typer.echo(f"malimet: interrupted{kept}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except (ValueError, OSError, ImportError) as error:
        stop(error)
    if rejected:
        if output:
            typer.echo(f"what was rejected, and why, is listed in {batch.rejects_of(output)}", err=True)
        raise typer.Exit(REJECTED)


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="a recipe, such as train/recipes/default.yaml")],
    overrides: Annotated[list[str] | None, typer.Argument(help="key=value, such as seed=2")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print what would be done, and do nothing")] = False,
    learning_curve: Annotated[
        bool,
        typer.Option("--learning-curve", help="fine-tune on growing shares of the documents, and draw F1 over them"),
    ] = False,
) -> None:
    """Pre-train and fine-tune a model, export it, and write its directory with its card.

    Run again after an interruption it goes on from the last checkpoint, and ends as if nothing had happened.

    Examples:

    - `malimet train train/recipes/default.yaml data=/where/the/data/is`
    - `malimet train train/recipes/default.yaml seed=2 output=runs/second`
    - `malimet train --dry-run train/recipes/default.yaml`
    - `malimet train --learning-curve recipe.yaml`
    - `torchrun --nproc-per-node 4 -m malimet train recipe.yaml`, on four GPUs
    """
    from rich.console import Console

    try:
        from train.dry_run import dry_run as plan
        from train.processes import processes
        from train.recipe import load_recipe

        if learning_curve:
            from train.learning_curve import learning_curve as run  # draws: a second to import
        else:
            from train.pipeline import train as run
    except ImportError as error:
        stop(ImportError(f"training needs the `train` extra: pip install 'malimet[train]' ({error})"))
    try:
        chosen = load_recipe(recipe, overrides)
        if dry_run and learning_curve:
            raise ValueError("--dry-run tells of a whole training: it does not go with --learning-curve")
        console = Console(quiet=not processes().is_main_process)
        if dry_run:
            plan(chosen, console)
        else:
            written = run(chosen, console)
            if not console.quiet:
                typer.echo(f"wrote {written}")
    except (ValueError, OSError, ImportError) as error:
        stop(error)


@app.command()
def export(
    model: Annotated[Path, typer.Argument(help="a model directory, of any architecture that `malimet train` trained")],
    output: Annotated[Path, typer.Option("--output", "-o", help="the .onnx file to write")],
    format: Annotated[Precision, typer.Option(help="fp32, fp16 (half the size) or int8 (a quarter)")] = Precision.int8,
    data: Annotated[
        Path | None, typer.Option(help="labelled documents to compare on, instead of the project's own test articles")
    ] = None,
) -> None:
    """Write a model's network as one ONNX file, and tell its size and how far it agrees with torch.

    Its inputs are input_ids and attention_mask [batch, pieces] in int64, its output logits [batch, pieces, tags] in
    fp32. Put in the place of a model directory's model.onnx, it is what `malimet extract` runs.

    Examples:

    - `malimet export models/default --format fp32 -o model.onnx`
    - `malimet export runs/news/model --format fp16 -o news.onnx --data gold.jsonl`
    """
    try:
        from transformers.utils.logging import disable_progress_bar

        from models.onnx_file import TEXTS, agreement, write_onnx
    except ImportError as error:
        stop(ImportError(f"exporting needs the `train` extra: pip install 'malimet[train]' ({error})"))
    from annotations.formats import auto

    disable_progress_bar()
    rejects: list[Problem] = []
    try:
        documents = list(auto.read(data or TEXTS, rejects.append))
        if not documents:
            raise ValueError(f"{data} holds no document to compare on")
        write_onnx(model, format.value, output)
        found = agreement(model, output, documents, labelled=data is not None)
    except (ValueError, OSError) as error:
        stop(error)
    typer.echo(f"wrote {output}, {output.stat().st_size / 1e6:.1f} MB")
    typer.echo(f"{found.differing:.2%} of {found.spans} spans in {len(documents)} documents differ from torch")
    if found.torch_f1 is not None and found.onnx_f1 is not None:
        change = found.onnx_f1 - found.torch_f1
        typer.echo(f"strict micro-F1 {found.onnx_f1:.4f}, in torch {found.torch_f1:.4f}: difference {change:+.4f}")
    report(rejects)


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
def search(
    recipe: Annotated[Path, typer.Argument(help="a recipe with a `search` block")],
    overrides: Annotated[list[str] | None, typer.Argument(help="key=value, such as output=runs/second")] = None,
    trials: Annotated[int, typer.Option(min=1, help="how many fine-tunings in all, with those of earlier calls")] = 20,
) -> None:
    """Search for better values of the fine-tuning's fields that a recipe marks, and write the best recipe.

    Run again after an interruption it goes on with the trial that it was in; with more trials it adds those.

    What a recipe marks, ranges or lists of choices:

        search:
          finetuning.optimisation.learning_rate: {low: 1.0e-4, high: 3.0e-3, log: true}
          finetuning.optimisation.batch_size: [16, 32]

    Example: `malimet search recipe.yaml --trials 20`, then `malimet train runs/mine/search/best.yaml`
    """
    from rich.console import Console

    try:
        from train.recipe import load_recipe
        from train.search import search as run
    except ImportError as error:
        stop(ImportError(f"searching needs the `train` extra: pip install 'malimet[train]' ({error})"))
    try:
        typer.echo(f"wrote {run(load_recipe(recipe, overrides), trials, Console())}")
    except (ValueError, OSError) as error:
        stop(error)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="the address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="the port to listen on, 0 for any")] = 8000,
    model: Annotated[Path | None, typer.Option(help="a model directory instead of the one that ships")] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="the seconds that a request may take")] = 60,
    queue: Annotated[int, typer.Option(min=1, help="how many documents, of all requests, may wait")] = 1024,
) -> None:
    """Answer over HTTP: /extract for programs, a page at / for people, /health, /ready, /metrics, /openapi.json.

    With MALIMET_API_KEY in the environment, requests need it as `Authorization: Bearer …`. On SIGTERM or Ctrl-C the
    requests in progress are answered first. A model that is written to the model directory meanwhile is picked up.

    Examples:

    - `malimet serve`
    - `MALIMET_API_KEY=… malimet serve --host 0.0.0.0 --port 80`
    - `curl localhost:8000/extract --json '{"text": "Биыл 14 жәрмеңке өтті.", "published": "2025-02-14"}'`
    """
    import logging

    try:
        from infer.server import listen
        from infer.server import serve as run
        from infer.service import Limits, Service
    except ImportError as error:
        stop(ImportError(f"serving needs the `serve` extra: pip install 'malimet[serve]' ({error})"))
    from infer.reloading import ReloadingModel
    from models.checkpoint import DEFAULT

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    key = os.environ.get(KEY)
    if not key and host not in label.LOOPBACK:
        typer.echo(f"warning: whoever reaches {host} may have texts read: set {KEY}", err=True)
    service = Service(lambda: ReloadingModel(model or DEFAULT), limits=Limits(timeout, queue), key=key)
    try:
        with listen(host, port) as listening:
            typer.echo(f"listening on http://{host}:{listening.getsockname()[1]}", err=True)
            run(service, listening)
    except (ValueError, OSError) as error:
        stop(error)


@app.command()
def bench(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="a .json file for the figures; a plot goes beside it as .svg")
    ] = None,
    texts: Annotated[
        Path | None, typer.Option(help="articles of your own, as `extract` reads them, instead of those that ship")
    ] = None,
    articles: Annotated[int, typer.Option(min=10, help="the most articles that are read in one run")] = 10_000,
) -> None:
    """Measure how fast Malimet is on this machine and how much memory it needs, beside transformers' pipeline, GLiNER
    and spaCy where they are installed.

    Takes minutes; nothing is downloaded. A million articles need hours, and 12 GB for temporary files.

    Examples:

    - `malimet bench`
    - `malimet bench -o bench.json --articles 100000`
    - `malimet bench --texts news.jsonl`
    """
    from rich.console import Console

    from eval.bench import bench as run

    try:
        run(Console(), texts=texts, articles=articles, output=output)
    except ImportError as error:
        stop(ImportError(f"the plot needs the `eval` extra: pip install 'malimet[eval]' ({error})"))
    except (ValueError, OSError) as error:
        stop(error)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the records.

    Example: `malimet schema > malimet.schema.json`
    """
    from infer.records import Article

    typer.echo(json.dumps(Article.model_json_schema(by_alias=True), ensure_ascii=False, indent=2))
