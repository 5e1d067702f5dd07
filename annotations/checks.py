"""What makes a document unfit to train on or to score against, told so that a person can mend it."""

from collections.abc import Iterator
from typing import NoReturn

from annotations.document import Document, Span
from annotations.labels import LabelSet


class Problem(ValueError):
    """One fault: the document's id, where in it (a path such as `spans[3].start`, or a line number), and why."""

    def __init__(self, document: str, where: str, why: str) -> None:
        super().__init__(document, where, why)
        self.document = document
        self.where = where
        self.why = why

    def __str__(self) -> str:
        return f"{self.document}, {self.where}: {self.why}."


def fail(problem: Problem) -> NoReturn:
    """Raise the problem: what readers do with a malformed document unless told otherwise."""
    raise problem


def check(document: Document, labels: LabelSet) -> list[Problem]:
    """Every fault of a document's spans and relations; an empty list for a sound document."""
    faults = [*_edges(document, labels), *_repeats(document), *_overlaps(document), *_relations(document, labels)]
    return [Problem(document.id, where, why) for where, why in faults]


def span_faults(span: Span, text: str, labels: LabelSet) -> Iterator[tuple[str, str]]:
    """The faults for which a span cannot be read at all, as (name of the field, why)."""
    if not 0 <= span.start <= len(text):
        yield "start", f"{span.start} lies outside the text of {len(text)} characters"
    if not 0 <= span.end <= len(text):
        yield "end", f"{span.end} lies outside the text of {len(text)} characters"
    if span.start >= span.end:
        yield "start", f"{span.start} is not before the end {span.end}"
    if span.label not in labels.names():
        yield "label", f"{span.label!r} is not a known label"


def role_faults(role: str, labels: LabelSet) -> Iterator[str]:
    """Why a relation's role cannot be read, if so."""
    if role not in {known.name for known in labels.roles}:
        yield f"{role!r} is not a known role"


def _edges(document: Document, labels: LabelSet) -> Iterator[tuple[str, str]]:
    for number, span in enumerate(document.spans):
        for name, why in span_faults(span, document.text, labels):
            yield f"spans[{number}].{name}", why
        covered = document.cut(span)
        if covered[:1].isspace():
            yield f"spans[{number}].start", f"the span {covered!r} begins with white space"
        if covered[-1:].isspace():
            yield f"spans[{number}].end", f"the span {covered!r} ends with white space"


def _repeats(document: Document) -> Iterator[tuple[str, str]]:
    first: dict[Span, int] = {}
    for number, span in enumerate(document.spans):
        if first.setdefault(span, number) != number:
            yield f"spans[{number}]", f"it repeats spans[{first[span]}]"


def _overlaps(document: Document) -> Iterator[tuple[str, str]]:
    """Each span that begins before an earlier one, in the order of the text, has ended."""
    number = {span: index for index, span in reversed(list(enumerate(document.spans)))}
    reach: Span | None = None
    for span in sorted(number):
        if reach and span.start < reach.end:
            yield f"spans[{number[span]}]", f"{document.cut(span)!r} overlaps spans[{number[reach]}]"
        if reach is None or span.end > reach.end:
            reach = span


def _relations(document: Document, labels: LabelSet) -> Iterator[tuple[str, str]]:
    spans, values = set(document.spans), labels.names({"value"})
    for number, relation in enumerate(document.relations):
        for end, span in (("source", relation.source), ("target", relation.target)):
            if span not in spans:
                yield f"relations[{number}].{end}", "it is not a span of the document"
        if relation.source.label not in values:
            yield f"relations[{number}].source", f"{relation.source.label} is not the label of a value"
        faults = list(role_faults(relation.role, labels))
        if not faults and relation.target.label not in labels.targets(relation.role):
            faults.append(f"{relation.target.label} cannot fill the role {relation.role}")
        for why in faults:
            yield f"relations[{number}].role", why
