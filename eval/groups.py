"""Strict scores of parts of the spans: of those of a length, and of the documents of a genre."""

from collections.abc import Sequence

from annotations.document import Document, Span
from eval.alignment import Pair
from eval.boundaries import words
from eval.figures import Part, Score

LENGTHS = ("1", "2", "3", "4", "5", "6 or more")
UNKNOWN = "unknown"


class Genre(Part):
    """A genre (`Document.source`), its documents and their score."""

    documents: int
    score: Score


def by_length(documents: Sequence[tuple[Document, Sequence[Pair]]]) -> tuple[Score, ...]:
    """A score for each length in words: recall over the gold spans, precision over the predicted spans of it."""
    return tuple(_length(number, documents) for number in range(len(LENGTHS)))


def by_genre(documents: Sequence[tuple[Document, Sequence[Pair]]]) -> tuple[Genre, ...]:
    """A score for each genre, those with the most documents first."""
    genres: dict[str, list[Sequence[Pair]]] = {}
    for document, pairs in documents:
        genres.setdefault(document.source or UNKNOWN, []).append(pairs)
    scores = (
        Genre(
            documents=len(own),
            score=Score.of(
                name,
                [sum(pair.outcome == "right" for pair in pairs) for pairs in own],
                [sum(pair.predicted is not None for pair in pairs) for pairs in own],
                [sum(pair.gold is not None for pair in pairs) for pairs in own],
            ),
        )
        for name, own in genres.items()
    )
    return tuple(sorted(scores, key=lambda genre: (-genre.documents, genre.score.name)))


def _length(number: int, documents: Sequence[tuple[Document, Sequence[Pair]]]) -> Score:
    right, predicted, gold = [], [], []
    for document, pairs in documents:
        ours = [pair for pair in pairs if pair.gold and _bucket(document, pair.gold) == number]
        right.append(sum(pair.outcome == "right" for pair in ours))
        gold.append(len(ours))
        predicted.append(sum(bool(pair.predicted and _bucket(document, pair.predicted) == number) for pair in pairs))
    return Score.of(LENGTHS[number], right, predicted, gold)


def _bucket(document: Document, span: Span) -> int:
    """The place in LENGTHS; a span without a word, a lone `%`, counts as one word."""
    return min(max(words(document.cut(span)), 1), len(LENGTHS)) - 1
