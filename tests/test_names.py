"""Names: a table of mentions and nominatives (names.yaml), and which mentions are one name."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infer.names import fullest, merge, nominative

TABLE = yaml.safe_load(Path(__file__).with_name("names.yaml").read_text("utf-8"))
ROWS = [(label, text, expected) for label, rows in TABLE.items() for text, expected in rows.items()]


@pytest.mark.parametrize(("label", "text", "expected"), ROWS)
def test_nominative(label: str, text: str, expected: str) -> None:
    assert nominative(text, label) == expected


@pytest.mark.parametrize(
    ("label", "texts", "clusters"),
    [
        ("PERSON", ["Қ.Мұратбеков", "Мұратбековтің", "Қанат Мұратбеков"], [0, 0, 0]),
        ("PERSON", ["Мұратбеков Қанат", "Қанат Мұратбековке", "Қ. С. Мұратбеков"], [0, 0, 1]),
        ("PERSON", ["Қанат Мұратбеков", "Асан Мұратбеков", "Мұратбеков", "Қ.Мұратбеков"], [0, 1, 1, 0]),
        ("PERSON", ["Мұратбеков", "Мұратбекова", "А.Мұратбеков", "Қ.Мұратбеков"], [0, 1, 0, 2]),
        ("ORGANISATION", ["SAMRUK", "«Samruk» қорының", "«Samruk» АҚ", "Samruk Energy"], [0, 0, 0, 1]),
        ("GPE", ["Алматыда", "Алматы облысында", "Алматы қаласына", "Алматы облысы"], [0, 1, 0, 1]),
    ],
)
def test_merge(label: str, texts: list[str], clusters: list[int]) -> None:
    assert merge([(text, label) for text in texts]) == clusters


def test_labels_are_apart() -> None:
    assert merge([("Абай", "PERSON"), ("Абай", "GPE"), ("Абайдың", "PERSON")]) == [0, 1, 0]


def test_fullest() -> None:
    mentions = ["Қ.Мұратбеков", "Мұратбековтің", "Қанат Мұратбековке", "Мұратбеков"]
    assert fullest([(text, "PERSON") for text in mentions]) == "Қанат Мұратбеков"
    assert fullest([("ҚАРАСАЙДА", "GPE"), ("Қарасай", "GPE")]) == "Қарасай"


_NAMES = st.text() | st.lists(st.sampled_from(["Қ.", "Асан", "Мұратбеков", "тың", "-", "«", "»", " "])).map("".join)


@given(st.lists(st.tuples(_NAMES, st.sampled_from(["PERSON", "GPE", "ORGANISATION"]))))
def test_clusters_are_numbered_in_order_of_first_mention(names: list[tuple[str, str]]) -> None:
    clusters = merge(names)
    assert len(clusters) == len(names)
    assert list(dict.fromkeys(clusters)) == list(range(len(set(clusters))))
