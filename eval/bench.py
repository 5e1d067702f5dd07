"""What `malimet bench` does: measure, print tables, write JSON and a plot."""

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from annotations import labels
from annotations.atomic import atomic_text
from annotations.formats import auto
from eval.benchmark import BAR_CORES, END_TO_END, Benchmark, Spread, ratio
from eval.contenders import Shape
from eval.measurement import measure
from infer.readers import read

CORPUS = labels.PATH.with_name("corpus")
MOST_TEXTS = 1000  # different ones: this process must stay small
REPETITIONS = 3
XLM_ROBERTA_BASE = Shape()


def bench(
    console: Console,
    *,
    texts: Path | None = None,
    articles: int = 10_000,
    output: Path | None = None,
    repetitions: int = REPETITIONS,
    shape: Shape = XLM_ROBERTA_BASE,
) -> Benchmark:
    """Measure Malimet and whatever it is compared with, print that, and write it to `output` and to a plot beside it.

    `texts` are a user's own articles instead of those that ship; they are repeated, with ids of their own, until there
    are enough. `articles` is the most that are read in one run, and `shape` that of the encoders in place of XLM-R base
    and its like.

    Raises ValueError or OSError for texts that cannot be read, for a system other than Linux and macOS, and before
    anything is measured for an `output` that is no .json file, has no directory or is `texts`; ImportError where it
    needs matplotlib and there is none.
    """
    if output:
        _check_target(output, texts)
    found = _texts(texts)
    with Console(stderr=True).status("") as status:
        result = measure(found, articles=articles, repetitions=repetitions, shape=shape, tell=status.update)
    show(result, console)
    if output:
        write(result, output)
    return result


def _texts(path: Path | None) -> list[str]:
    """The first of a user's own articles, or those that ship."""
    documents = read([path]) if path else (each for file in sorted(CORPUS.glob("*.json")) for each in auto.read(file))
    texts = [document.text for document in islice(documents, MOST_TEXTS) if document.text.strip()]
    if not texts:
        raise ValueError(f"{path}: there is no article in it")
    return texts


def _check_target(output: Path, texts: Path | None) -> None:
    if output.suffix != ".json":
        raise ValueError(f"{output}: the figures are written as a .json file, the plot as an .svg file beside it")
    if not output.parent.is_dir():
        raise ValueError(f"{output}: there is no directory {output.parent}")
    if texts and texts.resolve() == output.resolve():
        raise ValueError(f"{output} would be overwritten, and its articles are read: choose another name")
    if find_spec("matplotlib") is None:
        raise ImportError("no matplotlib")


def write(result: Benchmark, path: Path) -> None:
    """Write the figures, and a plot of them beside; each appears whole or not at all."""
    from eval.plots import speeds  # only now: what this process holds would count as memory of what it measures

    with atomic_text(path) as file:
        file.write(result.model_dump_json(indent=1) + "\n")
    with atomic_text(path.with_suffix(".svg")) as file:
        file.write(speeds(result.contenders))


def show(result: Benchmark, console: Console) -> None:
    """Print the tables, and in a line each what is to be known of them."""
    console.print(_speed_table(result))
    for each in result.contenders:
        if each.not_measured:
            console.print(f"not measured: {each.name}: {each.not_measured}", highlight=False, markup=False)
    console.print(_start_table(result))
    console.print(_memory_table(result))
    console.print(_bar_table(result))
    for line in _notes(result):
        console.print(line, highlight=False, markup=False)


def _speed_table(result: Benchmark) -> Table:
    table = Table("", "words/second", "articles/second", "Malimet is faster", "first article", "peak memory")
    table.title = "medians of several runs, least and most in brackets"
    for each in result.contenders:
        if each.speed:
            times = ratio(result.contenders, [each.name])
            table.add_row(
                each.name,
                _spread(each.speed.words_per_second, ",.0f"),
                f"{each.speed.documents_per_second.median:,.1f}",
                "" if each.name == END_TO_END else f"{times:,.1f} ×",
                f"{each.speed.first:.2f} s",
                _megabytes(each.speed.memory),
            )
        else:
            table.add_row(each.name, "not measured")
    return table


def _start_table(result: Benchmark) -> Table:
    table = Table("process", "seconds", title="from start to end")
    for start in result.starts:
        table.add_row(start.name, _spread(start.seconds, ".2f"))
    return table


def _memory_table(result: Benchmark) -> Table:
    table = Table("articles", "peak memory", "words/second", title=END_TO_END)
    for each in result.memory:
        table.add_row(f"{each.articles:,}", _megabytes(each.peak), f"{each.words_per_second:,.0f}")
    return table


def _bar_table(result: Benchmark) -> Table:
    table = Table("bar", "asked", "measured", "")
    for bar in result.bars:
        measured = "" if bar.measured is None else f"{bar.measured:,.2f} {bar.unit}"
        verdict = {True: "passed", False: "missed", None: "not measured"}[bar.passed]
        table.add_row(bar.name, f"{bar.asked} {bar.limit:g} {bar.unit}", measured, verdict)
    return table


def _notes(result: Benchmark) -> Iterator[str]:
    machine = result.machine
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items() if version)
    yield (
        f"{machine.cpu}, {machine.cores} cores, {machine.memory / 1e9:.0f} GB of memory; {machine.system},"
        f" Python {machine.python}; {packages}"
    )
    if machine.cores != BAR_CORES:
        yield f"the bars are for {BAR_CORES} cores"
    if machine.load > 0.3 * machine.cores:
        yield f"the machine was busy when this began: {machine.load:.1f} processes wanted to compute"
    yield (
        f"Malimet's time end to end includes its start and the writing of records; it reads {result.texts} different"
        " texts again and again, and the others some of the same, with their start left out and nothing written"
    )
    yield (
        "XLM-R base, GLiNER and spaCy have those models' shapes and random weights, which cost what trained ones do;"
        " making them stands for loading them in the time to their first article; the first two have our tokenizer"
    )


def _spread(spread: Spread, form: str) -> str:
    return f"{spread.median:{form}} ({spread.low:{form}}–{spread.high:{form}})"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
