"""A header line dates the article, and is no part of its news."""

from annotations.document import Span
from infer.linking import link
from infer.periods import header_lines, publication_date


def test_the_publication_date_is_no_period_of_a_metric() -> None:
    text = "Жарияланды: 14.02.2025\n12 үй салынды."
    spans = [Span(12, 22, "DATE"), Span(23, 25, "CARDINAL"), Span(26, 28, "INDICATOR"), Span(29, 36, "ACTION")]
    (metric,) = link(text, spans)
    assert header_lines(text) == [(0, 22)]
    assert str(publication_date(text)) == "2025-02-14"
    assert metric.roles["period"] is None
    assert metric.roles["indicator"] == spans[2]
