"""Numbers: a table of phrases (numbers.yaml), and every numeral that the generator below can write."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from infer.numbers import Number, parse, read_bound

TABLE = yaml.safe_load(Path(__file__).with_name("numbers.yaml").read_text("utf-8"))
ROWS = [row for rows in TABLE.values() for row in rows]

ONES = ["бір", "екі", "үш", "төрт", "бес", "алты", "жеті", "сегіз", "тоғыз"]
TENS = ["он", "жиырма", "отыз", "қырық", "елу", "алпыс", "жетпіс", "сексен", "тоқсан"]
SCALES = [
    *("нониллион", "октиллион", "септиллион", "секстиллион", "квинтиллион", "квадриллион"),
    *("триллион", "миллиард", "миллион", "мың", ""),
]
CASES = ["", "ның", "ға", "ды", "да", "дан", "мен"]
COLLOQUIAL = range(200, 1000, 100)
END = 1000 ** len(SCALES)
# As many numbers of every length: almost all whole numbers below 10^33 have 33 digits.
WHOLE = st.integers(1, 33).flatmap(lambda length: st.integers(0, 10**length - 1))


def numeral(number: int) -> str:
    """A whole number below 10^33 in Kazakh words, as num2words writes it."""
    words: list[str] = []
    for index, scale in enumerate(SCALES):
        chunk = number // 1000 ** (len(SCALES) - 1 - index) % 1000
        hundreds, tens, ones = chunk // 100, chunk // 10 % 10, chunk % 10
        words += [ONES[hundreds - 1]] * (hundreds > 1) + ["жүз"] * (hundreds > 0)
        words += [TENS[tens - 1]] * (tens > 0) + [ONES[ones - 1]] * (ones > 0)
        words += [scale] * (chunk > 0 and scale != "")
    return " ".join(words) or "нөл"


def inflect(word: str, ending: str) -> str:
    """The word with an ending that is given in its back voiced form, as Kazakh harmony has it."""
    front = next(letter for letter in reversed(word) if letter in "аоұыуиеөүіэ") in "еөүіи"
    last = word[-1]
    if last in "қпстк":
        ending = {"ның": "тың", "ға": "қа", "ды": "ты", "да": "та", "дан": "тан", "мен": "пен", "дай": "тай"}.get(
            ending, ending
        )
    elif last in "нмң":
        ending = {"дан": "нан"}.get(ending, ending)
    elif last == "з":
        ending = {"ның": "дың", "мен": "бен"}.get(ending, ending)
    elif last not in "аеыіуи":
        ending = {"ның": "дың"}.get(ending, ending)
    to_front = str.maketrans("аығқ", "еігк")
    return word + (ending.translate(to_front) if front else ending)


def in_words(number: int) -> bool:
    """Whether words have one reading: `бір миллион алты жүз` is 1,000,600 in writing, 1,600,000 in speech."""
    return number < 10**6 or number % 10**6 not in COLLOQUIAL


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["text"])
def test_table(row: dict[str, Any]) -> None:
    found = parse(row["text"])
    if row["number"] is None:
        assert found is None
        return
    high = row.get("high")
    expected = (Decimal(str(row["number"])), None if high is None else Decimal(str(high)), row.get("bound", "exact"))
    assert found is not None
    assert (found.value, found.high, found.bound) == expected
    assert found.how


@given(WHOLE.filter(in_words), st.sampled_from(CASES))
def test_numerals_parse_back_in_every_case(number: int, case: str) -> None:
    text = inflect(numeral(number), case)
    found = parse(text)
    assert found is not None and found == Number(Decimal(number), how=found.how), text


@given(WHOLE.filter(lambda number: number > 0 and number % 10 != 1 and in_words(number)))
def test_numerals_with_a_suffix_of_approximation(number: int) -> None:
    """All but those in бір, whose бірдей is a word of its own: `он бірдей` is as many as ten."""
    text = inflect(numeral(number), "дай")
    found = parse(text)
    assert found is not None and found == Number(Decimal(number), bound="about", how=found.how), text


@given(WHOLE.filter(in_words), st.integers(0, 999), st.booleans())
def test_num2words_parses_back(whole: int, thousandths: int, negative: bool) -> None:
    number = -whole if negative else whole
    decimal = Decimal(f"{number % 10**6}.{thousandths:03}")
    for value in (Decimal(number), decimal):
        text = num2words(value if value % 1 else int(value), lang="kz")
        found = parse(text)
        assert found is not None and found.value == value and found.high is None, text


@given(WHOLE, st.sampled_from([" ", "\u00a0", "\u2009", "\u202f"]), st.integers(0, 99))
def test_digits_parse_back(number: int, space: str, hundredths: int) -> None:
    text = f"{number:,}".replace(",", space) + f",{hundredths:02}"
    found = parse(text)
    assert found is not None and found.value == Decimal(f"{number}.{hundredths:02}")


@given(st.integers(1, 999), st.integers(1, 999), st.sampled_from(["-", "–", " — "]))
def test_ranges_share_the_scale(low: int, step: int, dash: str) -> None:
    found = parse(f"{low}{dash}{low + step} мың")
    assert found is not None and found.value == low * 1000 and found.high == (low + step) * 1000


@given(st.integers(0, 10**12), st.sampled_from(["мың", "млн", "миллиард"]))
def test_scale_words_are_exact(tenths: int, scale: str) -> None:
    factor = {"мың": 10**3, "млн": 10**6, "миллиард": 10**9}[scale]
    found = parse(f"{tenths // 10},{tenths % 10} {scale}")
    assert found is not None and found.value * 10 == tenths * factor


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from([*ONES, *TENS, *SCALES, "жүз", "бүтін", "да", "-", "/", "5", "оннан"])).map(" ".join)
)
def test_any_text_is_read_without_error(text: str) -> None:
    found = parse(text)
    assert found is None or (isinstance(found, Number) and (found.high is None or found.high > found.value))


@pytest.mark.parametrize(
    ("text", "bound"),
    [("асады", "over"), ("аспауы тиіс", "at_most"), ("кем болмауы керек", "at_least"), ("өсті", None)],
)
def test_bound_of_words_outside_the_span(text: str, bound: str | None) -> None:
    assert read_bound(text) == bound
