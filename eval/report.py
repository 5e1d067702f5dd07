"""What `malimet evaluate` does: read, score, print tables, and write a page where one is asked for."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from annotations.checks import Problem
from annotations.scores import COLUMNS
from eval import cases, records
from eval.evaluation import Evaluation, evaluation
from eval.figures import Score


def evaluate(
    model: Path,
    data: Path,
    console: Console,
    *,
    gold_records: Path | None = None,
    against: Path | None = None,
    page: Path | None = None,
) -> list[Problem]:
    """Read the documents of `data` with a model directory, print how that agrees with what is marked in them, and write
    it to `page` and to a JSON file of the same name. What was left out is returned.

    Raises ValueError or OSError for what cannot be read as a whole, and before anything is read for a page that is no
    .html file, has no directory or would take the place of an input; ImportError where seqeval or matplotlib is
    missing.
    """
    if page:
        from eval.page import write  # matplotlib takes a second to import

        _check_target(page, data, gold_records)
    rejects: list[Problem] = []
    documents = list(cases.gold(data, rejects.append))
    progress = Console(stderr=True)
    shown = track(documents, "documents", console=progress, disable=not progress.is_terminal)
    reading = cases.read(model, shown, rejects.append)
    other = cases.read(against, [case.document for case in reading.cases], rejects.append) if against else None
    gold = records.read_gold(gold_records, rejects.append) if gold_records else None
    result = evaluation(data.name, reading, gold=gold, against=other, rejects=rejects)
    show(result, console)
    if page:
        write(result, page)
    return rejects


def show(result: Evaluation, console: Console) -> None:
    """Print the tables, and the rest in a line each."""
    console.print(span_table(result.spans.rows, f"{result.data}: spans, strict IOB2, {result.documents} documents"))
    console.print(_rule_table(result))
    if result.records:
        console.print(_record_table(result))
    calibration, unread = result.calibration, result.unread
    console.print(f"calibration: ECE {calibration.ece:.3f} over {calibration.spans} predicted spans", highlight=False)
    console.print(
        f"spans that words cannot represent: {unread.spans} of {unread.gold}; characters not read: {unread.characters}",
        highlight=False,
    )
    if result.comparison and result.other:
        c = result.comparison
        console.print(
            f"micro-F1 {c.f1_model:.3f}, of {result.other.name} {result.other.version} {c.f1_other:.3f}: difference"
            f" {c.difference:+.3f} ({c.low:+.3f} to {c.high:+.3f}), p = {c.p:.3f}",
            highlight=False,
            markup=False,
        )


def span_table(scores: Iterable[Score], title: str) -> Table:
    """Precision, recall, F1 with its interval and the number of gold spans, a label a row."""
    table = Table(*COLUMNS, title=title)
    for score in scores:
        table.add_row(score.name, *_cells(score), str(score.gold))
    return table


def _rule_table(result: Evaluation) -> Table:
    table = Table("rule", "precision", "recall", "F1", "spans", title=f"{result.data}: SemEval-2013 rules")
    for rule in result.rules:
        table.add_row(rule.score.name, *_cells(rule.score), str(rule.score.gold))
    return table


def _record_table(result: Evaluation) -> Table:
    assert result.records
    title = f"{result.data}: {result.records[0].score.gold} records, each level with those above it"
    table = Table("level", "precision", "recall", "F1", "F1, gold spans", title=title)
    for level in result.records:
        table.add_row(level.score.name, *_cells(level.score), f"{level.f1_from_gold_spans:.3f}")
    return table


def _cells(score: Score) -> tuple[str, str, str]:
    interval = "" if score.low is None else f" ({score.low:.3f}–{score.high:.3f})"
    return f"{score.precision:.3f}", f"{score.recall:.3f}", f"{score.f1:.3f}{interval}"


def _check_target(page: Path, *inputs: Path | None) -> None:
    if page.suffix != ".html":
        raise ValueError(f"{page}: the report is a .html file")
    if not page.parent.is_dir():
        raise ValueError(f"{page}: there is no directory {page.parent}")
    for target in (page, page.with_suffix(".json")):
        if any(path and path.resolve() == target.resolve() for path in inputs):
            raise ValueError(f"{page}: {target} would be overwritten, and it is an input; give the report another name")
