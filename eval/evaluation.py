"""Everything that is known of how good a model is on some documents. Its JSON is the file beside the page."""

from collections.abc import Iterable, Mapping, Sequence

from annotations.checks import Problem
from annotations.document import Span
from annotations.formats import Reject
from eval import records
from eval.alignment import Outcome
from eval.boundaries import Boundaries, boundaries
from eval.calibration import Calibration, calibration
from eval.cases import Case, Reading
from eval.comparison import Comparison, compare
from eval.confusion import Confusion, confusion
from eval.figures import Part, Score, share
from eval.groups import Genre, by_genre, by_length
from eval.semeval import RuleScore, rule_scores
from eval.spans import SpanScores, span_scores
from infer.records import ModelName

WORST = 50
Gold = Mapping[str, Sequence[records.Record]]


class Level(Part):
    """A level of record scores, end to end, and F1 of the records that are built from the gold spans."""

    score: Score
    f1_from_gold_spans: float


class Unread(Part):
    """What the model could not have got right or did not see: characters in no window, and gold spans whose edges lie
    inside a word or that cross the edge of a sentence."""

    characters: int
    spans: int
    gold: int

    @property
    def lost(self) -> float:
        """The share of gold spans that the model's words cannot represent."""
        return share(self.spans, self.gold)


class Marked(Part):
    """A span as it is shown: where, with which label, and what came of it."""

    start: int
    end: int
    label: str
    outcome: Outcome


class Example(Part):
    """A document with errors: its text, gold spans and predicted spans. An error is a pair that is not right."""

    id: str
    genre: str | None
    errors: int
    f1: float
    text: str
    gold: tuple[Marked, ...]
    predicted: tuple[Marked, ...]


class Rejected(Part):
    """A document, or a line of gold records, that was left out: where the fault is, and why."""

    document: str
    where: str
    why: str


class Evaluation(Part):
    """The scores of a model on a labelled file. All span scores but `rules` are strict: same edges, same label."""

    model: ModelName
    other: ModelName | None
    data: str
    documents: int
    unread: Unread
    spans: SpanScores
    rules: tuple[RuleScore, ...]
    records: tuple[Level, ...] | None
    confusion: Confusion
    boundaries: Boundaries
    lengths: tuple[Score, ...]
    genres: tuple[Genre, ...]
    calibration: Calibration
    comparison: Comparison | None
    worst: tuple[Example, ...]
    rejected: tuple[Rejected, ...]


def evaluation(
    data: str, reading: Reading, *, gold: Gold | None, against: Reading | None, rejects: list[Problem]
) -> Evaluation:
    """All figures of a reading of `data`, with gold records of its documents and another model's reading, if any.

    `rejects` are the documents that were left out so far. Documents without gold records, and gold records without a
    document, are added to it and have no record scores. Raises ValueError where the other model did not read the same
    documents.
    """
    cases = reading.cases
    levels = None if gold is None else _levels(cases, gold, rejects.append)
    pairs = [pair for case in cases for pair in case.pairs]
    labelled = [(case.document, case.pairs) for case in cases]
    return Evaluation(
        model=reading.model,
        other=against.model if against else None,
        data=data,
        documents=len(cases),
        unread=Unread(
            characters=sum(case.article.unread for case in cases),
            spans=sum(len(case.lost) for case in cases),
            gold=sum(len(case.document.spans) for case in cases),
        ),
        spans=span_scores([case.document.spans for case in cases], [case.predicted for case in cases]),
        rules=rule_scores([case.pairs for case in cases]),
        records=levels,
        confusion=confusion(pairs),
        boundaries=boundaries((document.text, own) for document, own in labelled),
        lengths=by_length(labelled),
        genres=by_genre(labelled),
        calibration=calibration(pairs),
        comparison=compare(cases, against.cases) if against else None,
        worst=_worst(cases),
        rejected=tuple(Rejected(document=each.document, where=each.where, why=each.why) for each in rejects),
    )


def _levels(cases: Sequence[Case], gold: Gold, reject: Reject) -> tuple[Level, ...]:
    """Record scores over the documents that have gold records."""
    read = {case.document.id for case in cases}
    for id in sorted(gold.keys() - read):
        reject(Problem(id, "records", "no document with this id was read"))
    for id in sorted(read - gold.keys()):
        reject(Problem(id, "records", "the document has no gold records"))
    both = [case for case in cases if case.document.id in gold]
    right = [gold[case.document.id] for case in both]
    found = [records.from_article(case.article) for case in both]
    linked = [records.from_spans(case.document) for case in both]
    return tuple(
        Level(score=end_to_end, f1_from_gold_spans=from_gold.f1)
        for end_to_end, from_gold in zip(_level_scores(right, found), _level_scores(right, linked), strict=True)
    )


def _level_scores(
    gold: Sequence[Sequence[records.Record]], predicted: Sequence[Sequence[records.Record]]
) -> list[Score]:
    reached = [records.reached(ours, theirs) for ours, theirs in zip(gold, predicted, strict=True)]
    guesses, golds = [len(own) for own in predicted], [len(own) for own in gold]
    return [
        Score.of(level, [counts[number] for counts in reached], guesses, golds)
        for number, level in enumerate(records.LEVELS)
    ]


def _worst(cases: Sequence[Case]) -> tuple[Example, ...]:
    """The documents with the most errors, of equals the one with the lower F1 first."""
    examples = [_example(case) for case in cases]
    wrong = [example for example in examples if example.errors]
    return tuple(sorted(wrong, key=lambda example: (-example.errors, example.f1))[:WORST])


def _example(case: Case) -> Example:
    document = case.document
    errors = sum(pair.outcome != "right" for pair in case.pairs)
    right = len(case.pairs) - errors
    return Example(
        id=document.id,
        genre=document.source,
        errors=errors,
        f1=share(2 * right, len(document.spans) + len(case.predicted)),
        text=document.text,
        gold=_marked((pair.gold, pair.outcome) for pair in case.pairs),
        predicted=_marked((pair.predicted, pair.outcome) for pair in case.pairs),
    )


def _marked(spans: Iterable[tuple[Span | None, Outcome]]) -> tuple[Marked, ...]:
    """In the order of the text, which pairs have on one side only."""
    marks = [
        Marked(start=span.start, end=span.end, label=span.label, outcome=outcome) for span, outcome in spans if span
    ]
    return tuple(sorted(marks, key=lambda mark: mark.start))
