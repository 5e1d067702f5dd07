"""Two models on the same documents: whether one is better, and what each gets right that the other does not."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from annotations.document import Document, Span
from annotations.scores import RESAMPLES, Counts, f1, middle, resampled
from eval.cases import Case
from eval.figures import Part, share


class Found(Part):
    """A gold span, with its words."""

    start: int
    end: int
    label: str
    text: str


class DocumentDifference(Part):
    """A document's gold spans that one model gets right and the other does not."""

    id: str
    only_model: tuple[Found, ...]
    only_other: tuple[Found, ...]


class LabelDifference(Part):
    """A label's gold spans by which model gets them right; how many spans each predicts, and its strict F1."""

    label: str
    gold: int
    both: int
    only_model: int
    only_other: int
    neither: int
    predicted_model: int
    predicted_other: int
    f1_model: float
    f1_other: float


class Comparison(Part):
    """`difference` is the model's micro-F1 less the other's, with its 95 % interval; `p` is how probable one at least
    as large, either way, would be if the models were equally good. Documents with the most differing spans come first.
    """

    f1_model: float
    f1_other: float
    difference: float
    low: float
    high: float
    p: float
    labels: tuple[LabelDifference, ...]
    documents: tuple[DocumentDifference, ...]


def compare(model: Sequence[Case], other: Sequence[Case]) -> Comparison:
    """Two models' cases of the same documents, by the paired bootstrap over documents (Koehn 2004).

    p is two-sided, from differences shifted to a mean of nought (Berg-Kirkpatrick et al. 2012); the difference itself
    counts as one draw, so p is never 0 (Davison and Hinkley 1997). Raises ValueError where the documents differ.
    """
    if [case.document for case in model] != [case.document for case in other]:
        raise ValueError("the models did not read the same documents")
    found = [(case.document, right(case), right(against)) for case, against in zip(model, other, strict=True)]
    f1_model, f1_other = _f1(model), _f1(other)
    low, high, p = _significance(_counts(model), _counts(other), f1_model - f1_other)
    documents = [_document(*each) for each in found if each[1] != each[2]]
    return Comparison(
        f1_model=f1_model,
        f1_other=f1_other,
        difference=f1_model - f1_other,
        low=low,
        high=high,
        p=p,
        labels=_labels(model, other),
        documents=tuple(sorted(documents, key=lambda each: -len(each.only_model) - len(each.only_other))),
    )


def right(case: Case) -> set[Span]:
    """The gold spans that a model got right."""
    return {pair.gold for pair in case.pairs if pair.gold and pair.outcome == "right"}


def _significance(model: Counts, other: Counts, difference: float) -> tuple[float, float, float]:
    """The interval of the difference and p; with fewer than two documents nothing can be said."""
    if len(model) < 2:
        return -1.0, 1.0, 1.0
    ours, theirs = resampled(model), resampled(other)
    drawn = f1(ours[:, 0], ours[:, 1]) - f1(theirs[:, 0], theirs[:, 1])
    drawn = np.nan_to_num(drawn)  # neither model nor annotator marked a span: no difference
    beyond = int(np.count_nonzero(np.abs(drawn - difference) >= abs(difference)))
    return *middle(drawn), (1 + beyond) / (1 + RESAMPLES)


def _counts(cases: Sequence[Case]) -> Counts:
    """Right spans, and gold and predicted spans together, [documents, 2]."""
    return np.array([(len(right(case)), len(case.document.spans) + len(case.predicted)) for case in cases])


def _f1(cases: Sequence[Case]) -> float:
    hits, spans = _counts(cases).sum(axis=0) if cases else (0, 0)
    return share(2 * float(hits), float(spans))


def _document(document: Document, ours: set[Span], theirs: set[Span]) -> DocumentDifference:
    return DocumentDifference(
        id=document.id, only_model=_found(document, ours - theirs), only_other=_found(document, theirs - ours)
    )


def _found(document: Document, spans: Iterable[Span]) -> tuple[Found, ...]:
    return tuple(
        Found(start=span.start, end=span.end, label=span.label, text=document.cut(span)) for span in sorted(spans)
    )


def _labels(model: Sequence[Case], other: Sequence[Case]) -> tuple[LabelDifference, ...]:
    """Every label that occurs, in alphabetical order."""
    gold, both, ours, theirs, marked, marked_other = (Counter[str]() for _ in range(6))
    for case, against in zip(model, other, strict=True):
        gold.update(span.label for span in case.document.spans)
        both.update(span.label for span in right(case) & right(against))
        ours.update(span.label for span in right(case))
        theirs.update(span.label for span in right(against))
        marked.update(span.label for span in case.predicted)
        marked_other.update(span.label for span in against.predicted)
    return tuple(
        LabelDifference(
            label=label,
            gold=gold[label],
            both=both[label],
            only_model=ours[label] - both[label],
            only_other=theirs[label] - both[label],
            neither=gold[label] - ours[label] - theirs[label] + both[label],
            predicted_model=marked[label],
            predicted_other=marked_other[label],
            f1_model=share(2 * ours[label], gold[label] + marked[label]),
            f1_other=share(2 * theirs[label], gold[label] + marked_other[label]),
        )
        for label in sorted(gold.keys() | marked.keys() | marked_other.keys())
    )
