"""Documents of other label schemes told in our labels."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from annotations.checks import Problem
from annotations.document import Document, Span
from annotations.formats import PAIRS
from annotations.labels import default_labels

LabelMap = Mapping[str, str | None]
WIDER = "?"
LOOSE = frozenset(".,;:!?…")


@cache
def identity() -> LabelMap:
    """The mapping of documents that are in our labels."""
    return {name: name for name in default_labels().names()}


def relabel(document: Document, mapping: LabelMap) -> Document:
    """The document in our labels, without relations. `mapping` gives for each of its own labels

    - our label, when both mean the same: its spans get ours, and annotators have looked for it;
    - our label with a question mark (`PROFESSION: POSITION?`), when theirs is wider: its spans hide those nested in
      them, as ours would, and are then dropped, for which of them are ours nobody can say. Annotators have not looked
      for our label then, though spans that another of their labels gives it stay;
    - None, when we have no such label, or one that means something else: what is nested in its spans counts.

    Spans are cut as ours are (`trim`), and of those that overlap one is kept (`outermost`). Raises Problem for a label
    that the mapping does not know.
    """
    for number, span in enumerate(document.spans):
        if span.label not in mapping:
            why = f"{span.label!r}, the label of {document.cut(span)!r}, is not one of {', '.join(mapping)}"
            raise Problem(document.id, f"spans[{number}].label", why)
    renamed = (replace(span, label=ours) for span in document.spans if (ours := mapping[span.label]))
    cut = (trim(document.text, span) for span in renamed)
    spans = outermost(span for span in cut if span.start < span.end)
    targets = {ours for ours in mapping.values() if ours}
    wider = {ours.removesuffix(WIDER) for ours in targets if ours.endswith(WIDER)}
    return replace(
        document,
        spans=tuple(span for span in spans if not span.label.endswith(WIDER)),
        relations=(),
        groups=frozenset(ours for ours in targets if ours.removesuffix(WIDER) not in wider),
    )


def outermost(spans: Iterable[Span]) -> tuple[Span, ...]:
    """In the order of the text, of spans that overlap the one that begins first, and of those that begin together the
    longest; of equals the first given. So of nested spans the outermost is kept."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or kept[-1].end <= span.start:
            kept.append(span)
    return tuple(kept)


def trim(text: str, span: Span) -> Span:
    """The span without white space, punctuation, and quotes or brackets at its edges, save those that enclose a part of
    it (annotations/guidelines.md, 3.2 and 3.3). It is empty when there is nothing else in it."""
    start, end = span.start, span.end
    while start < end:
        first, last, inside = text[start], text[end - 1], text[start + 1 : end - 1]
        if first.isspace() or first in LOOSE or (first in PAIRS and PAIRS[first] not in inside):
            start += 1
        elif last.isspace() or last in LOOSE or _lone(last, inside):
            end -= 1
        else:
            break
    return replace(span, start=start, end=end)


def _lone(last: str, inside: str) -> bool:
    """Whether a span's last character closes what nothing before it opens."""
    openers = [opener for opener, closer in PAIRS.items() if closer == last]
    return bool(openers) and not any(opener in inside for opener in openers)
