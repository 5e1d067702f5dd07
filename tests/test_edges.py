"""Edges that slipped are mended by the rule and reported; everything else is left alone."""

import pytest
from conftest import mark
from hypothesis import given
from test_formats import documents

from annotations.checks import check
from annotations.document import Document, Relation, Span
from annotations.edges import mend
from annotations.labels import default_labels

TABLE = [
    ("14 мектеп ашылды", (0, 3), (0, 2)),
    ("14\u00a0мектеп ашылды", (2, 9), (3, 9)),
    ("жөнделген мектептер", (10, 16), (10, 19)),
    ("жөнделген мектептер", (13, 19), (10, 19)),
    ("😀 мектеп", (1, 5), (2, 8)),
    ("37,5%-ын", (0, 5), (0, 5)),
    ("37,5%-ын", (0, 7), (0, 8)),
    ("бітті.Ертеңіне", (6, 14), (6, 14)),
    ("  ", (0, 2), (0, 2)),
]


@pytest.mark.parametrize(("text", "given_edges", "expected"), TABLE)
def test_edges(text: str, given_edges: tuple[int, int], expected: tuple[int, int]) -> None:
    document, reports = mend(Document("d", text, (Span(*given_edges, "GPE"),)))
    assert (document.spans[0].start, document.spans[0].end) == expected
    assert bool(reports) == (given_edges != expected or text.isspace())


def test_relations_go_along_and_spans_do_not_collide() -> None:
    document = mark(1, "Биыл 14 мектеп ашылды", [("14 ", "CARDINAL"), ("мекте", "INDICATOR")])
    value, counted = document.spans
    mended, _ = mend(Document("d", document.text, document.spans, (Relation(value, counted, "indicator"),)))
    assert not check(mended, default_labels())
    assert [mended.cut(span) for span in (mended.relations[0].source, mended.relations[0].target)] == ["14", "мектеп"]
    halves = Document("d", "мектеп", (Span(0, 3, "GPE"), Span(3, 6, "LOCATION")))
    same, reports = mend(halves)
    assert same == halves
    assert len(reports) == 2


@given(documents())
def test_mending_is_done_at_once(document: Document) -> None:
    mended, _ = mend(document)
    assert mended.text == document.text
    assert all(0 <= span.start < span.end <= len(document.text) for span in mended.spans)
    assert mend(mended)[0] == mended
