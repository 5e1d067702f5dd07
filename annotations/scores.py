"""How far two markings of the same texts agree: strict span scores, where only the same edges and label count."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations.document import Span

RESAMPLES = 1000


def tags(spans: Iterable[Span], edges: Sequence[int]) -> list[str]:
    """IOB2 tags of the stretches between neighbouring edges, which hold the edges of all spans."""
    result = ["O"] * max(len(edges) - 1, 0)
    number = {edge: position for position, edge in enumerate(edges)}
    for span in spans:
        first, last = number[span.start], number[span.end]
        result[first:last] = [f"B-{span.label}"] + [f"I-{span.label}"] * (last - first - 1)
    return result


def score(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> dict[str, dict[str, float]]:
    """precision, recall, f1-score and support of each label and of their micro and macro averages; the micro average
    has `low` and `high` too, between which its F1 lies with 95 % confidence (bootstrap over documents).

    Both arguments hold the spans of the same documents in the same order. Strict IOB2 as seqeval counts it
    (Nakayama 2018), on stretches of text cut at every edge, so that no tokenisation has a say.
    """
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    pairs: list[tuple[list[str], list[str]]] = []
    for left, right in zip(gold, predicted, strict=True):
        edges = sorted({edge for span in (*left, *right) for edge in (span.start, span.end)})
        pairs.append((tags(left, edges), tags(right, edges)))
    if not any(map(any, pairs)):
        return {"micro avg": dict.fromkeys(("precision", "recall", "f1-score", "support", "low", "high"), 0.0)}
    ours, theirs = [left for left, _ in pairs], [right for _, right in pairs]
    report: dict[str, Any] = classification_report(
        ours, theirs, mode="strict", scheme=IOB2, output_dict=True, zero_division=0
    )
    low, high = _interval(gold, predicted)
    report["micro avg"] |= {"low": low, "high": high}
    return {
        name: {measure: float(value) for measure, value in figures.items()}
        for name, figures in report.items()
        if name != "weighted avg"
    }


COLUMNS = ("label", "precision", "recall", "F1", "spans")


def cells(label: str, figures: dict[str, float]) -> tuple[str, ...]:
    """A label's figures for a table under COLUMNS, with the interval where there is one."""
    f1 = f"{figures['f1-score']:.3f}"
    if "low" in figures:
        f1 += f" ({figures['low']:.3f}–{figures['high']:.3f})"
    return label, f"{figures['precision']:.3f}", f"{figures['recall']:.3f}", f1, f"{figures['support']:.0f}"


def _interval(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> tuple[float, float]:
    """The 95 % percentile interval of micro-F1 over resampled documents (Efron 1979), with a fixed seed."""
    from scipy.stats import bootstrap

    both = zip(gold, predicted, strict=True)
    counts = np.array([(len({*ours} & {*theirs}), len(ours) + len(theirs)) for ours, theirs in both])
    if len(counts) < 2:
        return 0.0, 1.0  # one document says nothing of others
    found = bootstrap(counts.T, _micro_f1, paired=True, n_resamples=RESAMPLES, method="percentile", rng=0)
    return found.confidence_interval.low, found.confidence_interval.high


def _micro_f1(right: NDArray[np.int64], all_spans: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
    """`right` spans found in each document, `all_spans` gold and predicted together, summed over `axis`."""
    result: NDArray[np.float64] = 2 * right.sum(axis=axis) / np.maximum(all_spans.sum(axis=axis), 1)
    return result
