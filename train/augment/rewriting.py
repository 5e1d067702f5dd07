"""Other words in a labelled document's text: stretches are replaced, and what is marked moves with them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from annotations.document import Document, Relation, Span


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """`text` takes the place of [start, end), in code points of the document's text; equal ends make an insertion."""

    start: int
    end: int
    text: str


def rewrite(document: Document, edits: Iterable[Edit]) -> Document:
    """The document with all edits made, its spans and relations in their order.

    A span grows or shrinks with the edits inside it; an insertion at its edge stays outside. Raises ValueError for
    edits that lie outside the text or overlap, that cross a span's edge, or that leave a span empty.
    """
    made = sorted(edits)
    position = 0
    pieces = []
    for edit in made:
        if not position <= edit.start <= edit.end <= len(document.text):
            raise ValueError(f"{document.id}: {edit} lies outside the text or overlaps the edit before it")
        pieces += [document.text[position : edit.start], edit.text]
        position = edit.end
    return replace(
        document,
        text="".join(pieces) + document.text[position:],
        spans=tuple(_moved(span, made) for span in document.spans),
        relations=tuple(Relation(_moved(r.source, made), _moved(r.target, made), r.role) for r in document.relations),
    )


def fitting(document: Document, edits: Iterable[Edit]) -> list[Edit]:
    """The edits that cross no span's edge and take no span whole."""
    return [
        edit
        for edit in edits
        if not any(_crosses(edit, span) or (edit.start, edit.end) == (span.start, span.end) for span in document.spans)
    ]


def _crosses(edit: Edit, span: Span) -> bool:
    return edit.start < span.start < edit.end or edit.start < span.end < edit.end


def _moved(span: Span, edits: list[Edit]) -> Span:
    start, end = span.start, span.end
    for edit in edits:
        if _crosses(edit, span):
            raise ValueError(f"{edit} crosses an edge of {span}")
        growth = len(edit.text) - (edit.end - edit.start)
        if edit.end <= span.start:
            start += growth
        if edit.end < span.end or (edit.end == span.end and edit.start < edit.end):
            end += growth
    if start >= end:
        raise ValueError(f"the edits leave nothing of {span}")
    return replace(span, start=start, end=end)
