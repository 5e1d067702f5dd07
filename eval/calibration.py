"""Whether the scores of predicted spans mean what they say: of spans scored 0.8, are four in five right?

Expected calibration error (Guo et al. 2017): the difference between mean score and share of right spans in bins of
equal width, weighted by the spans in them. Right is strict: the same edges and label.
"""

from collections.abc import Iterable

from eval.alignment import Pair
from eval.figures import Part, share

BINS = 10


class Bin(Part):
    """Predicted spans with a score in `(low, high]`, the first bin with 0 too: how many, their mean score and how many
    of them are right."""

    low: float
    high: float
    spans: int
    score: float
    accuracy: float


class Calibration(Part):
    """The error, what it rests on, and the bins; `score` and `accuracy` are means over all spans."""

    ece: float
    spans: int
    score: float
    accuracy: float
    bins: tuple[Bin, ...]


def calibration(pairs: Iterable[Pair]) -> Calibration:
    """The calibration of the predicted spans that have a score."""
    scored = [
        (pair.predicted.score, pair.outcome == "right")
        for pair in pairs
        if pair.predicted and pair.predicted.score is not None
    ]
    bins = tuple(_bin(number, scored) for number in range(BINS))
    whole = _bin_of(0.0, 1.0, scored)
    ece = sum(share(part.spans, len(scored)) * abs(part.accuracy - part.score) for part in bins)
    return Calibration(ece=ece, spans=whole.spans, score=whole.score, accuracy=whole.accuracy, bins=bins)


def _bin(number: int, scored: list[tuple[float, bool]]) -> Bin:
    low, high = number / BINS, (number + 1) / BINS
    inside = [(score, right) for score, right in scored if low < score <= high or (number == 0 and score == 0)]
    return _bin_of(low, high, inside)


def _bin_of(low: float, high: float, scored: list[tuple[float, bool]]) -> Bin:
    return Bin(
        low=low,
        high=high,
        spans=len(scored),
        score=share(sum(score for score, _ in scored), len(scored)),
        accuracy=share(sum(right for _, right in scored), len(scored)),
    )
