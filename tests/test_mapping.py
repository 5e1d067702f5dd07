"""Documents of other schemes: what becomes of their labels, of nested spans, and of what their annotators passed by."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.checks import Problem, check
from annotations.document import Document, Relation, Span
from annotations.formats import auto, jsonl
from annotations.labels import default_labels
from annotations.mapping import identity, outermost, relabel, trim

THEIRS = {
    "CITY": "GPE",
    "COUNTRY": "GPE",
    "JOB": "POSITION?",
    "PRIZE": "ART?",
    "WORK": "ART",
    "HAPPENING": None,
    "NUMBER": "CARDINAL",
}


def marked(text: str, *marks: tuple[str, str]) -> Document:
    """A document whose spans are the first places of the marked words."""
    spans = (Span(text.index(words), text.index(words) + len(words), label) for words, label in marks)
    return Document("a", text, tuple(spans))


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (
            marked("Бірлік елінің Алмас қаласы", ("Алмас", "CITY"), ("Бірлік", "COUNTRY")),
            [("Бірлік", "GPE"), ("Алмас", "GPE")],
        ),
        (
            marked("Алмас әкімі 3 дүкен ашты", ("Алмас", "CITY"), ("Алмас әкімі", "JOB"), ("3", "NUMBER")),
            [("3", "CARDINAL")],
        ),
        (marked("Алмаста 30 үй өртенді", ("30", "NUMBER"), ("30 үй өртенді", "HAPPENING")), [("30", "CARDINAL")]),
        (marked("«Дала» фильмі «Алтын дән» алды", ("Дала", "WORK"), ("Алтын дән", "PRIZE")), [("Дала", "ART")]),
        (marked("«Алмас»,", ("«Алмас»,", "CITY")), [("Алмас", "GPE")]),
        (marked("Алмас – …", ("…", "CITY")), []),
    ],
)
def test_relabel(document: Document, found: list[tuple[str, str]]) -> None:
    told = relabel(document, THEIRS)
    assert [(told.cut(span), span.label) for span in told.spans] == found
    assert told.groups == {"GPE", "CARDINAL"}


def test_relabel_drops_relations() -> None:
    number, city = Span(0, 2, "NUMBER"), Span(3, 8, "CITY")
    document = Document("a", "12 Алмас", (number, city), (Relation(number, city, "place"),))
    assert relabel(document, THEIRS).relations == ()


def test_relabel_refuses_a_label_that_it_does_not_know() -> None:
    with pytest.raises(Problem, match=r"^a, spans\[1\].label: 'CLAN', the label of 'Оразовтар'"):
        relabel(marked("Алмаста Оразовтар", ("Алмас", "CITY"), ("Оразовтар", "CLAN")), THEIRS)


def test_what_was_looked_for_is_written_and_read(tmp_path: Path) -> None:
    document = relabel(marked("Алмас қаласы", ("Алмас", "CITY")), THEIRS)
    jsonl.write([document], tmp_path / "a.jsonl")
    assert list(jsonl.read(tmp_path / "a.jsonl")) == [document]


places = st.tuples(st.integers(0, 20), st.integers(1, 8)).map(lambda place: (place[0], place[0] + place[1]))
spans = st.lists(
    st.builds(lambda place, label: Span(place[0], place[1], label), places, st.sampled_from(["GPE", "LAW"])), max_size=9
)


@given(spans)
def test_outermost_leaves_no_overlap_and_nothing_bare(overlapping: list[Span]) -> None:
    kept = outermost(overlapping)
    assert all(before.end <= after.start for before, after in pairwise(kept))
    assert set(kept) <= set(overlapping)
    assert all(any(keeper.start < span.end and span.start < keeper.end for keeper in kept) for span in overlapping)
    assert not any(span.start == keeper.start and span.end > keeper.end for keeper in kept for span in overlapping)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("«Тірек»", "Тірек"),
        ("«Тірек» қоры", "«Тірек» қоры"),
        ("«Талап-Агро» ЖШС", "«Талап-Агро» ЖШС"),
        ("ЖШС «Талап-Агро»", "ЖШС «Талап-Агро»"),
        ('"Тірек', "Тірек"),
        ("Тірек»,", "Тірек"),
        ("(«Тірек».)", "Тірек"),
        ("Көксу ауданы (ескі атауы)", "Көксу ауданы (ескі атауы)"),
        ("„Дала“ мен “Тау”", "„Дала“ мен “Тау”"),
        ("2031 ж.", "2031 ж"),
        ("37,5%", "37,5%"),
        (" \u00a0Алмас\n", "Алмас"),
        ("«…»", ""),
        ("", ""),
    ],
)
def test_trim(text: str, rest: str) -> None:
    around = f"қала {text} бар"
    span = trim(around, Span(5, 5 + len(text), "GPE"))
    assert around[span.start : span.end] == rest
    assert trim(around, span) == span


@given(st.text('аб «»“”„"(.)\n', max_size=12), st.lists(places, max_size=5))
def test_relabelled_documents_are_sound(text: str, edges: list[tuple[int, int]]) -> None:
    marks = tuple(Span(start, min(end, len(text)), "GPE") for start, end in edges if start < len(text))
    assert check(relabel(Document("a", text, marks), identity()), default_labels()) == []


def test_columns_in_another_scheme(tmp_path: Path) -> None:
    """White space between tokens only, as in tengrinews-silver: quotes and points are glued to them."""
    path = tmp_path / "a.iob2"
    path.write_text('"Алмас B-CITY\nқаласында" I-CITY\n30 B-NUMBER\nүй O\nөртенді. B-HAPPENING\n')
    [document] = auto.read(path, mapping=THEIRS)
    assert [(document.cut(span), span.label) for span in document.spans] == [
        ("Алмас қаласында", "GPE"),
        ("30", "CARDINAL"),
    ]
    assert document.groups == {"GPE", "CARDINAL"}
    with pytest.raises(Problem, match="line 1: 'B-CITY' is not O"):
        list(auto.read(path))
