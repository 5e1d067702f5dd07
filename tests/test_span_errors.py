"""Span errors by hand: what is paired with what, and what each kind of count makes of it."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2, Entities

from annotations.document import Document, Span
from annotations.scores import RESAMPLES, interval, resampled
from eval.alignment import Pair, align, paired
from eval.boundaries import Edge, LabelEdges, boundaries, words
from eval.calibration import calibration
from eval.cases import Case
from eval.comparison import Found, compare
from eval.confusion import confusion
from eval.figures import FEW_DOCUMENTS, Score
from eval.groups import by_genre, by_length
from eval.semeval import RULES, categorise, rule_scores
from eval.spans import span_scores
from infer.records import ModelName, build

MODEL = ModelName(name="none", version="0")
TEXT = "Былтыр «Ақ бидай» серіктестігі 120 отбасын Көкпектіге көшірді."


def span(words: str, label: str, score: float | None = None) -> Span:
    start = TEXT.index(words)
    return Span(start, start + len(words), label, score)


def case(gold: Sequence[Span], predicted: Sequence[Span], id: str = "d", source: str | None = None) -> Case:
    document = Document(id, TEXT, tuple(gold), source=source)
    return Case(document, build(document, [], MODEL), tuple(paired(gold, predicted)), ())


FIRM = span("«Ақ бидай» серіктестігі", "ORGANISATION")
COUNT = span("120", "CARDINAL")

# (gold, predicted, outcome, category by rule: strict, exact, type, partial)
PAIRS = [
    (FIRM, FIRM, "right", ("correct", "correct", "correct", "correct")),
    (FIRM, span("Ақ бидай", "ORGANISATION"), "edges", ("incorrect", "incorrect", "correct", "partial")),
    (FIRM, span("«Ақ бидай» серіктестігі", "PRODUCT"), "label", ("incorrect", "correct", "incorrect", "correct")),
    (FIRM, span("Ақ бидай", "PRODUCT"), "both", ("incorrect", "incorrect", "incorrect", "partial")),
    (FIRM, None, "missed", ("missed",) * 4),
    (None, FIRM, "spurious", ("spurious",) * 4),
]


@pytest.mark.parametrize(("gold", "predicted", "outcome", "categories"), PAIRS)
def test_a_pair_under_each_rule(
    gold: Span | None, predicted: Span | None, outcome: str, categories: tuple[str, ...]
) -> None:
    pair = Pair(gold, predicted)
    assert pair.outcome == outcome
    assert tuple(categorise(pair, rule) for rule in ("strict", "exact", "type", "partial")) == categories
    assert paired([gold] if gold else [], [predicted] if predicted else []) == [pair]


def test_rule_scores_by_hand() -> None:
    """One of each pair: 5 gold spans, 5 predicted ones."""
    strict, exact, type_, partial = rule_scores([[Pair(gold, predicted)] for gold, predicted, _, _ in PAIRS])
    assert (strict.correct, strict.incorrect, strict.partial, strict.missed, strict.spurious) == (1, 3, 0, 1, 1)
    assert (partial.correct, partial.incorrect, partial.partial, partial.missed, partial.spurious) == (2, 0, 2, 1, 1)
    assert (exact.correct, exact.incorrect, type_.correct, type_.incorrect) == (2, 2, 2, 2)
    assert [rule.score.f1 for rule in (strict, exact, type_, partial)] == pytest.approx([1 / 5, 2 / 5, 2 / 5, 3 / 5])
    assert {(rule.score.predicted, rule.score.gold) for rule in (strict, exact, type_, partial)} == {(5, 5)}


@pytest.mark.parametrize(
    ("gold", "predicted", "pairs"),
    [
        ([(0, 5), (6, 9)], [(0, 9)], [(0, 0)]),
        ([(0, 3), (4, 9)], [(0, 9)], [(1, 0)]),
        ([(0, 9)], [(0, 2), (3, 9)], [(0, 1)]),
        ([(0, 4), (5, 9)], [(2, 9)], [(1, 0)]),
        ([(0, 4)], [(4, 8)], []),
        ([(0, 4), (4, 8)], [(2, 6)], [(0, 0)]),
        ([], [(0, 1)], []),
    ],
)
def test_the_widest_overlap_comes_first(
    gold: list[tuple[int, int]], predicted: list[tuple[int, int]], pairs: list[tuple[int, int]]
) -> None:
    assert align(gold, predicted) == pairs


def test_the_same_label_comes_before_the_widest_overlap() -> None:
    narrow, wide = span("«Ақ", "ORGANISATION"), span("бидай» серіктестігі", "PRODUCT")
    assert paired([FIRM], [narrow, wide]) == [Pair(FIRM, narrow), Pair(None, wide)]
    narrow, wide = span("«Ақ", "GPE"), span("бидай» серіктестігі", "PRODUCT")
    assert paired([FIRM], [narrow, wide]) == [Pair(None, narrow), Pair(FIRM, wide)]


def test_confusion_by_hand() -> None:
    table = confusion([Pair(gold, predicted) for gold, predicted, _, _ in PAIRS] + [Pair(COUNT, COUNT)])
    assert table.labels == ("CARDINAL", "ORGANISATION", "PRODUCT")
    assert table.counts == ((1, 0, 0), (0, 2, 2), (0, 0, 0))
    assert (table.missed, table.spurious) == ((0, 1, 0), (0, 1, 0))


@pytest.mark.parametrize(
    ("stretch", "count"), [("«", 0), ("", 0), (" – ", 0), ("көп бала", 2), ("-ден ", 1), ("« 4,7", 1)]
)
def test_words(stretch: str, count: int) -> None:
    assert words(stretch) == count


def test_boundaries_by_hand() -> None:
    pairs = [
        Pair(FIRM, span("Ақ бидай» серіктестігі", "ORGANISATION")),  # without the quotation mark
        Pair(FIRM, span("Былтыр «Ақ бидай» серіктестігі 120 отбасын", "ORGANISATION")),
        Pair(FIRM, FIRM),
        Pair(FIRM, span("бидай", "PRODUCT")),  # another label: not looked at
        Pair(COUNT, None),
    ]
    found = boundaries([(TEXT, pairs)])
    assert found.edges == (
        Edge(side="left", fault="too long", count=1, median_characters=7, words=(0, 1, 0, 0)),
        Edge(side="left", fault="too short", count=1, median_characters=1, words=(1, 0, 0, 0)),
        Edge(side="right", fault="too long", count=1, median_characters=12, words=(0, 0, 1, 0)),
        Edge(side="right", fault="too short", count=0, median_characters=0, words=(0, 0, 0, 0)),
    )
    (organisation,) = found.labels
    assert organisation == LabelEdges(
        label="ORGANISATION",
        pairs=3,
        exact=1,
        left_too_long=1,
        left_too_short=1,
        right_too_long=1,
        right_too_short=0,
    )


def test_calibration_by_hand() -> None:
    """Two spans scored 0.95, one right; two scored 0.55, both right; one scored 0, wrong."""
    scores = [(0.95, True), (0.95, False), (0.55, True), (0.55, True), (0.0, False)]
    pairs = [Pair(COUNT if right else None, span("120", "CARDINAL", score)) for score, right in scores]
    found = calibration([*pairs, Pair(FIRM, None), Pair(COUNT, COUNT)])
    assert found.ece == pytest.approx(2 / 5 * 0.45 + 2 / 5 * 0.45 + 0)
    assert found.spans == 5
    assert (found.score, found.accuracy) == pytest.approx((0.6, 0.6))
    assert [part.spans for part in found.bins] == [1, 0, 0, 0, 0, 2, 0, 0, 0, 2]
    assert calibration([]).ece == 0


def test_groups_by_hand() -> None:
    firm = span("Ақ бидай", "ORGANISATION")
    cases = [case([FIRM, COUNT], [firm, COUNT], source="economy"), case([FIRM], [FIRM]), case([], [COUNT])]
    labelled = [(each.document, each.pairs) for each in cases]
    one, two, three, *longer = by_length(labelled)
    assert [(each.right, each.predicted, each.gold) for each in (one, two, three)] == [(1, 2, 1), (0, 1, 0), (1, 1, 2)]
    assert not any(each.gold or each.predicted for each in longer)
    unknown, economy = by_genre(labelled)
    assert (unknown.score.name, unknown.documents, unknown.score.right, unknown.score.gold) == ("unknown", 2, 1, 1)
    assert (economy.score.name, economy.documents, economy.score.right, economy.score.predicted) == ("economy", 1, 1, 2)


LABELS = ("GPE", "DATE", "MONEY")
TAGS = st.sampled_from(["O", *(f"{prefix}-{label}" for prefix in "BI" for label in LABELS)])


def spans_of(tags: list[str]) -> list[Span]:
    """What strict IOB2 reads in tags of words of one letter; an I- without its B- is nothing."""
    return [Span(2 * e.start, 2 * e.end - 1, e.tag) for e in Entities([tags], IOB2).entities[0]]


@given(st.lists(st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=12), min_size=1, max_size=6))
def test_parity_with_seqeval(sequences: list[list[tuple[str, str]]]) -> None:
    ours = [[gold for gold, _ in sequence] for sequence in sequences]
    theirs = [[predicted for _, predicted in sequence] for sequence in sequences]
    gold, predicted = [spans_of(tags) for tags in ours], [spans_of(tags) for tags in theirs]
    found = span_scores(gold, predicted)
    if not any(gold + predicted):
        assert (found.labels, found.micro.f1, found.macro.f1) == ((), 0, 0)
        return
    expected = classification_report(ours, theirs, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
    assert [score.name for score in found.rows] == [name for name in expected if name != "weighted avg"]
    for score in found.rows:
        row = expected[score.name]
        assert (score.precision, score.recall, score.f1) == pytest.approx(
            (row["precision"], row["recall"], row["f1-score"])
        )
        assert score.gold == row["support"]
    for score in (*found.labels, found.micro):
        counted = Score.of(score.name, [score.right], [score.predicted], [score.gold])
        assert (score.precision, score.recall, score.f1) == pytest.approx(
            (counted.precision, counted.recall, counted.f1)
        )
    pairs = [paired(one, other) for one, other in zip(gold, predicted, strict=True)]
    strict = rule_scores(pairs)[RULES.index("strict")]
    assert (strict.correct, strict.score.predicted, strict.score.gold) == (
        found.micro.right,
        found.micro.predicted,
        found.micro.gold,
    )
    assert sum(map(sum, confusion(p for own in pairs for p in own).counts)) == strict.correct + strict.incorrect


def test_interval_is_scipy_s() -> None:
    right = np.array([3, 0, 5, 2, 8, 1])
    spans = np.array([8, 1, 12, 9, 17, 2])
    theirs = bootstrap(
        (right, spans),
        lambda right, spans, axis: 2 * right.sum(axis=axis) / spans.sum(axis=axis),
        paired=True,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=0,
    ).confidence_interval
    assert interval(right, spans) == pytest.approx((theirs.low, theirs.high))


def test_small_numbers_have_no_interval() -> None:
    assert interval(np.array([1, 0]), np.array([2, 0])) == (0, 1)
    few = Score.of("few", [1] * FEW_DOCUMENTS + [0], [1] * (FEW_DOCUMENTS - 1) + [0, 0], [0] * (FEW_DOCUMENTS + 1))
    assert (few.low, few.high, few.few) == (None, None, True)
    enough = Score.of("enough", [1, 0, 1, 1, 1], [1] * 5, [2] * 5)
    assert enough.low is not None and enough.high is not None
    assert enough.low < enough.f1 < enough.high


def test_draws_without_a_span_are_left_out() -> None:
    right, spans = np.array([1, 1] + [0] * 8), np.array([2, 2] + [0] * 8)
    assert (resampled(spans) == 0).any()
    assert interval(right, spans) == (1, 1)


def test_comparison_by_hand() -> None:
    """The model finds all of six documents; the other misses the firm everywhere and in one document the count too."""
    model = [case([FIRM, COUNT], [FIRM, COUNT], id=str(number)) for number in range(6)]
    other = [case([FIRM, COUNT], [COUNT] if number else [], id=str(number)) for number in range(6)]
    found = compare(model, other)
    assert (found.f1_model, found.f1_other) == pytest.approx((1, 2 * 5 / (12 + 5)))
    assert found.low <= found.difference <= found.high
    assert found.p < 0.01
    assert compare(model, [case([FIRM, COUNT], [], id=str(number)) for number in range(6)]).p == 1 / (1 + RESAMPLES)
    count, firm = found.labels
    assert (count.gold, count.both, count.only_model, count.only_other, count.neither) == (6, 5, 1, 0, 0)
    assert (firm.both, firm.only_model, firm.predicted_model, firm.predicted_other, firm.f1_other) == (0, 6, 6, 0, 0)
    assert [document.id for document in found.documents] == ["0", "1", "2", "3", "4", "5"]
    first = found.documents[0]
    assert [each.text for each in first.only_model] == ["«Ақ бидай» серіктестігі", "120"]
    assert first.only_model[1] == Found(start=COUNT.start, end=COUNT.end, label="CARDINAL", text="120")
    swapped = compare(other, model)
    assert swapped.difference == -found.difference
    assert swapped.p == found.p
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low))


def test_a_model_is_as_good_as_itself() -> None:
    cases = [case([FIRM, COUNT], [COUNT] if number % 2 else [FIRM], id=str(number)) for number in range(6)]
    found = compare(cases, cases)
    assert (found.difference, found.low, found.high, found.p, found.documents) == (0, 0, 0, 1, ())


def test_other_documents_are_refused() -> None:
    with pytest.raises(ValueError, match="the same documents"):
        compare([case([FIRM], [FIRM])], [case([COUNT], [FIRM])])
