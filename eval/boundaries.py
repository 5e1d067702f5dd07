"""Where predicted spans begin or end at the wrong place, and by how much.

Looked at are pairs with the same label. A word is what stands between white space and holds a letter or a digit: a
quotation mark too many is no word, and a suffix too few is one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from statistics import median
from typing import Literal

from annotations.document import Span
from eval.alignment import Pair
from eval.figures import Part

Side = Literal["left", "right"]
Fault = Literal["too long", "too short"]
SIDES: tuple[Side, ...] = ("left", "right")
FAULTS: tuple[Fault, ...] = ("too long", "too short")
MANY = 3


class Edge(Part):
    """How often predicted spans are too long or too short on a side; `words[n]` is how often by n words, the last
    number by that many or more."""

    side: Side
    fault: Fault
    count: int
    median_characters: float
    words: tuple[int, ...]


class LabelEdges(Part):
    """A label's pairs, and how many of them have each fault; a pair may have one on either side."""

    label: str
    pairs: int
    exact: int
    left_too_long: int
    left_too_short: int
    right_too_long: int
    right_too_short: int


class Boundaries(Part):
    """Faults of edges, over all labels and by label."""

    edges: tuple[Edge, ...]
    labels: tuple[LabelEdges, ...]


def words(stretch: str) -> int:
    """How many words a stretch of text holds, those cut in two included."""
    return sum(any(map(str.isalnum, word)) for word in stretch.split())


def boundaries(documents: Iterable[tuple[str, Iterable[Pair]]]) -> Boundaries:
    """The faults in documents, given as their text and their pairs."""
    found: dict[tuple[Side, Fault], list[str]] = {(side, fault): [] for side in SIDES for fault in FAULTS}
    counts: dict[str, Counter[tuple[Side, Fault] | Literal["pairs", "exact"]]] = {}
    for text, pairs in documents:
        for pair in pairs:
            if pair.gold and pair.predicted and pair.gold.label == pair.predicted.label:
                own = counts.setdefault(pair.gold.label, Counter())
                own["pairs"] += 1
                own["exact"] += pair.same_edges
                for side, fault, start, end in faults(pair.gold, pair.predicted):
                    own[side, fault] += 1
                    found[side, fault].append(text[start:end])
    return Boundaries(
        edges=tuple(_edge(side, fault, stretches) for (side, fault), stretches in found.items()),
        labels=tuple(_label(label, counts[label]) for label in sorted(counts)),
    )


def faults(gold: Span, predicted: Span) -> Iterator[tuple[Side, Fault, int, int]]:
    """The sides on which two spans differ: the fault of the predicted one, and the stretch `[start, end)` between their
    edges, which it has too much or too little."""
    if gold.start != predicted.start:
        long, start, end = predicted.start < gold.start, *sorted((gold.start, predicted.start))
        yield "left", "too long" if long else "too short", start, end
    if gold.end != predicted.end:
        long, start, end = predicted.end > gold.end, *sorted((gold.end, predicted.end))
        yield "right", "too long" if long else "too short", start, end


def _edge(side: Side, fault: Fault, stretches: list[str]) -> Edge:
    by = Counter(min(words(stretch), MANY) for stretch in stretches)
    return Edge(
        side=side,
        fault=fault,
        count=len(stretches),
        median_characters=float(median(map(len, stretches))) if stretches else 0.0,
        words=tuple(by[number] for number in range(MANY + 1)),
    )


def _label(label: str, counts: Counter[tuple[Side, Fault] | Literal["pairs", "exact"]]) -> LabelEdges:
    return LabelEdges(
        label=label,
        pairs=counts["pairs"],
        exact=counts["exact"],
        left_too_long=counts["left", "too long"],
        left_too_short=counts["left", "too short"],
        right_too_long=counts["right", "too long"],
        right_too_short=counts["right", "too short"],
    )
