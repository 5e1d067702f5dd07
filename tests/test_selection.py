"""What is worth labelling comes first."""

import pytest

from annotations.document import Document, Span
from annotations.selection import Selection, select

POOL = [
    Document("sure", "Қордайда мектеп ашылды.", (Span(0, 8, "GPE", 0.99),)),
    Document("long", "Қордай мен Текеліде мектеп ашылды.", (Span(0, 6, "GPE", 0.9), Span(11, 19, "GPE", 0.7))),
    Document("doubtful", "Қордайлықтар өзеннің арғы бетіне көшті.", (Span(0, 12, "NORP", 0.4),)),
    Document("empty", "Қордайда мектеп ашылды. Қордайда мектеп ашылды."),
]


def test_the_least_confident_come_first() -> None:
    assert [document.id for document in select(POOL, Selection.uncertain, 3)] == ["doubtful", "long", "sure"]


def test_the_diverse_are_unlike() -> None:
    weather = Document("weather", "Ертең күн суытып, солтүстікте боран соғады.")
    chosen = select([*POOL, weather], Selection.diverse, 3)
    assert {"weather", "doubtful"} < {document.id for document in chosen}


@pytest.mark.parametrize("how", Selection)
def test_no_more_than_there_are_and_the_same_each_time(how: Selection) -> None:
    for number in (1, 2, 4, 9):
        chosen = select(POOL, how, number)
        assert len({document.id for document in chosen}) == len(chosen) == min(number, len(POOL))
        assert chosen == select(POOL, how, number)
