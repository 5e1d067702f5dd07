"""Numbers as Kazakh writes them: read from numerals or digits where that is sure, and written either way.

`он екі бүтін оннан бес` is 12.5, `екі жарым миллион` 2,500,000. бір may stand before жүз and мың or not; it is written
before greater ones only. `бір миллион алты жүз`, which is said for 1,600,000 too, is neither read nor written.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from train.augment.endings import Endings, attach, forms, suffix, suffixes

ONES = ["нөл", "бір", "екі", "үш", "төрт", "бес", "алты", "жеті", "сегіз", "тоғыз"]
TENS = ["", "он", "жиырма", "отыз", "қырық", "елу", "алпыс", "жетпіс", "сексен", "тоқсан"]
SCALES = {"триллион": 10**12, "миллиард": 10**9, "миллион": 10**6, "мың": 10**3}
SHORT = {"триллион": "трлн", "миллиард": "млрд", "миллион": "млн"}
SPACES = " \u00a0\u2009\u202f"

_HUNDRED, _WHOLE, _HALF = "жүз", "бүтін", "жарым"
_ALIKE = "бірдей"  # about one, and a word of its own: alike, as many as
_HALF_VALUE = Decimal("0.5")
_SMALL = {word: value for value, word in enumerate(ONES)} | {word: 10 * ten for ten, word in enumerate(TENS) if word}
_PARTS = {"он": 10, _HUNDRED: 100, "мың": 1000}
_LONG = {short: word for word, short in SHORT.items()} | {"тыс": "мың"}
_LIKE_NUMERALS = (*_SMALL, _HUNDRED, *SCALES, _WHOLE, _HALF, "жарты")
_COLLOQUIAL = range(200, 1000, 100)  # behind millions these may be said for hundreds of thousands

_DIGITS = re.compile(rf"(?:[1-9]\d{{0,2}}(?:[{SPACES}]\d{{3}})+(?!\d)|0(?!\d)|[1-9]\d*)(?:[.,]\d{{1,2}})?(?![.,:/]?\d)")
_START = re.compile(r"\d+|[^\W\d_]+")
_WORD = re.compile(rf"[{SPACES}]?([^\W\d_]+)")
_HANGING = re.compile(rf"\.?(?P<dash>[{SPACES}]?[-–‑][{SPACES}]?)(?P<ending>[^\W\d_]+)")
_JOINED = re.compile(rf"[{SPACES}]?[-–—/:*×][{SPACES}]?")


@dataclass(frozen=True, slots=True)
class Number:
    """A number that stands in text[start:end] with its endings; `words` when not in digits, `short` when its scale
    word is cut short (млн)."""

    start: int
    end: int
    value: Decimal
    endings: Endings = ()
    words: bool = False
    short: bool = False


def find(text: str) -> list[Number] | None:
    """The numbers of a text in order; None where anything that looks like one is not read for sure."""
    numbers: list[Number] = []
    position = 0
    while (start := _START.search(text, position)) is not None:
        position = start.end()
        if start[0][0].isdigit():
            number = _in_digits(text, start.start())
        elif start[0].lower().startswith(_LIKE_NUMERALS) or start[0] in _LONG:
            number = _in_words(text, start.start())
        else:
            continue
        if number is None or (numbers and _JOINED.fullmatch(text[numbers[-1].end : number.start])):
            return None
        numbers.append(number)
        position = number.end
    return numbers


def spell(value: Decimal, *, decimals: bool = False) -> list[str] | None:
    """The words of a number; None for one that has no sure reading.

    A half is read жарым. With `decimals` it is not, and a scale counts decimals where one is enough: 10,300,000,000
    is `он бүтін оннан үш миллиард`.
    """
    if value >= 10**15:
        return None
    if value >= 10**6:
        scale, size = next((word, size) for word, size in SCALES.items() if value >= size)
        scaled = value / size
        if scaled % 1 == _HALF_VALUE or (decimals and scaled % 1 and not scaled * 10 % 1):
            return [*(spell(scaled, decimals=decimals) or ()), scale]
    whole, rest = divmod(value, 1)
    words = _spell_whole(int(whole))
    if words is None or not rest:
        return words
    if whole and rest == _HALF_VALUE and not decimals:
        return [*words, _HALF]
    for part, size in _PARTS.items():
        if not rest * size % 1:
            return [*words, _WHOLE, attach(part, ("ablative",)) or part, *_chunk(int(rest * size))]
    return None


def in_words(value: Decimal, endings: Endings, *, decimals: bool = False) -> str | None:
    """The number in numerals with its endings."""
    words = spell(value, decimals=decimals)
    last = attach(words[-1], endings) if words else None
    return None if words is None or last in (None, _ALIKE) else " ".join([*words[:-1], last])


def in_digits(value: Decimal, endings: Endings, *, group: str = "") -> str | None:
    """The number in digits, its endings behind a hyphen: `58-ге`, `5-ші`. `group` stands between the thousands."""
    text = f"{value.normalize():,f}".replace(",", " ").replace(".", ",").replace(" ", group)
    if not endings:
        return text
    words = None if value % 1 else spell(value)
    hanging = suffix(words[-1], endings) if words else None
    return None if hanging is None else f"{text}-{hanging}"


def with_scale(
    value: Decimal, endings: Endings, *, group: str = "", short: bool = False, low: bool = False
) -> str | None:
    """The number in digits and the greatest scale word that leaves two decimals at most, one for мың: `10,3 млрд`,
    `2 млн-нан`; with `low` the next one where that does away with the decimals: `10 300 млн`."""
    scaled = [(word, value / size) for word, size in SCALES.items() if value >= size]
    scaled = [(word, count) for word, count in scaled if not count * (100 if word in SHORT else 10) % 1]
    if not scaled:
        return in_digits(value, endings, group=group)
    word, count = scaled[1 if low and len(scaled) > 1 and scaled[0][1] % 1 and not scaled[1][1] % 1 else 0]
    digits = in_digits(count, (), group=group)
    if short and word in SHORT and endings in ((), ("ablative",)):
        return f"{digits} {SHORT[word]}" + (f"-{suffix(word, endings)}" if endings else "")
    form = attach(word, endings)
    return None if form is None else f"{digits} {form}"


def _chunk(value: int) -> list[str]:
    """The words of a number below a thousand, none for 0."""
    hundreds, tens, ones = value // 100, value // 10 % 10, value % 10
    words = [ONES[hundreds]] * (hundreds > 1) + [_HUNDRED] * (hundreds > 0)
    return words + [TENS[tens]] * (tens > 0) + [ONES[ones]] * (ones > 0)


def _spell_whole(value: int) -> list[str] | None:
    if value >= 10**6 and value % 10**6 in _COLLOQUIAL:
        return None
    words = []
    for scale, size in SCALES.items():
        if chunk := value // size % 1000:
            words += [scale] if value // 1000 == 1 else [*_chunk(chunk), scale]
    return words + _chunk(value % 1000) or [ONES[0]]


@cache
def _numerals() -> dict[str, tuple[str, Endings]]:
    stems = [*_SMALL, _HUNDRED, *SCALES]
    known = {form: (stem, endings) for stem in stems for form, endings in forms(stem).items() if form != _ALIKE}
    return known | {word: (word, ()) for word in (_WHOLE, _HALF)}


def _numeral(word: str) -> tuple[str, Endings] | None:
    """The stem and endings of a numeral that is written in lower case or capitalised."""
    return _numerals().get(word.lower()) if word.islower() or word.istitle() else None


def _in_words(text: str, start: int) -> Number | None:
    stems: list[str] = []
    endings: Endings = ()
    word, end = _WORD.match(text, start), start
    while word is not None and (numeral := _numeral(word[1])) is not None:
        opens_part = bool(stems) and stems[-1] == _WHOLE and numeral[1] == ("ablative",)
        stems.append(numeral[0])
        endings, end = (() if opens_part else numeral[1]), word.end()
        word = None if endings else _WORD.match(text, end)
    value = _value(stems)
    if value is None or _DIGITS.match(text, end + 1):
        return None
    return Number(start, end, value, endings, words=True)


def _value(stems: Sequence[str]) -> Decimal | None:
    """What numerals without endings say."""
    for middle in (_WHOLE, _HALF):
        if middle in stems:
            place = stems.index(middle)
            left, right = stems[:place], list(stems[place + 1 :])
            scale = SCALES[right.pop()] if right and right[-1] in SCALES and (middle == _HALF or len(right) > 2) else 1
            whole, part = _cardinal(left), _decimals(right) if middle == _WHOLE else None if right else _HALF_VALUE
            return None if whole is None or part is None or whole >= 1000 else (whole + part) * scale
    whole = _cardinal(stems)
    return None if whole is None else Decimal(whole)


def _decimals(stems: Sequence[str]) -> Decimal | None:
    """`он бес`, out of оннан бес: 0.5."""
    size, part = _PARTS.get(stems[0]) if stems else None, _cardinal(stems[1:])
    return None if size is None or part is None or not 0 < part < size else Decimal(part) / size


def _cardinal(stems: Sequence[str]) -> int | None:
    """A whole number, if its words are those that spell it."""
    total = chunk = 0
    for stem in stems:
        if stem in SCALES:
            total, chunk = total + (chunk or 1) * SCALES[stem], 0
        elif stem == _HUNDRED:
            chunk = (chunk or 1) * 100
        elif stem in _SMALL:
            chunk += _SMALL[stem]
        else:
            return None
    words = _spell_whole(total + chunk)
    return total + chunk if stems and words is not None and _bare(words) == _bare(stems) else None


def _bare(words: Sequence[str]) -> list[str]:
    """The words without the бір that may be left out."""
    greater = {_HUNDRED, *SCALES}
    return [
        word for word, behind in zip(words, [*words[1:], ""], strict=True) if word != ONES[1] or behind not in greater
    ]


def _in_digits(text: str, start: int) -> Number | None:
    digits = _DIGITS.match(text, start)
    if digits is None or (start and text[start - 1] not in SPACES + "(\n"):
        return None
    value = Decimal(re.sub(rf"[{SPACES}]", "", digits[0]).replace(",", "."))
    end, short = digits.end(), False
    spoken: str | None = None
    endings: Endings = ()
    if (scale := _WORD.match(text, end)) is not None:
        if (word := _LONG.get(scale[1])) is not None:
            spoken, end, short = word, scale.end(), True
        elif (numeral := _numeral(scale[1])) is not None:
            if numeral[0] not in SCALES:
                return None
            spoken, endings, end = *numeral, scale.end()
    if spoken is not None:
        value *= SCALES[spoken]
    elif not value % 1 and (words := spell(value)) is not None:
        spoken = words[-1]
    hanging = None if endings else _HANGING.match(text, end)
    if hanging is not None:
        found = suffixes(spoken).get(hanging["ending"]) if spoken else None
        if found is not None:
            endings, end = found, hanging.end()
        elif len(hanging["dash"]) < 3:
            return None
    if short and not endings and text[end : end + 1] == ".":
        end += 1
    return Number(start, end, value, endings, short=short)
