"""Values and dates written another way: `10,3 млрд теңге`, `он миллиард үш жүз миллион теңге`, `10300000000 теңге`.

TV transcripts spell numbers out, print news writes digits. A number is rewritten only where it is read for sure, and
its endings go over to the new last word by its sounds: `58-ге` is `елу сегізге`. Whatever else a span holds stays.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Literal

from annotations.document import Document, Span
from annotations.labels import default_labels
from train.augment.endings import CASES, PARTICLES, Endings, attach, forms, suffix, suffixes
from train.augment.numerals import SHORT, SPACES, Number, find, in_digits, in_words, with_scale
from train.augment.rewriting import Edit, rewrite

# A unit: the words for it | the signs for it.
_UNITS = """
теңге | тг
пайыз, процент | %
гектар | га
километр, шақырым | км
метр | м
сантиметр | см
миллиметр | мм
килограмм, келі | кг
тонна | т
центнер | ц
литр | л
мегаватт | МВт
киловатт | кВт
шаршы метр | м², ш.м, кв. м, шаршы м
шаршы километр, шаршы шақырым | км²
текше метр | м³, текше м
"""
# What a bare number of a date counts, and the months whose days it numbers.
_COUNTED = ("жыл", "ай", "апта", "күн", "жас", "сағат", "минут", "секунд", "тәулік", "күнтізбелік", "жұмыс")
_MONTHS = (
    *("қаңтар", "ақпан", "наурыз", "сәуір", "мамыр", "маусым"),
    *("шілде", "тамыз", "қыркүйек", "қазан", "қараша", "желтоқсан"),
)
_YEARS = range(1500, 2101)

_OPENS, _CLOSES = ' \u00a0\n\t(«“"', ' \u00a0\n\t.,;:!?…)»”"'
_WORD = re.compile(rf"[{SPACES}]([^\W\d_]+)")
_WORD_BEFORE = re.compile(r"[^\W\d_]{2}$")
_NEXT = re.compile(rf"[{SPACES}]?([^\W\d_]+|\S)?")
_MARKS = frozenset('.,;:!?…)»”"–—-(')
_TAIL = re.compile(rf"(?P<dash>[{SPACES}]?[-–‑][{SPACES}]?(?=[^\W\d_]))?(?P<letters>[^\W\d_]*)")
_COMPOUND = re.compile(rf"[{SPACES}]?(?:[/·*²³\d]|(?:сағ|куб|текше|шаршы|тармақ|пункт))")
_VOWEL = re.compile("[аәоөұүыіеэиуюяё]", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(?:^|[.!?…]\s|\n)[\s«“\"(–—-]*$")
_DAY = re.compile(rf"(?P<year>\d{{4}}) жыл(?:ғы|дың|ы) (?P<day>[1-9]|[12]\d|3[01]) (?P<month>{'|'.join(_MONTHS)})")
_NUMERIC_DAY = re.compile(r"(?P<day>0[1-9]|[12]\d|3[01])\.(?P<month>0[1-9]|1[0-2])\.(?P<year>\d{4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A writer's habits. Numbers are in words, in digits or in digits with scale words, `group` between thousands;
    scale words in full, short (млрд), with a full stop (млрд.), or run into the unit (млрд.теңге), and the greatest or
    a `low` one (10 300 млн); `decimals` rather than жарым and smaller scales; units as signs or words, number `variant`
    of those in use; dates as 05.03.2023."""

    numbers: Literal["words", "digits", "scaled"]
    group: str = ""
    scale: Literal["full", "short", "stopped", "glued"] = "full"
    low: bool = False
    decimals: bool = False
    signs: bool = False
    variant: int = 0
    numeric_dates: bool = False


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit that ends at `end`: its words and signs, and the endings on it."""

    end: int
    words: tuple[str, ...]
    signs: tuple[str, ...]
    endings: Endings


def respelled(document: Document, random: Random) -> Document | None:
    """The document in another style of numbers, drawn at random; None where no style changes anything."""
    numbers: list[Literal["words", "digits", "scaled"]] = ["words", "digits", "scaled"]
    for kind in random.sample(numbers, len(numbers)):
        style = Style(
            numbers=kind,
            group=random.choice(("", " ", "\u00a0")),
            scale=random.choice(("full", "short", "stopped", "glued")),
            low=random.random() < 0.3,
            decimals=random.random() < 0.5,
            signs=random.random() < 0.5,
            variant=random.randrange(4),
            numeric_dates=random.random() < 0.5,
        )
        if (other := respell(document, style)).text != document.text:
            return other
    return None


def respell(document: Document, style: Style) -> Document:
    """The document with its values, dates and ordinals in the style, as far as they are read for sure."""
    values = default_labels().names({"value"})
    edits: list[Edit] = []
    for span in document.spans:
        if not _stands_alone(document.text, span):
            continue
        if span.label in values:
            edits += _value(document, span, style)
        elif span.label == "ORDINAL":
            edits += _ordinal(document, span, style)
        elif span.label in ("DATE", "TIME"):
            edits += _date(document, span, style)
    return rewrite(document, edits)


def _stands_alone(text: str, span: Span) -> bool:
    """Whether nothing is written on to the span as in 6х5, №5, 11-сынып, or parted from it as in `5 | . 6`."""
    before, behind = text[: span.start], text[span.end :][:2]
    return (
        before[-1:] in _OPENS
        and before.rstrip(SPACES)[-1:] not in ("№", "$", "€", "£")
        and behind[:1] in _CLOSES
        and not behind[1:].isdigit()
    )


def _value(document: Document, span: Span, style: Style) -> Iterator[Edit]:
    """The one number of a value span, with the unit right behind it."""
    text = document.text
    number = _only(find(document.cut(span)))
    if number is None or (number.words and number.value == 1 and span.label == "CARDINAL"):  # бір is an article too
        return
    if _noun(text, span.end) in PARTICLES:  # it goes by the sounds of the word that ends the value
        return
    before = document.cut(span)[: number.start].rstrip(SPACES)
    if before and not _WORD_BEFORE.search(before):  # -30, $14, Т1,2 млрд
        return
    start, end = span.start + number.start, span.start + number.end
    unit = None if number.endings else _unit(text, end, span.end)
    stopped = text[end : end + 1] == "." and (number.short or end < span.end)
    if unit is None and (text[end : end + 1].isalnum() or stopped):
        return  # 9,7 млрд.долл, [5 млн]. теңге
    written = _written(number, style, before_unit=unit is not None)
    if unit and written:
        name = _named(unit, style)
        space = "" if name.startswith("%") or (style.scale == "glued" and written.endswith(".")) else " "
        written, end = written + space + name, unit.end
    if written and (style.numbers != "words" or _is_read_out(text, end)):
        yield _edit(text, start, end, written)


def _written(number: Number, style: Style, *, before_unit: bool) -> str | None:
    match style.numbers:
        case "words":
            return in_words(number.value, number.endings, decimals=style.decimals)
        case "digits":
            return in_digits(number.value, number.endings, group=style.group)
        case "scaled":
            short = style.scale != "full"
            text = with_scale(number.value, number.endings, group=style.group, short=short, low=style.low)
            stopped = before_unit and style.scale in ("stopped", "glued")
            return f"{text}." if text and stopped and text.endswith(tuple(SHORT.values())) else text


def _is_read_out(text: str, position: int) -> bool:
    """Whether numerals may stand before what follows: a word or a mark, but no sign or consonants only (°, кВ, ш.м)."""
    following = _NEXT.match(text, position)
    token = following[1] if following else None
    if token is None:
        return True
    return len(token) > 1 and _VOWEL.search(token) is not None if token[0].isalpha() else token in _MARKS


@cache
def _units() -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Each word and sign with the words and signs of its unit, the longest first."""
    rows = [[tuple(name.split(", ")) for name in line.split(" | ")] for line in _UNITS.strip().splitlines()]
    names = [(name, words, signs) for words, signs in rows for name in (*words, *signs)]
    return sorted(names, key=lambda row: -len(row[0]))


