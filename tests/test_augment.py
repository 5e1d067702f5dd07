"""Augmentation: tables of (text, expected) a kind (augment.yaml), and that every copy is a sound document."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
import yaml
from conftest import SENTENCES, mark
from hypothesis import assume, given
from hypothesis import strategies as st

from annotations.checks import check
from annotations.document import Document, Relation, Span
from annotations.labels import default_labels
from infer.numbers import parse
from models.tokenization import WORDS
from train.augment import Kind, augmentations
from train.augment.endings import CASES, attach
from train.augment.names import names_of, renamed
from train.augment.numbers import Style, respell
from train.augment.numerals import find, in_digits, in_words, with_scale
from train.augment.rewriting import Edit, rewrite
from train.augment.typography import recase, requote, respace

TABLE = yaml.safe_load(Path(__file__).with_name("augment.yaml").read_text("utf-8"))
STYLED = [
    (section["style"], label, text, expected)
    for section in TABLE.values()
    if "style" in section
    for label, rows in section.items()
    if label != "style"
    for text, expected in rows.items()
]
NAMED = [
    (label, section["names"], text, expected)
    for label, section in TABLE["атау"].items()
    for text, expected in section.items()
    if text != "names"
]
LABELS = default_labels()


def read(text: str, label: str) -> Document:
    """A document from a text with [marked] spans."""
    spans: list[Span] = []
    plain = ""
    for number, piece in enumerate(re.split(r"[\[\]]", text)):
        if number % 2:
            spans.append(Span(len(plain), len(plain) + len(piece), label))
        plain += piece
    return Document("a", plain, tuple(spans))


def marked(document: Document) -> str:
    """The text with its spans in brackets."""
    text = document.text
    for span in reversed(document.spans):
        text = f"{text[: span.start]}[{document.cut(span)}]{text[span.end :]}"
    return text


def rows(section: str) -> list[tuple[str, str, str]]:
    return [(kind, text, expected) for kind, table in TABLE[section].items() for text, expected in table.items()]


@pytest.mark.parametrize(("word", "expected"), TABLE["септік"].items())
def test_endings(word: str, expected: str) -> None:
    forms = [attach(word, (case,)) for case in CASES if case != "attributive"]
    assert forms == ([None] * 6 if expected == "жоқ" else expected.split())


@pytest.mark.parametrize(("style", "label", "text", "expected"), STYLED)
def test_numbers(style: dict[str, Any], label: str, text: str, expected: str) -> None:
    assert marked(respell(read(text, label), Style(**style))) == expected


@pytest.mark.parametrize(("label", "known", "text", "expected"), NAMED)
def test_names(label: str, known: list[str], text: str, expected: str) -> None:
    names = names_of([read(f"[{name}] аталды.", label) for name in known])
    document = read(text, label)
    assert marked(renamed(document, Random(1), names=names) or document) == expected


@pytest.mark.parametrize(("habit", "text", "expected"), rows("бос орын"))
def test_spaces(habit: str, text: str, expected: str) -> None:
    assert marked(respace(read(text, "CARDINAL"), habit)) == expected.replace("⍽", "\u00a0")


@pytest.mark.parametrize(("kind", "text", "expected"), rows("тырнақша"))
def test_quotes(kind: str, text: str, expected: str) -> None:
    assert marked(requote(read(text, "CARDINAL"), kind, "–")) == expected


@pytest.mark.parametrize(("dash", "text", "expected"), rows("сызықша"))
def test_dashes(dash: str, text: str, expected: str) -> None:
    assert marked(requote(read(text, "CARDINAL"), "curly", dash)) == expected


@pytest.mark.parametrize(("capitals", "text", "expected"), rows("бас әріп"))
def test_case(capitals: str, text: str, expected: str) -> None:
    copy = recase(read(text, "CARDINAL"), capitals)
    assert copy is not None
    assert marked(copy) == expected


def test_a_span_that_only_its_capital_sets_apart_keeps_its_case() -> None:
    assert recase(read("Іс аяқталды[Кездесуде] айтылды.", "EVENT"), "all") is None


def test_a_name_changes_wherever_it_stands_and_a_surname_with_it() -> None:
    names = names_of([read(f"[{name}] келді.", "PERSON") for name in ("Сәкен Оразов", "Оразов", "Айгүл Әбішева")])
    text = "[Сәкен Оразов] келді. [Оразовтың] сөзін [Сәкен Оразовқа] айтты."
    copy = renamed(read(text, "PERSON"), Random(1), names=names)
    assert copy is not None
    assert marked(copy) == "[Айгүл Әбішева] келді. [Әбішеваның] сөзін [Айгүл Әбішеваға] айтты."


def test_a_place_named_like_a_person_keeps_a_name_of_its_label() -> None:
    people = [read(f"[{name}] келді.", "PERSON") for name in ("Абай Оразов", "Айгүл Әбішева")]
    places = [read(f"[{name}] аталды.", "GPE") for name in ("Абай", "Семей")]
    document = read("[Абай Оразов] келді. [Абай] қуанды.", "PERSON")
    person, place = document.spans
    document = replace(document, spans=(person, replace(place, label="GPE")))
    copy = renamed(document, Random(1), names=names_of(people + places))
    assert copy is not None
    assert marked(copy) == "[Айгүл Әбішева] келді. [Семей] қуанды."


def test_inflected_mentions_are_no_names() -> None:
    mentions = ("Алматы", "Алматыда", "Шымкентке", "Қазақстан", "Қазақстанның", "Абай облысын", "Абай облысы")
    names = names_of([read(f"[{mention}] деді.", "GPE") for mention in mentions])
    assert set(names.sorts["GPE"]) == {"Алматы", "Қазақстан", "Абай облысы"}


# Whole numbers whose words have one reading, and tenths of them.
WHOLE = st.integers(1, 10**15 - 1).filter(lambda number: number < 10**6 or number % 10**6 not in range(200, 1000, 100))
ENDINGS = st.sampled_from([(), ("ordinal",), *((case,) for case in CASES), ("possessive", "dative"), ("similative",)])


@given(WHOLE, ENDINGS, st.booleans())
def test_numerals_are_read_back(number: int, endings: tuple[str, ...], decimals: bool) -> None:
    assume(endings != ("similative",) or number % 10 != 1)  # бірдей is a word of its own
    assume(endings != ("ordinal",) or number % 100 != 40)  # қырқыншы is passed over: its stem is cut short
    text = in_words(Decimal(number), endings, decimals=decimals)
    assert text is not None
    found = find(text)
    assert found is not None and [(each.value, each.endings) for each in found] == [(number, endings)], text
    other = parse(text)
    assert "ordinal" in endings or (other is not None and other.value == number), text


@given(WHOLE, ENDINGS, st.sampled_from(["", " ", "\u00a0"]), st.booleans(), st.booleans())
def test_digits_are_read_back(number: int, endings: tuple[str, ...], group: str, short: bool, low: bool) -> None:
    for text in (
        in_digits(Decimal(number), endings, group=group),
        with_scale(Decimal(number), endings, group=group, short=short, low=low),
    ):
        assert text is not None
        found = find(text)
        assert found is not None and [(each.value, each.endings) for each in found] == [(number, endings)], text


@given(st.integers(1, 99_999).filter(lambda number: number % 100), st.booleans())
def test_decimals_are_read_back(hundredths: int, decimals: bool) -> None:
    number = Decimal(hundredths) / 100
    for text in (in_words(number, (), decimals=decimals), in_digits(number, ())):
        assert text is not None
        found, other = find(text), parse(text)
        assert found is not None and [each.value for each in found] == [number], text
        assert other is not None and other.value == number, text


@st.composite
def rewritings(draw: st.DrawFn) -> tuple[Document, list[Edit]]:
    """A document with spans that do not overlap, and edits that do not."""
    text = draw(st.text("абв \U0001f600", max_size=20))
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
    labels = st.sampled_from(["GPE", "MONEY"])
    spans = [Span(start, end, draw(labels)) for start, end in zip(places[::2], places[1::2], strict=False)]
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    edits = [
        Edit(start, end, draw(st.text("хyz", max_size=3))) for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    return Document("a", text, tuple(spans), tuple(Relation(span, spans[0], "place") for span in spans)), edits


def cut(text: str, start: int, end: int, edits: list[Edit]) -> str:
    """text[start:end] with the edits inside made one by one from the right; insertions at its edges are outside."""
    for edit in sorted(edits, reverse=True):
        if (start < edit.start < end) if edit.start == edit.end else (start <= edit.start and edit.end <= end):
            text = text[: edit.start] + edit.text + text[edit.end :]
            end += len(edit.text) - (edit.end - edit.start)
    return text[start:end]


@given(rewritings())
def test_rewriting(drawn: tuple[Document, list[Edit]]) -> None:
    document, edits = drawn
    edges = [edge for span in document.spans for edge in (span.start, span.end)]
    crossed = any(edit.start < edge < edit.end for edit in edits for edge in edges)
    expected = [cut(document.text, span.start, span.end, edits) for span in document.spans]
    if crossed or not all(expected):
        with pytest.raises(ValueError, match=r"crosses|leave nothing"):
            rewrite(document, edits)
        return
    copy = rewrite(document, edits)
    around = f"<{document.text}>"
    moved = [replace(edit, start=edit.start + 1, end=edit.end + 1) for edit in edits]
    assert f"<{copy.text}>" == cut(around, 0, len(around), moved)
    assert [copy.cut(span) for span in copy.spans] == expected
    assert [span.label for span in copy.spans] == [span.label for span in document.spans]
    assert [relation.source for relation in copy.relations] == list(copy.spans)


@pytest.mark.parametrize("edits", [[Edit(1, 3, ""), Edit(2, 4, "")], [Edit(0, 9, "")], [Edit(-1, 1, "")]])
def test_edits_that_overlap_or_lie_outside_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(ValueError, match="outside the text or overlaps"):
        rewrite(Document("a", "мәтін"), edits)


MORE = [
    (
        "«Біз «Көкжиек» қорына 2,5 млн теңге бердік», – деді Оразов.",
        [("Көкжиек", "ORGANISATION"), ("Оразов", "PERSON")],
    ),
    ("Айгүл Әбішева мен Оразов 2031 жылы Шымкенттен келді.", [("Оразов", "PERSON"), ("Шымкенттен", "GPE")]),
    ("Өнім 12,5%-ға артып, 1 000 тоннадан асты.", [("12,5%-ға", "PERCENTAGE"), ("1 000 тоннадан", "QUANTITY")]),
    ("Текелі Қордай Шымкент.", [("Текелі", "GPE"), ("Қордай", "GPE"), ("Шымкент", "GPE")]),
]


@st.composite
def articles(draw: st.DrawFn) -> Document:
    """Sentences with a role or two in a row."""
    text, spans, relations = "", [], []
    for number in draw(st.lists(st.integers(0, len(SENTENCES + MORE) - 1), min_size=1, max_size=4)):
        sentence = mark(number, *(SENTENCES + MORE)[number])
        moved = [replace(span, start=span.start + len(text), end=span.end + len(text)) for span in sentence.spans]
        values = [span for span in moved if span.label in LABELS.names({"value"})]
        relations += [Relation(value, s, "indicator") for value in values for s in moved if s.label == "INDICATOR"]
        spans += moved
        text += sentence.text + " "
    return Document("a", text, tuple(spans), tuple(relations), groups=frozenset({"value", "role"}))


KINDS = augmentations([mark(number, *row) for number, row in enumerate(SENTENCES + MORE)])


@given(articles(), st.sampled_from(get_args(Kind)), st.integers())
def test_a_copy_is_a_sound_document_with_the_same_marks(document: Document, kind: Kind, seed: int) -> None:
    copy = KINDS[kind](document, Random(seed))
    assert copy == KINDS[kind](document, Random(seed))
    if copy is None:
        return
    assert not check(copy, LABELS)
    assert (copy.id, copy.groups) == (f"a+{kind}", document.groups)
    assert copy.text != document.text
    assert [span.label for span in copy.spans] == [span.label for span in document.spans]
    assert links(copy) == links(document)
    edges = {edge for _, place in WORDS.pre_tokenize_str(copy.text) for edge in place}
    assert edges.issuperset(edge for span in copy.spans for edge in (span.start, span.end))


def links(document: Document) -> list[tuple[int, int, str]]:
    return [(document.spans.index(r.source), document.spans.index(r.target), r.role) for r in document.relations]
