"""How far two markings of the same texts agree: strict span scores, where only the same edges and label count."""

from collections.abc import Iterable, Sequence
from typing import Any

from annotations.document import Span


def tags(spans: Iterable[Span], edges: Sequence[int]) -> list[str]:
    """IOB2 tags of the stretches between neighbouring edges, which hold the edges of all spans."""
    result = ["O"] * max(len(edges) - 1, 0)
    number = {edge: position for position, edge in enumerate(edges)}
    for span in spans:
        first, last = number[span.start], number[span.end]
        result[first:last] = [f"B-{span.label}"] + [f"I-{span.label}"] * (last - first - 1)
    return result


def score(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> dict[str, dict[str, float]]:
    """precision, recall, f1-score and support of each label and of their micro and macro averages.

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
        return {"micro avg": {"precision": 0.0, "recall": 0.0, "f1-score": 0.0, "support": 0}}
    ours, theirs = [left for left, _ in pairs], [right for _, right in pairs]
    report: dict[str, Any] = classification_report(
        ours, theirs, mode="strict", scheme=IOB2, output_dict=True, zero_division=0
    )
    return {
        name: {measure: float(value) for measure, value in figures.items()}
        for name, figures in report.items()
        if name != "weighted avg"
    }
