"""Record scores: the levels add up, each value is used once, and malformed gold is refused with its line."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from annotations.document import Document, Span
from eval.records import LEVELS, Record, agreement, from_spans, pairs, read_gold, score

GOLD = Record(
    value=(10, 16),
    number=Decimal("87400"),
    high=None,
    bound="about",
    unit="t",
    change="increase",
    roles={"indicator": (17, 24), "action": (30, 36), "period": (0, 5), "place": None, "subject": None},
)


def with_role(role: str, offsets: tuple[int, int] | None) -> Record:
    return replace(GOLD, roles={**GOLD.roles, role: offsets})


@pytest.mark.parametrize(
    ("predicted", "levels"),
    [
        (GOLD, 5),
        (replace(GOLD, number=Decimal("87400.0")), 5),
        (replace(GOLD, number=Decimal("87401")), 0),
        (replace(GOLD, high=Decimal("90000")), 0),
        (replace(GOLD, unit="kg"), 1),
        (with_role("indicator", (23, 29)), 5),
        (with_role("indicator", (24, 29)), 2),
        (with_role("indicator", None), 2),
        (with_role("action", None), 3),
        (with_role("period", None), 4),
        (with_role("place", (40, 45)), 4),
        (with_role("subject", (40, 45)), 4),
        (replace(GOLD, bound="exact"), 4),
        (replace(GOLD, change=None), 4),
        (replace(GOLD, number=Decimal(1), unit="kg"), 0),
    ],
)
def test_levels_are_cumulative(predicted: Record, levels: int) -> None:
    assert agreement(GOLD, predicted) == levels


def test_values_pair_by_overlap_and_only_once() -> None:
    second = replace(GOLD, value=(40, 44))
    wide, stray = replace(GOLD, value=(12, 30)), replace(GOLD, value=(16, 20))
    assert list(pairs([GOLD, second], [stray, wide, GOLD])) == [(GOLD, GOLD)]
    assert list(pairs([GOLD, second], [stray, wide])) == [(GOLD, wide)]


def test_f1_counts_missed_and_invented_records() -> None:
    scores = score({"a": [GOLD], "b": [GOLD]}, {"a": [GOLD, replace(GOLD, value=(50, 52))], "b": []})
    assert [one.level for one in scores] == list(LEVELS)
    assert {(one.precision, one.recall, one.f1) for one in scores} == {(0.5, 0.5, 0.5)}


def test_nothing_to_score_is_nought() -> None:
    assert [one.f1 for one in score({}, {})] == [0.0] * len(LEVELS)


def test_records_of_unknown_documents_are_refused() -> None:
    with pytest.raises(ValueError, match="without gold: zz"):
        score({"a": []}, {"zz": [GOLD]})


METRIC = {
    "number": 4.7, "high": None, "bound": "exact", "unit": "%", "change": None,
    "value": [0, 4], "indicator": None, "action": [5, 9], "period": None, "place": None, "subject": None,
}  # fmt: skip


def test_gold_is_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "gold.records.jsonl"
    path.write_text(json.dumps({"sentence_id": "s1", "text": "4,7% өсті", "metrics": [METRIC]}), "utf-8")
    (record,) = read_gold(path)["s1"]
    assert record.number == Decimal("4.7")
    assert record.roles["action"] == (5, 9)
    assert record.roles["indicator"] is None


@pytest.mark.parametrize("metric", [{}, METRIC | {"value": None}, METRIC | {"action": [1]}, METRIC | {"number": "көп"}])
def test_malformed_gold_names_its_line(tmp_path: Path, metric: dict[str, object]) -> None:
    path = tmp_path / "gold.records.jsonl"
    good = json.dumps({"sentence_id": "s1", "text": "", "metrics": []})
    path.write_text(f"{good}\n{json.dumps({'sentence_id': 's2', 'text': '', 'metrics': [metric]})}\n", "utf-8")
    with pytest.raises(ValueError, match="line 2"):
        read_gold(path)


def test_annotated_spans_give_records() -> None:
    text = "Биыл 25 көпір салынды."
    spans = (Span(0, 4, "DATE"), Span(5, 7, "CARDINAL"), Span(8, 13, "INDICATOR"), Span(14, 21, "ACTION"))
    (record,) = from_spans(Document("d", text, spans))
    assert (record.value, record.number, record.unit) == ((5, 7), Decimal(25), "1")
    assert record.roles == {"indicator": (8, 13), "action": (14, 21), "period": (0, 4), "place": None, "subject": None}
