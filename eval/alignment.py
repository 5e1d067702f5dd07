"""Which predicted stretch stands for which gold one: the base of every count of errors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from annotations.document import Span

Offsets = tuple[int, int]
Outcome = Literal["right", "edges", "label", "both", "missed", "spurious"]


def align(
    gold: Sequence[Offsets], predicted: Sequence[Offsets], alike: Callable[[int, int], bool] = lambda i, j: True
) -> list[tuple[int, int]]:
    """Pairs of the places of stretches `[start, end)` that overlap, each used once: those that are alike first, of them
    the widest overlap, then in the order of the text. Where neither side overlaps itself, stretches with the same edges
    always make a pair."""
    overlaps = sorted(
        (not alike(i, j), -width, i, j)
        for i, ours in enumerate(gold)
        for j, theirs in enumerate(predicted)
        if (width := overlap(ours, theirs)) > 0
    )
    used_gold: set[int] = set()
    used_predicted: set[int] = set()
    pairs = []
    for _, _, i, j in overlaps:
        if i not in used_gold and j not in used_predicted:
            used_gold.add(i)
            used_predicted.add(j)
            pairs.append((i, j))
    return pairs


def overlap(one: Offsets, other: Offsets) -> int:
    """How many characters two stretches share; 0 or less where they share none."""
    return min(one[1], other[1]) - max(one[0], other[0])


@dataclass(frozen=True, slots=True)
class Pair:
    """A gold and a predicted span that stand for each other; one of the two is None where the other has no partner."""

    gold: Span | None
    predicted: Span | None

    @property
    def outcome(self) -> Outcome:
        """`right`, or what is wrong: the edges, the label, both, the gold span missed, the predicted one spurious."""
        if self.gold is None:
            return "spurious"
        if self.predicted is None:
            return "missed"
        edges, label = self.same_edges, self.gold.label == self.predicted.label
        if edges:
            return "right" if label else "label"
        return "edges" if label else "both"

    @property
    def same_edges(self) -> bool:
        """Whether both spans are there and begin and end together."""
        gold, predicted = self.gold, self.predicted
        return bool(gold and predicted and (gold.start, gold.end) == (predicted.start, predicted.end))


def paired(gold: Sequence[Span], predicted: Sequence[Span]) -> list[Pair]:
    """Every span of both sides in one pair, in the order of the text; of overlapping spans those with the same label
    are brought together first."""
    partners = align(
        [(span.start, span.end) for span in gold],
        [(span.start, span.end) for span in predicted],
        lambda i, j: gold[i].label == predicted[j].label,
    )
    found = {i: predicted[j] for i, j in partners}
    taken = {j for _, j in partners}
    pairs = [Pair(span, found.get(i)) for i, span in enumerate(gold)]
    pairs += [Pair(None, span) for j, span in enumerate(predicted) if j not in taken]
    return sorted(pairs, key=_place)


def _place(pair: Pair) -> tuple[int, int]:
    span = pair.gold or pair.predicted
    assert span
    return span.start, span.end
