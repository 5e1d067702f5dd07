"""Entities: what counts as one, and the post and the body of a person.

Texts are written with their spans in brackets, `[Сәкен Оразов|PERSON]`.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_linking import marked

from annotations.document import Span
from infer.entities import Entity, find


def read(text: str) -> list[Entity]:
    return find(*marked(text))


BODIES = [
    ("[Денсаулық сақтау министрі|POSITION]", "Денсаулық сақтау министрлігі", "ORGANISATION"),
    ("[бұрынғы Әділет вице-министрі|POSITION]", "Әділет министрлігі", "ORGANISATION"),
    ("[Су ресурстары министрінің кеңесшісі|POSITION]", "Су ресурстары министрлігі", "ORGANISATION"),
    ("[Текелі қаласының әкімі|POSITION]", "Текелі қаласы", "GPE"),
    ("[Текелі әкімі|POSITION]", "Текелі", "GPE"),
    ("[ТЕКЕЛІ ҚАЛАСЫНЫҢ ӘКІМІ|POSITION]", "ТЕКЕЛІ ҚАЛАСЫ", "GPE"),
    ("[Текелі қаласы әкімінің бірінші орынбасары|POSITION]", "Текелі қаласы", "GPE"),
    ("[Текелі қаласы әкімінің құрылыс мәселелері жөніндегі орынбасары|POSITION]", "Текелі қаласы", "GPE"),
    (
        "[Жетісу облысы білім басқармасы басшысының орынбасары|POSITION]",
        "Жетісу облысы білім басқармасы",
        "ORGANISATION",
    ),
    ("[Арна қорының Текелі филиалы директоры|POSITION]", "Арна қорының Текелі филиалы", "ORGANISATION"),
    ("[«Талап-Агро» ЖШС бас директоры|POSITION]", "«Талап-Агро» ЖШС", "ORGANISATION"),
    ("[Talap-тың аға вице-президенті|POSITION]", "Talap", "ORGANISATION"),
    ("[Мәжіліс депутаты|POSITION]", "Мәжіліс", "ORGANISATION"),
    ("[Қазақстанның бұрынғы премьер-министрі|POSITION]", "Қазақстан", "GPE"),
    ("«[Жасыл ел|ORGANISATION]» қорының [төрағасы|POSITION]", "Жасыл ел", "ORGANISATION"),
    ("[Текелі|GPE] қаласының [әкімі|POSITION]", "Текелі", "GPE"),
    ("[Арна банкінің|ORGANISATION] [басшысы|POSITION]", "Арна банкі", "ORGANISATION"),
]
NO_BODIES = [
    "[Мемлекет басшысы|POSITION]",
    "[АУДАН ӘКІМІ|POSITION]",
    "[Президент|POSITION]",
    "[облыс әкімінің орынбасары|POSITION]",
    "[Тарих ғылымдарының докторы|POSITION]",
    "[Азаматтық қорғау полковнигі|POSITION]",
    "[І дәрежелі капитан|POSITION]",
    "[Ішкі бақылау жөніндегі бас маман|POSITION]",
    "[Текеліде|GPE] [Мемлекет басшысы|POSITION]",
    "[Текелі|GPE], [бас сәулетші|POSITION]",
]


@pytest.mark.parametrize(("post", "name", "label"), BODIES)
def test_body_of_a_post(post: str, name: str, label: str) -> None:
    (person,) = [entity for entity in read(f"{post} [Асан Үсенов|PERSON]") if entity.label == "PERSON"]
    assert person.body is not None
    assert (person.body.name, person.body.span.label) == (name, label)


@pytest.mark.parametrize("post", NO_BODIES)
def test_post_without_a_body(post: str) -> None:
    (person,) = [entity for entity in read(f"{post} [Асан Үсенов|PERSON]") if entity.label == "PERSON"]
    assert person.position is not None
    assert person.body is None


@pytest.mark.parametrize(
    ("text", "posts"),
    [
        ("[Асан Үсенов|PERSON], [облыс әкімі|POSITION], келді.", {"Асан Үсенов": "облыс әкімі"}),
        ("[Асан Үсенов|PERSON] ([облыс әкімі|POSITION]) келді.", {"Асан Үсенов": "облыс әкімі"}),
        ("[Асан Үсенов|PERSON] келді, [облыс әкімі|POSITION] сөйледі.", {"Асан Үсенов": None}),
        (
            "[облыс әкімі|POSITION] [Асан Үсенов|PERSON], [қала әкімі|POSITION] [Дана Ермекова|PERSON]",
            {"Асан Үсенов": "облыс әкімі", "Дана Ермекова": "қала әкімі"},
        ),
        (
            "[Асан Үсенов|PERSON], [қала әкімі|POSITION] [Дана Ермекова|PERSON]",
            {"Асан Үсенов": None, "Дана Ермекова": "қала әкімі"},
        ),
        ("[Текелі әкімі|POSITION], [полковник|POSITION] [Асан Үсенов|PERSON]", {"Асан Үсенов": "Текелі әкімі"}),
        (
            "[Полковник|POSITION] [Үсенов|PERSON] келді. [Текелі әкімі|POSITION] [Асан Үсенов|PERSON] сөйледі.",
            {"Асан Үсенов": "Текелі әкімі"},
        ),
    ],
)
def test_whose_post_it_is(text: str, posts: dict[str, str | None]) -> None:
    plain, spans = marked(text)
    people = [entity for entity in find(plain, spans) if entity.label == "PERSON"]
    told = {p.name: plain[p.position.start : p.position.end] if p.position else None for p in people}
    assert told == posts


def test_a_body_is_named_as_in_the_rest_of_the_text() -> None:
    entities = read(
        "[Су ресурстары министрлігінің|ORGANISATION] жобасы. [Текелі қаласында|GPE] [Су ресурстары министрі|POSITION] "
        "[Асан Үсенов|PERSON] мен [текелі әкімі|POSITION] [Дана Ермекова|PERSON] кездесті."
    )
    bodies = {entity.name: entity.body.name for entity in entities if entity.body}
    assert bodies == {"Асан Үсенов": "Су ресурстары министрлігі", "Дана Ермекова": "Текелі қаласы"}


def test_an_abbreviation_in_brackets_is_the_same_entity() -> None:
    text = (
        "[Су ресурстары министрлігі|ORGANISATION] ([СРМ|ORGANISATION]) пен [Арна банкі|ORGANISATION] (ҚЖК) жиналды. "
        "[СРМ-нің|ORGANISATION] және [ҚЖК-нің|ORGANISATION] жоспары бар."
    )
    assert [(entity.name, len(entity.mentions)) for entity in read(text)] == [
        ("Су ресурстары министрлігі", 3),
        ("Арна банкі", 1),
        ("ҚЖК", 1),
    ]


def test_entities_are_names() -> None:
    text = "[Биыл|DATE] [бірінші|ORDINAL] рет [Текеліде|GPE] [14|CARDINAL] [жәрмеңке|INDICATOR] [өтті|ACTION]."
    assert [(entity.label, entity.name) for entity in read(text)] == [("GPE", "Текелі")]


_WORDS = st.sampled_from(
    ["Текелі", "қаласының", "«", "»", " ", "әкімі", "министрі", "БМ", "(БМ)", "Асан", ",", "-", "ң"]
)
_LABELS = st.sampled_from(["PERSON", "POSITION", "GPE", "ORGANISATION", "ORDINAL"])


@given(st.lists(st.tuples(_WORDS, _LABELS | st.none()), max_size=25))
def test_any_spans_have_entities(parts: list[tuple[str, str | None]]) -> None:
    text, spans = "", []
    for word, label in parts:
        if label:
            spans.append(Span(len(text), len(text) + len(word), label))
        text += word
    entities = find(text, spans)
    mentions = [mention for entity in entities for mention in entity.mentions]
    assert sorted(mentions) == [span for span in spans if span.label != "ORDINAL"]
    for body in filter(None, (entity.body for entity in entities)):
        assert 0 <= body.span.start < body.span.end <= len(text)
