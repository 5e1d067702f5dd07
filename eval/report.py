"""What `malimet evaluate` prints: span scores by label, and record scores where gold records are given."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from annotations.document import Document, Span
from annotations.formats import auto
from annotations.labels import default_labels
from annotations.scores import COLUMNS, cells, score
from eval import records
from infer.extractor import Extractor
from infer.records import Article


def evaluate(model: Path, data: Path, gold_records: Path | None, console: Console) -> None:
    """Read the documents of `data` with a model directory and print how that agrees with what is marked in them.

    Raises ValueError or OSError for what cannot be read, annotations.checks.Problem for a malformed document.
    """
    documents = list(auto.read(data))
    articles = list(Extractor.load(model).pipe(documents))
    title = f"{data.name}: spans, strict IOB2, {len(documents)} documents"
    console.print(span_table(score([d.spans for d in documents], spans(documents, articles)), title))
    if gold_records:
        gold = records.read_gold(gold_records)
        found = {article.id: records.from_article(article) for article in articles}
        linked = {document.id: records.from_spans(document) for document in documents}
        console.print(_record_table(records.score(gold, found), records.score(gold, linked), data.name))


def spans(documents: Sequence[Document], articles: Sequence[Article]) -> list[list[Span]]:
    """The predicted spans of each document, of the label groups that its annotators looked for."""
    found = []
    for document, article in zip(documents, articles, strict=True):
        names = default_labels().names(document.groups)
        found.append([Span(span.start, span.end, span.label) for span in article.spans if span.label in names])
    return found


def span_table(report: dict[str, dict[str, float]], title: str) -> Table:
    """Precision, recall, F1 and the number of gold spans, a label a row."""
    table = Table(*COLUMNS, title=title)
    for label, figures in report.items():
        table.add_row(*cells(label, figures))
    return table


def _record_table(found: list[records.Score], linked: list[records.Score], name: str) -> Table:
    title = f"{name}: {found[0].gold} records, each level with those above it"
    table = Table("level", "precision", "recall", "F1", "F1 from gold spans", title=title)
    for mine, from_gold in zip(found, linked, strict=True):
        shares = (mine.precision, mine.recall, mine.f1, from_gold.f1)
        table.add_row(mine.level, *(f"{share:.3f}" for share in shares))
    return table
