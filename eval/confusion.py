"""Which labels are taken for which: gold label by predicted label, with what was missed and what is spurious."""

from collections import Counter
from collections.abc import Iterable

from eval.alignment import Pair
from eval.figures import Part


class Confusion(Part):
    """`counts[i][j]` pairs of spans have the gold label `labels[i]` and the predicted label `labels[j]`; gold spans
    without a partner are in `missed`, predicted ones in `spurious`. Edges play no part."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    missed: tuple[int, ...]
    spurious: tuple[int, ...]


def confusion(pairs: Iterable[Pair]) -> Confusion:
    """The table over the labels that occur, in alphabetical order."""
    counts = Counter(
        (pair.gold.label if pair.gold else None, pair.predicted.label if pair.predicted else None) for pair in pairs
    )
    labels = sorted({label for cell in counts for label in cell if label})
    return Confusion(
        labels=tuple(labels),
        counts=tuple(tuple(counts[gold, predicted] for predicted in labels) for gold in labels),
        missed=tuple(counts[gold, None] for gold in labels),
        spurious=tuple(counts[None, predicted] for predicted in labels),
    )
