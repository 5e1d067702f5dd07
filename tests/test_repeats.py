"""Repeats: a table of pairs of facts (repeats.yaml), what holds of every list of facts, and the way to the records."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from test_linking import marked
from typer.testing import CliRunner

from annotations.document import Document
from infer.records import ModelName, build
from infer.repeats import Fact, firsts, same
from malimet.cli import app

TABLE = yaml.safe_load(Path(__file__).with_name("repeats.yaml").read_text("utf-8"))
ROWS = [(*pair, answer == "same") for answer, pairs in TABLE.items() for pair in pairs]


def fact(fields: dict[str, Any], sentence: int) -> Fact:
    period = fields.get("period")
    defaults = {"sentence": sentence, "high": None, "unit": "1"}
    return Fact(**defaults | fields | {"period": tuple(period) if isinstance(period, list) else period})


@pytest.mark.parametrize(("one", "other", "expected"), ROWS)
def test_pairs(one: dict[str, Any], other: dict[str, Any], expected: bool) -> None:
    assert same(fact(one, 0), fact(other, 1)) is expected
    assert same(fact(other, 0), fact(one, 1)) is expected
    assert not same(fact(one, 0), fact(one, 0)), "one sentence tells nothing twice"


FACTS = st.builds(
    Fact,
    sentence=st.integers(0, 9),
    number=st.sampled_from([3, 14, 8236]),
    high=st.none(),
    unit=st.just("1"),
    indicator=st.sampled_from([None, "мектеп", "жаңа мектеп", "орта мектеп"]),
    action=st.sampled_from([None, "салынды", "ашылды"]),
    place=st.sampled_from([None, "Қосағаш", "Бестам"]),
)


@given(st.lists(FACTS))
def test_a_repeat_names_an_earlier_fact_that_is_no_repeat(facts: list[Fact]) -> None:
    found = firsts(facts)
    for place, first in enumerate(found):
        if first is not None:
            assert first < place
            assert found[first] is None
            assert same(facts[first], facts[place])


def test_records_know_what_they_repeat() -> None:
    text, spans = marked(
        "[Қосағашқа|GPE] [8 236|CARDINAL] [адам|INDICATOR] [қоныстанды|ACTION]\n"
        "[Ауданда|GPE] [8 236|CARDINAL] [мектеп|INDICATOR] жоқ.\n"
        "[Қосағашқа|GPE] [8 236|CARDINAL] [адам|INDICATOR] [көшіп келген|ACTION]."
    )
    article = build(Document("a", text), spans, ModelName(name="none", version="0"))
    assert [record.repeats for record in article.metrics] == [None, None, 0]
    assert article.unique().metrics == article.metrics[:2]
    assert article.unique().spans == article.spans


def test_unique_drops_what_is_told_again() -> None:
    text = "Биыл 14 жәрмеңке өтті.\nБиыл 14 жәрмеңке өтті."
    told = json.loads(CliRunner().invoke(app, ["extract", "-"], input=text).stdout)["metrics"]
    once = json.loads(CliRunner().invoke(app, ["extract", "-", "--unique"], input=text).stdout)["metrics"]
    assert [record["repeats"] for record in told] == [None, 0]
    assert once == told[:1]
