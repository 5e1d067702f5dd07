"""Span edges that a hand slipped over: the one rule by which they are mended, each time with a report.

The rule is the guidelines' (3.1 and 3.2): white space at an edge is left out, and a word (a run of letters and
digits) that a span cuts in half is taken in whole. A span of nothing but white space, and one that would run into
another, stays as it is and is reported too.
"""

from collections.abc import Sequence
from dataclasses import replace

from annotations.checks import Problem
from annotations.document import Document, Relation, Span


def mend(document: Document) -> tuple[Document, list[Problem]]:
    """The document with its edges mended, its relations going along, and a report of each edge that broke the rule."""
    became: dict[Span, Span] = {}
    reports: list[Problem] = []
    for number, span in enumerate(document.spans):
        better = _mended(span, document.text)
        if better == span:
            continue
        if better.start == better.end or _runs_into(better, span, document.spans):
            why = f"{document.cut(span)!r} ends on white space or in a word, and cannot be mended"
        else:
            became[span] = better
            why = f"{document.cut(span)!r} was mended to {document.cut(better)!r}"
        reports.append(Problem(document.id, f"spans[{number}]", why))
    spans = tuple(became.get(span, span) for span in document.spans)
    relations = tuple(
        Relation(became.get(r.source, r.source), became.get(r.target, r.target), r.role) for r in document.relations
    )
    return replace(document, spans=spans, relations=relations), reports


def _mended(span: Span, text: str) -> Span:
    start, end = span.start, span.end
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    while 0 < start < end and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while start < end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return replace(span, start=start, end=end)


def _runs_into(better: Span, span: Span, others: Sequence[Span]) -> bool:
    """Whether the mended span overlaps one that the span itself did not."""
    return any(
        better.start < other.end
        and other.start < better.end
        and not (span.start < other.end and other.start < span.end)
        for other in others
    )
