"""Units: a table of sentences with their values in brackets (units.yaml); each heading names the label in brackets."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from annotations.document import Span
from infer.units import Kind, Reading, read_values
from models.sentences import split

TABLE = yaml.safe_load(Path(__file__).with_name("units.yaml").read_text("utf-8"))
ROWS = [(heading.rpartition("(")[2].rstrip(")"), row) for heading, rows in TABLE.items() for row in rows]
LABELS = ["CARDINAL", "MONEY", "PERCENTAGE", "QUANTITY"]
MARKED = re.compile(r"(\[[^\]]*\]|\{[^}]*\})")


def readings(marked: str, label: str) -> list[Reading]:
    """What the values in [] say; a noun phrase in {} is the indicator of the next value, or else of the last."""
    text, values, phrases = "", list[Span](), list[Span]()
    for part in MARKED.split(marked):
        words = part.strip("[]{}")
        span = Span(len(text), len(text) + len(words), label)
        text += words
        if part.startswith("["):
            values.append(span)
        elif part.startswith("{"):
            phrases.append(span)
    indicators = {next((v for v in values if v.start >= phrase.end), values[-1]): phrase for phrase in phrases}
    found = read_values(text, values, list(split(text)), indicators)
    return [found[value] for value in values]


@pytest.mark.parametrize(("label", "row"), ROWS, ids=[row["text"] for _, row in ROWS])
def test_table(label: str, row: dict[str, Any]) -> None:
    found = readings(row["text"], label)
    assert [reading.unit.code for reading in found] == row["units"]
    if "numbers" in row:
        assert [reading.number and reading.number.value for reading in found] == row["numbers"]


@pytest.mark.parametrize(
    ("text", "label", "kind"),
    [
        ("[12] көше", "CARDINAL", "count"),
        ("[12] дана", "CARDINAL", "count"),
        ("[12], арпа — [31 пайыз]", "CARDINAL", "percentage"),
        ("[12 млн]", "MONEY", "money"),
        ("[12 АЕК]", "MONEY", "money"),
        ("[12 %]", "PERCENTAGE", "percentage"),
        ("[12 км]", "QUANTITY", "quantity"),
    ],
)
def test_kind(text: str, label: str, kind: Kind) -> None:
    assert readings(text, label)[0].unit.kind == kind


@given(st.decimals(1, 999, places=1), st.decimals(1, 999, places=1), st.sampled_from(["мың", "млн", "миллиард"]))
def test_a_shared_scale_brings_numbers_nearer(low: Decimal, high: Decimal, scale: str) -> None:
    first, last = (reading.number for reading in readings(f"А – [{low}], Б – [{high} {scale} теңге]", "CARDINAL"))
    assert first is not None and last is not None
    assert first.value == (low * last.scale if low**2 * last.scale < last.value**2 else low)


@given(
    st.lists(
        st.tuples(st.text("5 ,.()мың%х–теңге", max_size=9), st.text(max_size=9), st.sampled_from(LABELS)), max_size=6
    )
)
def test_any_values_are_read(parts: list[tuple[str, str, str]]) -> None:
    text, values = "", []
    for words, between, label in parts:
        values.append(Span(len(text), len(text) + len(words) + 1, label))
        text += f"{words}7{between}"
    found = read_values(text, values, [(0, len(text))], {})
    assert list(found) == values and all(reading.unit.code and reading.number for reading in found.values())