def _unit(text: str, start: int, stop: int) -> _Unit | None:
    """The unit at `start`, after a space or none; None if there is none that is known and read for sure."""
    start += text[start : start + 1] in tuple(SPACES)
    for name, words, signs in _units():
        if not text.startswith(name, start, stop):
            continue
        tail = _TAIL.match(text, start + len(name), stop)
        if tail is None or _COMPOUND.match(text, tail.end()):
            return None
        if name in words:
            last = name.rpartition(" ")[2]
            endings = None if tail["dash"] else forms(last).get(last + tail["letters"])
        elif tail["dash"]:
            endings = next((found for word in words if (found := suffixes(_last(word)).get(tail["letters"]))), None)
        else:
            endings = None if tail["letters"] else ()
        return None if endings is None else _Unit(tail.end(), words, signs, endings)
    return None


def _named(unit: _Unit, style: Style) -> str:
    """The unit in the style. Endings of a sign stand behind a hyphen (5 км-ге), but only the common ones."""
    word = unit.words[style.variant % len(unit.words)]
    sign = unit.signs[style.variant % len(unit.signs)]
    if style.signs and style.numbers != "words":
        if not unit.endings:
            return sign
        if unit.endings[0] in CASES or (sign == "%" and unit.endings[0] == "possessive"):
            return f"{sign}-{suffix(_last(word), unit.endings)}"
    form = attach(_last(word), unit.endings)
    assert form is not None  # the sounds of the table's words leave no doubt
    return word.removesuffix(_last(word)) + form


