"""Documents as a network learns them: their windows, the tags that each word may have, and rows of a batch."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from annotations.document import Document, Span
from annotations.labels import LabelSet
from models.encoding import IGNORED, Window, WindowEncoder, tag


@dataclass(frozen=True)
class Encoded:
    """The windows of a document, and for each word in them the numbers of the tags that it may have: the gold tag, or O
    with every tag that nobody looked for, or nothing where the word gives no lesson."""

    document: Document
    windows: list[Window]
    allowed: list[list[list[int]]]
    lost: list[Span]


def encode(documents: Iterable[Document], encoder: WindowEncoder, labels: LabelSet) -> Iterator[Encoded]:
    """Windows and lessons of documents."""
    for document in documents:
        windows = encoder.encode(document.text)
        tagged = [tag(window, document.spans, labels.tags) for window in windows]
        unknown = set(labels.names()) - set(labels.names(document.groups))
        outside = [0, *(number for number, name in enumerate(labels.tags) if name[2:] in unknown)]
        lesson = {IGNORED: [], 0: outside}
        allowed = [[lesson.get(number, [number]) for number in numbers] for numbers, _ in tagged]
        lost = [span for span in document.spans if all(span in missing for _, missing in tagged)]
        yield Encoded(document, windows, allowed, lost)


def rows(encoded: Iterable[Encoded], *, every_piece: bool) -> Iterator[dict[str, Any]]:
    """A row a window: `input_ids` [pieces] and `allowed` [pieces, any number of tags], empty where none is taught. The
    first window of a document tells how many of its spans are lost."""
    for document in encoded:
        for number, (window, words) in enumerate(zip(document.windows, document.allowed, strict=True)):
            allowed: list[list[int]] = [[] for _ in window.ids]
            for first, count, tags in zip(window.firsts, window.counts, words, strict=True):
                for piece in range(first, first + (count if every_piece else 1)):
                    allowed[piece] = tags
            lost = 0 if number else len(document.lost)
            yield {"input_ids": window.ids, "allowed": allowed, "length": len(window.ids), "lost": lost}
