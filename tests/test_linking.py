"""Linking: sentences with marked spans, and what each value must be bound to.

A sentence is written with its spans in brackets, `[96|CARDINAL] [жоба|INDICATOR]`. The expectation of a value gives its
indicator, action, period, place and subject in this order, as texts or None.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.document import Document, Span
from annotations.labels import default_labels
from infer.linking import link
from infer.records import Article, ModelName, build

MARK = re.compile(r"\[([^|\]]+)\|([A-Z]+)\]")
ROLES = ("indicator", "action", "period", "place", "subject")


def marked(sentence: str) -> tuple[str, list[Span]]:
    """The text and the spans of a sentence with marks."""
    text, spans, stop = "", [], 0
    for mark in MARK.finditer(sentence):
        text += sentence[stop : mark.start()]
        spans.append(Span(len(text), len(text) + len(mark[1]), mark[2]))
        text += mark[1]
        stop = mark.end()
    return text + sentence[stop:], spans


LINKS = [
    (
        "[Биыл|DATE] [Қосағаш|GPE] ауылында [14|CARDINAL] [жәрмеңке|INDICATOR] [өткізілді|ACTION].",
        {"14": ("жәрмеңке", "өткізілді", "Биыл", "Қосағаш", None)},
    ),
    (
        "[96|CARDINAL] [жоба|INDICATOR] [қаралды|ACTION], оның [54-і|CARDINAL] [мақұлданды|ACTION].",
        {"96": ("жоба", "қаралды", None, None, None), "54-і": ("жоба", "мақұлданды", None, None, None)},
    ),
    (
        "[Оқушылардың|INDICATOR] [61%-ы|PERCENTAGE] [спортпен шұғылданады|ACTION].",
        {"61%-ы": ("Оқушылардың", "спортпен шұғылданады", None, None, None)},
    ),
    (
        "[Жолдың ұзындығы|INDICATOR] – [48 шақырым|QUANTITY].",
        {"48 шақырым": ("Жолдың ұзындығы", None, None, None, None)},
    ),
    (
        "[7|CARDINAL] [сиыр|INDICATOR], [9|CARDINAL] [қой|INDICATOR] мен [6|CARDINAL] [ат|INDICATOR] [жоғалды|ACTION].",
        {
            "7": ("сиыр", "жоғалды", None, None, None),
            "9": ("қой", "жоғалды", None, None, None),
            "6": ("ат", "жоғалды", None, None, None),
        },
    ),
    (
        "[Былтыр|DATE] [өрт саны|INDICATOR] [412-ден|CARDINAL] [305-ке дейін|CARDINAL] [азайды|ACTION].",
        {
            "412-ден": ("өрт саны", "азайды", "Былтыр", None, None),
            "305-ке дейін": ("өрт саны", "азайды", "Былтыр", None, None),
        },
    ),
    (
        "[«Ақжайлау агро» ЖШС|ORGANISATION] [5 млн теңге|MONEY] [салық|INDICATOR] [төледі|ACTION].",
        {"5 млн теңге": ("салық", "төледі", None, None, "«Ақжайлау агро» ЖШС")},
    ),
    (
        "[8|CARDINAL] [мектеп|INDICATOR] [жөнделді|ACTION], ал [3|CARDINAL] [клуб|INDICATOR] [салынып жатыр|ACTION].",
        {"8": ("мектеп", "жөнделді", None, None, None), "3": ("клуб", "салынып жатыр", None, None, None)},
    ),
]


@pytest.mark.parametrize(("sentence", "expected"), LINKS)
def test_roles(sentence: str, expected: dict[str, tuple[str | None, ...]]) -> None:
    text, spans = marked(sentence)
    found = {
        text[metric.value.start : metric.value.end]: tuple(
            span and text[span.start : span.end] for span in (metric.roles[role] for role in ROLES)
        )
        for metric in link(text, spans)
    }
    assert found == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Бұл – ескі әдістердің [бірі|CARDINAL].",
        "Ойын [2:1|CARDINAL] есебімен аяқталды.",
        "Тексеру аяқталсын. [3|CARDINAL]. Шешім бүгін күшіне енеді.",
        "Ережелер: [1|CARDINAL]) құжат тапсыру; [2|CARDINAL]) жауап күту.",
    ],
)
def test_numbers_that_measure_nothing_are_no_metrics(sentence: str) -> None:
    assert link(*marked(sentence)) == []


@pytest.mark.parametrize(
    ("sentence", "bound", "change"),
    [
        ("[Кітап саны|INDICATOR] [58-ге дейін|CARDINAL] [азаяды|ACTION].", "exact", "decrease"),
        ("[Жайылым|INDICATOR] [9 мың гектарға дейін|QUANTITY] [ұлғайды|ACTION].", "exact", "increase"),
        ("[Қар қалыңдығы|INDICATOR] [40 см-ге дейін|QUANTITY] [жетті|ACTION].", "exact", None),
        ("[Несие|INDICATOR] [5 миллион теңгеге дейін|MONEY] [беріледі|ACTION].", "at_most", None),
        ("[Құны|INDICATOR] [3 миллиард теңгеден|MONEY] [асады|ACTION].", "over", None),
        ("[Салмағы|INDICATOR] [12 тоннадан|QUANTITY] [аспауы тиіс|ACTION].", "at_most", None),
        ("[Ылғал|INDICATOR] [30 пайыздан|PERCENTAGE] [асқан жоқ|ACTION].", "at_most", None),
        ("[Тыңдаушы саны|INDICATOR] [200|CARDINAL] адамнан [асты|ACTION].", "over", None),
        ("[Жауын-шашын|INDICATOR] [100 мм-ге|QUANTITY] де [жетпейді|ACTION].", "under", None),
        ("[Шығым|INDICATOR] [60 пайыздан кем|PERCENTAGE] болмауы тиіс.", "at_least", None),
        ("[Пәтер бағасы|INDICATOR] [90 мың теңгеге|MONEY] [жуықтады|ACTION].", "about", None),
        ("[Өнім|INDICATOR] былтырғыдан [20 процентке|PERCENTAGE] [көп|ACTION].", "exact", "increase"),
        ("[Тауар айналымының өсуі|INDICATOR] [4,2%|PERCENTAGE] болды.", "exact", "increase"),
        ("[Қор|INDICATOR] [2 млрд теңгеден|MONEY] [3 млрд теңгеге|MONEY] [жетті|ACTION].", "exact", "increase"),
        ("[Астық|INDICATOR] [70 тонна|QUANTITY] [жиналды|ACTION].", "exact", None),
    ],
)
def test_bound_and_change(sentence: str, bound: str, change: str | None) -> None:
    metrics = link(*marked(sentence))
    assert metrics
    assert {(metric.bound, metric.change) for metric in metrics} == {(bound, change)}


def test_a_speaker_is_no_subject() -> None:
    text, spans = marked(
        "«[Ауданда|GPE] [26|CARDINAL] [құдық|INDICATOR] [қазылды|ACTION]», – деді [Асхат Ержігіт|PERSON]."
    )
    (metric,) = link(text, spans)
    assert metric.speaker == spans[-1]
    assert metric.roles["subject"] is None


def test_every_decision_has_a_reason() -> None:
    (metric,) = link(*marked("[Биыл|DATE] [14|CARDINAL] [жәрмеңке|INDICATOR] [өткізілді|ACTION]."))
    assert [reason.split(":")[0] for reason in metric.how] == ["number", "unit", "indicator", "action", "period"]
    assert 0 < metric.score <= 1


ARTICLE = (
    "[Қосағаш ауданы|GPE] жаңалықтары\nЖарияланды: [14.02.2025|DATE]\n"
    "[Аудан әкімі|POSITION] [Сәкен Ораздың|PERSON] айтуынша, [жыл басынан бері|DATE] [14|CARDINAL] [көпір|INDICATOR] "
    "[салынды|ACTION]. [С.Ораз|PERSON] құрылысқа [2,5 млрд теңге|MONEY] [бөлінгенін|ACTION] айтты."
)


def article(text: str) -> Article:
    text, spans = marked(text)
    return build(Document("a1", text), spans, ModelName(name="test", version="0"))


def test_article_is_assembled() -> None:
    built = article(ARTICLE).model_dump(mode="json", by_alias=True)
    assert built["published"] == "2025-02-14"
    bridges, money = built["metrics"]
    assert bridges["number"] == 14
    assert bridges["period"] | {"start": 0, "end": 0} == {
        "text": "жыл басынан бері",
        "start": 0,
        "end": 0,
        "from": "2025-01-01",
        "to": "2025-02-14",
    }
    assert (money["number"], money["unit"], money["kind"]) == (2_500_000_000, "KZT", "money")
    (person,) = [entity for entity in built["entities"] if entity["label"] == "PERSON"]
    assert person["name"] == "Сәкен Ораз"
    assert len(person["mentions"]) == 2
    assert person["position"]["text"] == "Аудан әкімі"
    assert built["warnings"] == []


def test_missing_publication_date_warns_only_where_a_period_needs_it() -> None:
    assert any(
        "publication date" in warning
        for warning in article("[Биыл|DATE] [9|CARDINAL] [үй|INDICATOR] [құлады|ACTION].").warnings
    )
    assert article("[2019 жылы|DATE] [9|CARDINAL] [үй|INDICATOR] [құлады|ACTION].").warnings == ()


@given(
    st.text(alphabet="аоығң 0123456789.,()–«»\n%", max_size=60),
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3), st.sampled_from(default_labels().names())), max_size=12),
)
def test_any_spans_over_any_text_give_an_article(text: str, steps: list[tuple[int, int, str]]) -> None:
    spans, start = [], 0
    for length, gap, label in steps:
        start += gap
        if start + length > len(text):
            break
        spans.append(Span(start, start + length, label))
        start += length
    built = build(Document("x", text), spans, ModelName(name="test", version="0"))
    values = [span for span in spans if span.label in default_labels().names(["value"])]
    assert len(built.metrics) <= len(values)
    for record in built.metrics:
        for part in (record.value, record.indicator, record.action, record.period, record.place, record.subject):
            assert part is None or text[part.start : part.end] == part.text
    assert Article.model_validate_json(built.model_dump_json(by_alias=True)) == built