def _last(words: str) -> str:
    return words.rpartition(" ")[2]


def _date(document: Document, span: Span, style: Style) -> Iterator[Edit]:
    """A whole day, else the numbers of a date or time one by one."""
    text, cut = document.text, document.cut(span)
    day, numeric = _DAY.fullmatch(cut), _NUMERIC_DAY.fullmatch(cut)
    if day and style.numeric_dates and style.numbers != "words":
        month = _MONTHS.index(day["month"]) + 1
        yield Edit(span.start, span.end, f"{int(day['day']):02}.{month:02}.{day['year']}")
    elif numeric and not style.numeric_dates and not text[span.end :].lstrip().startswith("ж"):
        name = _MONTHS[int(numeric["month"]) - 1]
        yield Edit(span.start, span.end, f"{numeric['year']} жылғы {int(numeric['day'])} {name}")
    else:
        for number in find(cut) or ():
            quarter = number.words and number.value == 90  # ІІ тоқсан
            if "." not in cut[number.start : number.end] and number.value < 10**4 and not quarter:
                start, end = span.start + number.start, span.start + number.end
                if written := _dated(number, _noun(text, end), style):
                    yield _edit(text, start, end, written)


def _dated(number: Number, noun: str, style: Style) -> str | None:
    """A number in a date. In words one that puts in order says so: `2023 жылы` is `екі мың жиырма үшінші жылы`."""
    calendar = (number.value in _YEARS and noun.startswith("жыл")) or noun.startswith(_MONTHS)
    ordinal = number.endings == ("ordinal",)
    if number.endings and not (ordinal and calendar):
        endings = number.endings
    elif ordinal or (not number.words and (calendar or noun.startswith("ғасыр"))):
        endings = ("ordinal",) if style.numbers == "words" else ()
    elif _is_counted(noun):
        endings = ()
    else:
        return None
    return in_words(number.value, endings) if style.numbers == "words" else in_digits(number.value, endings)


def _is_counted(noun: str) -> bool:
    """Whether a bare number before the word of time counts: `5 күнде`, but not `5 күні`."""
    endings = next((forms(stem).get(noun) for stem in _COUNTED if noun in forms(stem)), None)
    return endings is not None and ("possessive" not in endings or noun.startswith("жас"))


def _ordinal(document: Document, span: Span, style: Style) -> Iterator[Edit]:
    """`бірінші` and `1-ші`; bare digits (`2 орын`) are put into words only."""
    number = _only(find(document.cut(span)))
    if number is None or (number.start, number.end) != (0, span.end - span.start):
        return
    bare = not number.words and not number.endings
    if number.endings != ("ordinal",) and not (bare and style.numbers == "words" and _noun(document.text, span.end)):
        return
    write = in_words if style.numbers == "words" else in_digits
    if written := write(number.value, ("ordinal",)):
        yield _edit(document.text, span.start, span.end, written)


def _only(numbers: list[Number] | None) -> Number | None:
    return numbers[0] if numbers and len(numbers) == 1 else None


def _noun(text: str, position: int) -> str:
    """The word behind a space, in lower case; empty where there is none."""
    word = _WORD.match(text, position)
    return word[1].lower() if word else ""


def _edit(text: str, start: int, end: int, written: str) -> Edit:
    """The edit, capitalised where the old text was or a sentence begins."""
    old = text[start]
    if old.isupper() or (old.isdigit() and _SENTENCE_START.search(text, max(start - 9, 0), start)):
        written = written[0].upper() + written[1:]
    return Edit(start, end, written)
