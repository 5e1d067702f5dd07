"""Strict span scores by label, micro and macro: seqeval decides what is right, the bootstrap how sure that is."""

from collections.abc import Mapping, Sequence

import numpy as np

from annotations.document import Span
from annotations.scores import Counts, f1, middle, resampled, score
from eval.figures import FEW_DOCUMENTS, Part, Score, bounds

Interval = tuple[float, float] | tuple[None, None]
Spans = Sequence[Sequence[Span]]


class SpanScores(Part):
    """Scores of the labels that occur in gold or prediction, in alphabetical order, of all spans together (micro), and
    the mean over those labels (macro)."""

    labels: tuple[Score, ...]
    micro: Score
    macro: Score

    @property
    def rows(self) -> tuple[Score, ...]:
        """Labels, micro and macro: the rows of a table."""
        return *self.labels, self.micro, self.macro


def span_scores(gold: Spans, predicted: Spans) -> SpanScores:
    """Strict IOB2 scores of the spans of the same documents in the same order; spans of a document do not overlap."""
    report = score(gold, predicted)
    names = [name for name in report if not name.endswith(" avg")]
    right, found, there = (np.zeros((len(gold), len(names)), dtype=np.int64) for _ in range(3))
    column = {name: number for number, name in enumerate(names)}
    for row, (ours, theirs) in enumerate(zip(gold, predicted, strict=True)):
        for counts, spans in ((there, ours), (found, theirs), (right, {*ours} & {*theirs})):
            for span in spans:
                counts[row, column[span.label]] += 1
    everything = right.sum(axis=1), found.sum(axis=1), there.sum(axis=1)
    labels = [
        _score(name, report[name], (right[:, number], found[:, number], there[:, number]))
        for number, name in enumerate(names)
    ]
    micro = _score("micro avg", report["micro avg"], everything)
    means = report.get("macro avg", report["micro avg"])  # without a span there is no mean
    macro = _score("macro avg", means, everything, _macro_interval(right, found + there))
    return SpanScores(labels=tuple(labels), micro=micro, macro=macro)


def _score(
    name: str,
    figures: Mapping[str, float],
    counts: tuple[Counts, Counts, Counts],
    interval: Interval | None = None,
) -> Score:
    """seqeval's figures with the counts [documents] behind them: right, predicted and gold."""
    right, found, there = counts
    low, high = interval or bounds(right, found + there)
    return Score(
        name=name,
        precision=figures["precision"],
        recall=figures["recall"],
        f1=figures["f1-score"],
        low=low,
        high=high,
        right=int(right.sum()),
        predicted=int(found.sum()),
        gold=int(there.sum()),
    )


def _macro_interval(right: Counts, spans: Counts) -> Interval:
    """The interval of the mean F1 over the labels that a draw holds, from counts [documents, labels]."""
    if np.count_nonzero(spans.sum(axis=1)) < FEW_DOCUMENTS:
        return None, None
    return middle(np.nanmean(f1(resampled(right), resampled(spans)), axis=1))
