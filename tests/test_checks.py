"""The checks find each fault of a document, name its place, and leave a sound document alone."""

import pickle

import pytest

from annotations.checks import Problem, check, fail
from annotations.document import Document, Relation, Span
from annotations.labels import default_labels

TEXT = "Биыл ауданда 12 дүкен ашылды."
YEAR = Span(0, 4, "DATE")
NUMBER = Span(13, 15, "CARDINAL")
SHOPS = Span(16, 21, "INDICATOR")
OPENED = Span(22, 28, "ACTION")
SPANS = (YEAR, NUMBER, SHOPS, OPENED)


def found(spans: tuple[Span, ...], relations: tuple[Relation, ...] = ()) -> list[tuple[str, str]]:
    problems = check(Document("d1", TEXT, spans, relations), default_labels())
    assert {problem.document for problem in problems} <= {"d1"}
    return [(problem.where, problem.why) for problem in problems]


def test_sound_document() -> None:
    relations = (
        Relation(NUMBER, SHOPS, "indicator"),
        Relation(NUMBER, OPENED, "action"),
        Relation(NUMBER, YEAR, "period"),
    )
    assert found(SPANS, relations) == []
    assert found((Span(0, 2, "DATE"), Span(2, 4, "DATE"))) == []


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ((Span(-1, 4, "DATE"),), ("spans[0].start", "-1 lies outside the text of 29 characters")),
        ((YEAR, Span(22, 30, "ACTION")), ("spans[1].end", "30 lies outside the text of 29 characters")),
        ((Span(4, 4, "DATE"),), ("spans[0].start", "4 is not before the end 4")),
        ((Span(4, 0, "DATE"),), ("spans[0].start", "4 is not before the end 0")),
        ((Span(0, 4, "YEAR"),), ("spans[0].label", "'YEAR' is not a known label")),
        ((Span(12, 15, "CARDINAL"),), ("spans[0].start", "the span ' 12' begins with white space")),
        ((Span(13, 16, "CARDINAL"),), ("spans[0].end", "the span '12 ' ends with white space")),
        ((SHOPS, YEAR, SHOPS), ("spans[2]", "it repeats spans[0]")),
        ((Span(13, 21, "INDICATOR"), NUMBER), ("spans[0]", "'12 дүкен' overlaps spans[1]")),
        ((NUMBER, Span(13, 15, "ORDINAL")), ("spans[1]", "'12' overlaps spans[0]")),
    ],
)
def test_spans(spans: tuple[Span, ...], expected: tuple[str, str]) -> None:
    assert found(spans) == [expected]


def test_overlap_with_a_span_that_reaches_past_its_neighbours() -> None:
    assert [where for where, _ in found((Span(0, 28, "ADAGE"), NUMBER, OPENED))] == ["spans[1]", "spans[2]"]


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        (
            Relation(Span(5, 12, "CARDINAL"), SHOPS, "indicator"),
            ("relations[0].source", "it is not a span of the document"),
        ),
        (Relation(NUMBER, Span(5, 12, "GPE"), "place"), ("relations[0].target", "it is not a span of the document")),
        (Relation(SHOPS, OPENED, "action"), ("relations[0].source", "INDICATOR is not the label of a value")),
        (Relation(NUMBER, OPENED, "cause"), ("relations[0].role", "'cause' is not a known role")),
        (Relation(NUMBER, OPENED, "period"), ("relations[0].role", "ACTION cannot fill the role period")),
    ],
)
def test_relations(relation: Relation, expected: tuple[str, str]) -> None:
    assert found(SPANS, (relation,)) == [expected]


def test_problem_is_one_sentence_and_crosses_processes() -> None:
    problem = Problem("d1", "spans[0].end", "30 lies outside the text of 29 characters")
    assert str(problem) == "d1, spans[0].end: 30 lies outside the text of 29 characters."
    assert str(pickle.loads(pickle.dumps(problem))) == str(problem)
    with pytest.raises(Problem):
        fail(problem)
