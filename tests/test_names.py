"""Names: a table of mentions and nominatives (names.yaml), and which mentions are one name."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infer.names import abbreviates, fullest, merge, nominative

TABLE = yaml.safe_load(Path(__file__).with_name("names.yaml").read_text("utf-8"))
ROWS = [(label, text, expected) for label, rows in TABLE.items() for text, expected in rows.items()]
CASES = {  # genitive, dative, accusative, locative, ablative, instrumental
    "Қостанай": "Қостанайдың Қостанайға Қостанайды Қостанайда Қостанайдан Қостанаймен",
    "Текелі": "Текелінің Текеліге Текеліні Текеліде Текеліден Текелімен",
    "Балқаш": "Балқаштың Балқашқа Балқашты Балқашта Балқаштан Балқашпен",
    "Тараз": "Тараздың Таразға Таразды Таразда Тараздан Таразбен",
    "Түркістан": "Түркістанның Түркістанға Түркістанды Түркістанда Түркістаннан Түркістанмен",
}


@pytest.mark.parametrize(("label", "text", "expected"), ROWS)
def test_nominative(label: str, text: str, expected: str) -> None:
    assert nominative(text, label) == expected


@pytest.mark.parametrize(("name", "forms"), CASES.items())
def test_every_case_has_the_same_nominative(name: str, forms: str) -> None:
    assert {nominative(form, "GPE") for form in forms.split()} == {name}


@pytest.mark.parametrize(
    ("label", "texts", "clusters"),
    [
        ("PERSON", ["Қ.Мұратбеков", "Мұратбековтің", "Қанат Мұратбеков"], [0, 0, 0]),
        ("PERSON", ["Мұратбеков Қанат", "Қанат Мұратбековке", "Қ. С. Мұратбеков"], [0, 0, 1]),
        ("PERSON", ["Қанат Мұратбеков", "Асан Мұратбеков", "Мұратбеков", "Қ.Мұратбеков"], [0, 1, 1, 0]),
        ("PERSON", ["Мұратбеков", "Мұратбекова", "А.Мұратбеков", "Қ.Мұратбеков"], [0, 1, 0, 2]),
        ("PERSON", ["Ерсін-Жан Оразов", "Е.-Ж. Оразовқа", "Е. Оразов", "Оразов"], [0, 0, 0, 0]),
        ("PERSON", ["ҚАНАТ МҰРАТБЕКОВ", "Канат Муратбековтің"], [0, 0]),
        ("ORGANISATION", ["SAMRUK", "«Samruk» қорының", "«Samruk» АҚ", "Samruk Energy"], [0, 0, 0, 1]),
        ("ORGANISATION", ["«Көкжиек» ЖШС", "ЖШС «Көкжиек»", "Kokjiek", "«Көкжиек» Текелі филиалы"], [0, 0, 0, 1]),
        ("ORGANISATION", ["ҚР Су ресурстары министрлігі", "Су ресурстары министрлігінің"], [0, 0]),
        ("GPE", ["Алматыда", "Алматы облысында", "Алматы қаласына", "Алматы облысы"], [0, 1, 0, 1]),
        ("GPE", ["Ақмола облысы", "АҚМОЛА ОБЛЫСЫНДА", "Акмола облысы"], [0, 0, 0]),
        ("GPE", ["Қазақстан Республикасының", "Қазақстанда", "Қырғыз Республикасы"], [0, 0, 1]),
    ],
)
def test_merge(label: str, texts: list[str], clusters: list[int]) -> None:
    assert merge([(text, label) for text in texts]) == clusters


def test_labels_are_apart() -> None:
    assert merge([("Абай", "PERSON"), ("Абай", "GPE"), ("Абайдың", "PERSON")]) == [0, 1, 0]


def test_an_abbreviation_is_its_name() -> None:
    names = [("ҰЭМ-нің", "ORGANISATION"), ("Ұлттық экономика министрлігі", "ORGANISATION"), ("ҰЭМ", "GPE")]
    assert merge(names) == [0, 1, 2]
    assert merge(names, {1: "ҰЭМ"}) == [0, 0, 1]


@pytest.mark.parametrize(
    ("short", "name", "expected"),
    [
        ("ҰЭМ", "Ұлттық экономика министрлігінің", True),
        ("ТҮКШ", "Тұрғын үй-коммуналдық шаруашылық", True),
        ("БҒМ", "Білім және ғылым министрлігі", True),
        ("ҰЭМ", "Ұлттық банк", False),
        ("БМ", "Су және білім министрлігі", False),
        ("ҰЭМ", "", False),
    ],
)
def test_abbreviates(short: str, name: str, expected: bool) -> None:
    assert abbreviates(short, name) is expected


def test_fullest() -> None:
    mentions = ["Қ.Мұратбеков", "Мұратбековтің", "Қанат Мұратбековке", "Мұратбеков"]
    assert fullest([(text, "PERSON") for text in mentions]) == "Қанат Мұратбеков"
    assert fullest([("ҚАРАСАЙДА", "GPE"), ("қарасай", "GPE"), ("Қарасай", "GPE")]) == "Қарасай"


_NAMES = st.text() | st.lists(st.sampled_from(["Қ.", "Асан", "Мұратбеков", "тың", "-", "«", "»", " "])).map("".join)
_LABELS = st.sampled_from(["PERSON", "GPE", "ORGANISATION"])


@given(st.lists(st.tuples(_NAMES, _LABELS)), st.dictionaries(st.integers(0, 3), _NAMES))
def test_clusters_are_numbered_in_order_of_first_mention(
    names: list[tuple[str, str]], abbreviations: dict[int, str]
) -> None:
    clusters = merge(names, {at: short for at, short in abbreviations.items() if at < len(names)})
    assert len(clusters) == len(names)
    assert list(dict.fromkeys(clusters)) == list(range(len(set(clusters))))
