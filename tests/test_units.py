"""Units: a table of value spans (units.yaml); each heading names the label in brackets."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infer.units import Kind, Unit, read

TABLE = yaml.safe_load(Path(__file__).with_name("units.yaml").read_text("utf-8"))
ROWS = [(heading.rpartition("(")[2].rstrip(")"), row) for heading, rows in TABLE.items() for row in rows]
LABELS = ["CARDINAL", "MONEY", "PERCENTAGE", "QUANTITY"]


@pytest.mark.parametrize(("label", "row"), ROWS, ids=[f"{row['text']}{row.get('after', '')}" for _, row in ROWS])
def test_table(label: str, row: dict[str, str]) -> None:
    assert read(row["text"], label, row.get("after", "")).code == row["unit"]


@pytest.mark.parametrize(
    ("text", "label", "after", "kind"),
    [
        ("12", "CARDINAL", " көше", "count"),
        ("12", "CARDINAL", " дана", "count"),
        ("12", "CARDINAL", ", арпа — 31 пайыз", "percentage"),
        ("12 млн", "MONEY", "", "money"),
        ("12 АЕК", "MONEY", "", "money"),
        ("12 %", "PERCENTAGE", "", "percentage"),
        ("12 км", "QUANTITY", "", "quantity"),
    ],
)
def test_kind(text: str, label: str, after: str, kind: Kind) -> None:
    assert read(text, label, after).kind == kind


@given(st.text(max_size=30), st.sampled_from(LABELS), st.text(max_size=30))
def test_any_text_has_a_unit(text: str, label: str, after: str) -> None:
    unit = read(text, label, after)
    assert isinstance(unit, Unit) and unit.code
