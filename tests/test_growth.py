"""The cost of a text grows as its length does, whatever it repeats: counted in calls of functions, not timed."""

import sys
from types import FrameType

import pytest
from test_linking import article

REPEATED = {
    "values of one sentence": "[5|CARDINAL] [мектеп|INDICATOR], ",
    "values without units": "[12|PERCENTAGE], [7|CARDINAL], ",
    "brackets that stay open": "([5|CARDINAL] сом ",
    "whole sentences": "[Биыл|DATE] [Алматыда|GPE] [14|CARDINAL] [көпір|INDICATOR] [салынды|ACTION]. ",
    "a list with every role": "[Асан|PERSON] [Алматыда|GPE] [5 млн теңге|MONEY] [қаражат|INDICATOR] [бөлді|ACTION], ",
    "people and posts": "[әкім|POSITION] [Асан Үсен|PERSON] ",
    "header lines": "Жарияланды: 2024-01-05\n[5|CARDINAL]\n",
}
LETTERS = "абвгдежзиклмноп"


def different(piece: str, number: int) -> str:
    """Pieces that each hold a word of their own where `%` stands."""
    return "".join(
        piece.replace("%", "".join(LETTERS[int(digit, 16) % 15] for digit in f"{n:x}")) for n in range(number)
    )


def cost(text: str) -> int:
    """How many functions are called while a text with marks becomes an article."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        article(text)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("piece", REPEATED.values(), ids=REPEATED)
def test_repeated(piece: str) -> None:
    assert cost(piece * 120) < 2.6 * cost(piece * 60)


@pytest.mark.parametrize(
    "piece",
    ["[Асан Ү%н|PERSON], [Асан|PERSON]. ", "[12|CARDINAL] [%лық|INDICATOR] [ашылды|ACTION]. "],
    ids=["people who share a name", "facts that share a number"],
)
def test_different(piece: str) -> None:
    assert cost(different(piece, 360)) < 3.6 * cost(different(piece, 120))
