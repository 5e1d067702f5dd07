"""How far two markings of the same texts agree: strict span scores, where only the same edges and label count."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotations.document import Span

RESAMPLES = 1000

Counts = NDArray[np.int64] | NDArray[np.float64]


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
    low, high = interval(*counts(gold, predicted))
    report["micro avg"] |= {"low": low, "high": high}
    return {
        name: {measure: float(value) for measure, value in figures.items()}
        for name, figures in report.items()
        if name != "weighted avg"
    }


def counts(
    gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each document [documents] the spans that both markings have, and those of either, counted in both."""
    both = list(zip(gold, predicted, strict=True))
    right = np.array([len({*one} & {*other}) for one, other in both], dtype=np.int64)
    return right, np.array([len(one) + len(other) for one, other in both], dtype=np.int64)


def differing(left: Sequence[Sequence[Span]], right: Sequence[Sequence[Span]]) -> tuple[float, int]:
    """Spans of the same documents that only one of two findings has, as a share of those that either has; and how many
    these are."""
    ours, theirs = ({(row, span) for row, spans in enumerate(found) for span in spans} for found in (left, right))
    either = len(ours | theirs)
    return len(ours ^ theirs) / max(either, 1), either


COLUMNS = ("label", "precision", "recall", "F1", "spans")


def cells(label: str, figures: dict[str, float]) -> tuple[str, ...]:
    """A label's figures for a table under COLUMNS, with the interval where there is one."""
    f1 = f"{figures['f1-score']:.3f}"
    if "low" in figures:
        f1 += f" ({figures['low']:.3f}–{figures['high']:.3f})"
    return label, f"{figures['precision']:.3f}", f"{figures['recall']:.3f}", f1, f"{figures['support']:.0f}"


def resampled(counts: Counts) -> NDArray[np.float64]:
    """Sums of the counts of documents [documents, …] in RESAMPLES draws of as many of them with replacement
    (Efron 1979): [RESAMPLES, …].

    The draws have a fixed seed and depend on the number of documents alone, so two models' counts for the same
    documents are resampled together (the paired bootstrap of Koehn 2004).
    """
    random, documents = np.random.default_rng(0), len(counts)
    flat = counts.reshape(documents, -1).astype(np.float64)
    sums = np.empty((RESAMPLES, flat.shape[1]))
    for draw in sums:
        times = np.bincount(random.integers(0, documents, documents), minlength=documents)
        np.dot(times.astype(np.float64), flat, out=draw)
    return sums.reshape(RESAMPLES, *counts.shape[1:])


def f1(right: Counts, spans: Counts) -> NDArray[np.float64]:
    """F1 of so many right spans and so many gold and predicted spans together; NaN where there are none."""
    result: NDArray[np.float64] = 2 * right / np.where(spans > 0, spans, np.nan)
    return result


def interval(right: Counts, spans: Counts) -> tuple[float, float]:
    """The 95 % percentile interval of F1 from the counts [documents] of right spans and of all, gold and predicted.

    It is the whole range where fewer than two documents have such spans: one says nothing of others. Draws without any
    are left out.
    """
    if np.count_nonzero(spans) < 2:
        return 0.0, 1.0
    drawn = resampled(np.stack((right, spans), axis=1).astype(np.float64))
    return middle(f1(drawn[:, 0], drawn[:, 1]))


def middle(values: NDArray[np.float64]) -> tuple[float, float]:
    """Between what 95 % of resampled values lie; those that are NaN are left out."""
    low, high = np.nanquantile(values, (0.025, 0.975))
    return float(low), float(high)
