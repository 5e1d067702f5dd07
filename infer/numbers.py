"""Numbers as Kazakh news writes them: digits, numerals in any case form, scale words, fractions, ranges and bounds.

A span is cut into tokens, numerals lose their endings, a cardinal is summed up from its tokens, two cardinals may join
into a fraction or a range, and the words around them say how the number bounds what is counted (the rules are those of
the annotation guide). Verbs outside the span are the linker's: `read_bound` reads them by the same table.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from functools import cache, lru_cache
from typing import Literal

Bound = Literal["exact", "about", "over", "under", "at_least", "at_most", "range"]
_Role = Literal[
    "digits", "one", "ten", "hundred", "scale", "half", "whole", "and", "join", "minus", "plus", "dash", "slash", "word"
]

_ONES = ["нөл", "бір", "екі", "үш", "төрт", "бес", "алты", "жеті", "сегіз", "тоғыз"]
_COLLECTIVES = ["ноль", "біреу", "екеу", "үшеу", "төртеу", "бесеу", "алтау", "жетеу"]
_TENS = ["он", "жиырма", "отыз", "қырық", "елу", "алпыс", "жетпіс", "сексен", "тоқсан"]
# Power of ten: its words. Hundredths of a currency are a scale too: `5 теңге 20 тиын` is 5.20.
_SCALES = {
    -2: "тиын цент",
    3: "мың мын тыс",
    6: "миллион млн",
    9: "миллиард миллиарт млрд",
    12: "триллион трлн",
    15: "квадриллион",
    18: "квинтиллион",
    21: "секстиллион",
    24: "септиллион",
    27: "октиллион",
    30: "нониллион",
}
_NUMERALS: dict[str, tuple[_Role, Decimal]] = {
    **{word: ("one", Decimal(value)) for words in (_ONES, _COLLECTIVES) for value, word in enumerate(words)},
    **{word: ("ten", Decimal(value * 10)) for value, word in enumerate(_TENS, start=1)},
    **{word: ("scale", Decimal(1).scaleb(power)) for power, words in _SCALES.items() for word in words.split()},
    **dict.fromkeys(("жүз", "жуз"), ("hundred", Decimal(100))),
    "жарым": ("half", Decimal("0.5")),
    "жарты": ("half", Decimal("0.5")),
    "ширек": ("scale", Decimal("0.25")),
    "бүтін": ("whole", Decimal(0)),
}
_PARTICLES: dict[str, _Role] = {
    **dict.fromkeys(("мен", "пен", "бен", "немесе", "не", "әлде", "яки"), "join"),
    **dict.fromkeys(("да", "де", "та", "те"), "and"),
    "минус": "minus",
    **dict.fromkeys(("плюс", "+"), "plus"),
    "бірдей": "word",
}
_COUNTING = frozenset({"digits", "one", "ten", "hundred", "scale", "half"})

# The rows stand in order of strength: a span with words of two rows takes the bound of the upper row.
_BOUNDS: dict[Bound, str] = {
    "at_least": """
        кемінде, кем дегенде, аз дегенде, кемі, ең азы, ең кемі, бастап,
        кем емес, аз емес, төмен емес, кем болмау, аз болмау, төмен болмау, кем түспейтін, төмен түспейтін,
        одан көп, одан да көп, одан артық, одан жоғары, одан астам""",
    "at_most": """
        дейін, шейін, көп дегенде, ең көбі, әрі кетсе, одан аз, одан кем, одан төмен,
        артық емес, көп емес, жоғары емес, артық болмау, көп болмау, жоғары болмау,
        аспайтын, аспайды, аспау, аспаған, аспай, аспаса, асырмай, асырмау, асқан жоқ, артпау""",
    "over": "астам, аса, артық, көп, жоғары, асатын, асады, асқан, асты, асып, асу, асыру, асса",
    "under": "аз, кем, төмен, жетпейтін, жетпейді, жетпеген, жетпей, толмайтын, толмайды, толмаған",
    "about": """
        шамамен, шамасы, шамасында, шамалас, жобамен, бірнеше, жуық, тарта, таяу, тақау, жақын, шақты, деген, қаралы,
        о жақ, маңында, маңайында, төңірегінде, жуықтап, жуықтады, жуықтайды, жуықтаған, жақындап, жақындады""",
}
_PHRASES: list[tuple[list[str], Bound]] = sorted(
    ((phrase.split(), bound) for bound, phrases in _BOUNDS.items() for phrase in phrases.split(",")),
    key=lambda row: -len(row[0]),
)
# After a dative these compare and do not bound (`20 процентке көп`); төмен and жоғары bound only after an ablative.
_COMPARING = frozenset({"артық", "көп", "аз", "кем", "төмен", "жоғары"})
_DIRECTIONS = frozenset({"төмен", "жоғары"})
_COLD = ("суық", "аяз")
# What is counted, its smaller unit, and how many of these make one: `1 метр 20 сантиметр`.
_SUBUNITS = (
    (("километр", "шақырым", "км"), ("метр", "м"), 1000),
    (("метр", "м"), ("сантиметр", "см"), 100),
    (("тонна", "т"), ("килограмм", "келі", "кг"), 1000),
    (("центнер", "ц"), ("килограмм", "келі", "кг"), 100),
    (("килограмм", "келі", "кг"), ("грамм", "г"), 1000),
    (("гектар", "га"), ("сотық",), 100),
)
_DENOMINATORS = frozenset(map(Decimal, (*range(2, 11), 100, 1000)))

# Endings in the order of the word: approximation, adjective, plural, possessive, case, -ғы.
_ENDING = re.compile(
    r"(?:[дт][ае]й|[длт](?:аған|еген)|шақты)?"
    r"(?:[длт][ыі][қкғг]?)?"
    r"(?:[длт][ае]р)?"
    r"(?:[ыі]?(?:с?[ыі]|м[ыі]з))?"
    r"(?:[ндт][ыі]ң?|[ғгқк][ае]|н?[дт][ае]н?|н[ае]н?|(?<=[ыі])н|[мбп]ен)?"
    r"(?:[ғг][ыі])?"
)
_APPROXIMATION = re.compile(r"(?<!\bбір)(?:[дт][ае]й|[длт](?:аған|еген)|шақты)(?:[ыі](?:н[ае]?)?)?$")
_ABLATIVE = re.compile(r"[днт][ае]н$")
_POSSESSIVE = re.compile(r"с?[ыі]")
_DATIVE = re.compile(r"(?:[ғгқк]|[ыі]н)[ае]$")
_VOICED = {"қ": "ғ", "к": "г", "п": "б"}

_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_TO_CYRILLIC = str.maketrans("aceiopxyh", "асеіорхуһ")
_TO_LATIN = str.maketrans("ІХӀ", "IXI")
_LETTERS = re.compile(r"([^\W\d_]+)")
# The marks of a speaker's hesitation in transcripts of broadcasts: `екі мың (ээ) төрт жүз`.
_HESITATION = re.compile(r"\([аәеоуыіэ]{1,3}\)")
_GLUED = re.compile(r"(млн|млрд|трлн)(.+)")
_TOKEN = re.compile(
    r"(?P<digits>\d+(?: \d{3}(?!\d))*(?:[.,]\d+)*(?:, \d\d?(?!\d))?)"
    r"|(?P<letters>[смкд]?м[23](?!\d)|[^\W\d_]+)|(?P<dash>[-‐-―−]|\.\.+)|(?P<slash>[/:⁄])|(?P<mark>[^\w\s.])"
)
_CURRENCY_SIGNS = frozenset("$€£¥₸")
_SCALE_FOLLOWS = re.compile(r"[\s.]*(?:тыс|мың|мил|мл[нр]|три|трл|квадр)")
_ROMAN = re.compile(r"\b(?=[IVXLC])C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


@dataclass(frozen=True, slots=True)
class Number:
    """A number read from a value span: `value`, or `value` to `high` when `bound` is "range".

    `scale` is the factor of the scale words that it ends in (1000 for `5 мың`), and `how` names the rules that read it.
    """

    value: Decimal
    high: Decimal | None = None
    bound: Bound = "exact"
    scale: Decimal = field(default=Decimal(1), kw_only=True, compare=False)
    how: str = field(kw_only=True)

    def times(self, scale: Decimal) -> "Number":
        """The number with a scale that stands outside its span: the 8,4 of `8,4, ал былтыр 6,8 млрд`."""
        high = None if self.high is None else _plain(self.high * scale)
        return replace(
            self,
            value=_plain(self.value * scale),
            high=high,
            scale=self.scale * scale,
            how=f"{self.how} + shared scale",
        )


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, a number in digits or a mark; `ending` follows a numeral's stem, or hangs on the token by a dash."""

    text: str
    role: _Role
    value: Decimal = Decimal(0)
    ending: str = ""

    @property
    def tail(self) -> str:
        """The letters that show the case."""
        return self.ending or (self.text if self.role == "word" else "")


@dataclass(frozen=True, slots=True)
class _Quantity:
    """A cardinal or fraction that stands in tokens[start:end]."""

    value: Decimal
    start: int
    end: int
    how: str


def parse(text: str) -> Number | None:
    """Read the number in the text of a value span; None when it holds none.

    Unit words and case endings around the number are passed over. A fraction that does not terminate is rounded to
    four places, as in the annotation: `үштен бірі` is 0.3333.
    """
    with localcontext(prec=60):
        tokens = _tokenize(text)
        start = _next_number(tokens, 0)
        if start is None:
            return _parse_roman(text)
        low = last = _quantity(tokens, start)
        sign = -1 if _negative(tokens, start) else 1
        value, high, how = sign * low.value, None, low.how
        second = _next_number(tokens, low.end)
        other = None if second is None else _quantity(tokens, second)
        rest = None if other is None else _rest(tokens, low, other)
        if rest is not None:
            value += sign * rest
        elif other is not None and _joined(tokens, low, other):
            value = sign * _with_scale_of(tokens, low, other)
            end = other.value if tokens[other.start - 1].role == "plus" else sign * other.value
            if end > value or (end < value and (value < 0 or _is_way(tokens, other))):
                value, high = sorted((value, end))
                last, how = other, f"range of {other.how}"
        bound: Bound = "range" if high is not None else _bound(tokens) or "exact"
        if bound not in ("exact", "range"):
            how += " + word of bound" if any(_named_bounds(tokens)) else " + suffix of approximation"
        scale = _split_scale(tokens, last)[1]
        return Number(_plain(value), None if high is None else _plain(high), bound, scale=scale, how=how)


def read_bound(text: str) -> Bound | None:
    """The bound that the words of a text name (`асады` over, `кем емес` at_least), for words outside a value span."""
    return _bound(_tokenize(text))


def normalize(text: str) -> str:
    """Lower-case NFKC text with the letters and spaces of Kazakh words put right. For matching only: offsets shift."""
    words = "".join(map(_respell, _LETTERS.split(unicodedata.normalize("NFKC", text).lower())))
    return _HESITATION.sub("", words)


def _respell(word: str) -> str:
    """The word with its look-alikes replaced, and a scale cut from the unit that is glued to it (`млнтеңге`)."""
    word = word.translate(_TO_CYRILLIC) if _CYRILLIC.search(word) else word
    glued = _GLUED.fullmatch(word)
    return f"{glued[1]} {glued[2]}" if glued and not _ENDING.fullmatch(glued[2]) else word


def strip_ending(word: str, stems: Iterable[str]) -> tuple[str, str] | None:
    """The longest of `stems` that a lower-case word is a form of, and its ending; None when it is a form of none.

    A final қ, к, п may be voiced (қырығы) and a last short vowel dropped (орны).
    """
    found = ((stem, word[len(form) :]) for stem in stems for form in _forms(stem) if word.startswith(form))
    return max((row for row in found if _ENDING.fullmatch(row[1])), key=lambda row: len(row[0]), default=None)


@cache
def _forms(stem: str) -> tuple[str, ...]:
    voiced = (stem[:-1] + _VOICED[stem[-1]],) if stem[-1] in _VOICED else ()
    shortened = (stem[:-2] + stem[-1],) if stem[-2:-1] in ("ы", "і") else ()
    return stem, *voiced, *shortened


def _tokenize(text: str) -> list[_Token]:
    """Tokens of a text. A word that hangs on another token (`66%-і`, `1975 -тен`, `58ге`) becomes its ending."""
    text = normalize(text)
    tokens: list[_Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        token = _token(match)
        hanging = token.role == "word" and match.lastgroup == "letters"
        if hanging and len(tokens) > 1 and tokens[-1].role == "dash":
            tokens[-2:] = [replace(tokens[-2], ending=token.text)]
        elif (
            hanging and tokens and tokens[-1].role == "digits" and match.start() == end and _ENDING.fullmatch(match[0])
        ):
            tokens[-1] = replace(tokens[-1], ending=token.text)
        else:
            tokens.append(token)
        end = match.end()
    return tokens


def _token(match: re.Match[str]) -> _Token:
    text = match[0]
    match match.lastgroup:
        case "digits":
            value = _decimal(match)
            return _Token(text, "word") if value is None else _Token(text, "digits", value)
        case "dash":
            return _Token(text, "dash")
        case "slash":
            return _Token(text, "slash")
    if text in _PARTICLES:
        return _Token(text, _PARTICLES[text])
    return _word(text)


@lru_cache(maxsize=2**14)
def _word(text: str) -> _Token:
    if (split := strip_ending(text, _NUMERALS)) is None:
        return _Token(text, "word")
    stem, ending = split
    return _Token(text, *_NUMERALS[stem], ending)


def _decimal(match: re.Match[str]) -> Decimal | None:
    """The value of digits with dots, commas and spaces; None for dates and the like (`14.03.2024`).

    Of two kinds of marks the last is decimal, a repeated mark cuts thousands, and a single one is decimal but before
    three digits: there a dot cuts thousands if no scale word follows (`101.450`), a comma beside a sign (`$11,245`).
    """
    digits = match[0].replace(" ", "")
    groups = re.split(r"[.,]", digits)
    marks = [mark for mark in digits if mark in ".,"]
    whole, part = "".join(groups[:-1]), groups[-1]
    if not marks:
        return Decimal(digits)
    if len(set(marks)) == 2:
        return Decimal(f"{whole}.{part}") if marks.count(marks[-1]) == 1 else None
    threes = all(len(group) == 3 for group in groups[1:])
    if len(marks) > 1:
        return Decimal(whole + part) if threes else None
    cuts = (
        not _CURRENCY_SIGNS.isdisjoint(match.string)
        if marks[0] == ","
        else not _SCALE_FOLLOWS.match(match.string, match.end())
    )
    thousands = threes and cuts and whole != "0" and len(whole) <= 3
    return Decimal(whole + part if thousands else f"{whole}.{part}")


def _counts(tokens: Sequence[_Token], index: int) -> bool:
    return index < len(tokens) and tokens[index].role in _COUNTING


def _next_number(tokens: Sequence[_Token], start: int) -> int | None:
    return next((index for index in range(start, len(tokens)) if _counts(tokens, index)), None)


def _cardinal(tokens: Sequence[_Token], start: int) -> _Quantity:
    """The longest cardinal that starts at tokens[start]: chunks below a thousand, each times its scale, summed.

    A case ending ends it (`төрттен бірі` is two), an ending of approximation does not (`ондаған мың`). After a scale of
    a million or more, a closing `алты жүз` counts in the next lower scale: `бір миллион алты жүз` is 1,600,000.
    """
    total, chunk = Decimal(0), None
    scale = room = Decimal("Infinity")  # the last scale, and what the next summand must stay below
    end = start
    for token in tokens[start:]:
        match token.role:
            case "digits" | "one" | "ten" if token.value < room:
                chunk = (chunk or 0) + token.value
                room = Decimal(10 if token.role == "ten" else 0)
            case "hundred" if chunk is None and room > token.value:
                chunk = room = token.value
            case "hundred" if chunk is not None and 0 < chunk < 100:
                chunk, room = chunk * token.value, token.value
            case "scale" if token.value < scale and (chunk is not None or not total):
                total += (1 if chunk is None else chunk) * token.value
                scale = room = token.value
                chunk = None
            case "scale" if token.value > scale:
                total = (total + (chunk or 0)) * token.value
                scale = room = token.value
                chunk = None
            case "half" if chunk is None and total:
                total += token.value * scale
                room = Decimal(0)
            case "half":
                chunk = (chunk or 0) + token.value
                room = Decimal(0)
            case _:
                break
        end += 1
        if token.ending and not _APPROXIMATION.fullmatch(token.ending):
            break
    roles = [token.role for token in tokens[start:end]]
    if chunk is not None and scale >= 10**6 and roles[-3:] == ["scale", "one", "hundred"]:
        chunk *= scale / 1000
    how = "digits" if roles[0] == "digits" else "numerals"
    how += " + scale word" if roles[0] == "digits" and "scale" in roles else ""
    how += " + suffix" if tokens[end - 1].ending else ""
    return _Quantity(total + (chunk or 0), start, end, how)


def _quantity(tokens: Sequence[_Token], start: int) -> _Quantity:
    """The cardinal at tokens[start], or the fraction that it opens: `он алты да тоғыз`, `2/3`, `үштен бірі`."""
    first = _cardinal(tokens, start)
    link = tokens[first.end].role if first.end < len(tokens) else None
    if link in ("whole", "and") and _counts(tokens, first.end + 1):
        return _with_tens(tokens, first) or _with_decimals(tokens, first)
    if link == "slash" and _counts(tokens, first.end + 1):
        return _ratio(first, _cardinal(tokens, first.end + 1))
    if (parts := _part_of(tokens, start)) is not None and _is_share(tokens, *parts):
        return replace(_ratio(parts[1], parts[0]), start=start, end=parts[1].end)
    return first


def _with_tens(tokens: Sequence[_Token], first: _Quantity) -> _Quantity | None:
    """A cardinal that да only lengthens: `жүз де он тоғыз` is 119, while `он алты да тоғыз` is 16.9."""
    last, more = tokens[first.end - 1], _cardinal(tokens, first.end + 1)
    if last.role not in ("hundred", "scale") or not 10 <= more.value < last.value:
        return None
    return replace(first, value=first.value + more.value, end=more.end)


def _with_decimals(tokens: Sequence[_Token], whole: _Quantity) -> _Quantity:
    """A whole number with its decimals in words, times the scale: `екі бүтін оннан сегіз миллион`."""
    start = whole.end + 1
    if (parts := _part_of(tokens, start)) is not None:
        numerator, scale = _split_scale(tokens, parts[1])
        decimals, end = numerator / parts[0].value, parts[1].end
    else:
        first = start
        while tokens[start].role == "one" and not tokens[start].value and _counts(tokens, start + 1):
            start += 1
        part = _cardinal(tokens, start)
        numerator, scale = _split_scale(tokens, part)
        decimals, end = Decimal(f"0.{'0' * (start - first)}{int(numerator)}"), part.end
    return _Quantity((whole.value + decimals) * scale, whole.start, end, "whole number and decimals in words")


def _part_of(tokens: Sequence[_Token], start: int) -> tuple[_Quantity, _Quantity] | None:
    """A cardinal above zero in the ablative and the one right after it: `үштен бір`."""
    if not _counts(tokens, start):
        return None
    first = _cardinal(tokens, start)
    if not first.value or not _ABLATIVE.search(tokens[first.end - 1].ending) or not _counts(tokens, first.end):
        return None
    return first, _cardinal(tokens, first.end)


def _is_share(tokens: Sequence[_Token], whole: _Quantity, part: _Quantity) -> bool:
    """Whether `үштен бірі` is meant and no way: `сексеннен алпыс шақырымға дейін`."""
    ending = tokens[part.end - 1].ending
    if part.value >= whole.value or _POSSESSIVE.match(ending):
        return part.value < whole.value
    to = any(_is_form(token, "дейін") or _is_form(token, "шейін") for token in tokens[part.end :])
    return whole.value in _DENOMINATORS and not ending and not to


def _ratio(numerator: _Quantity, denominator: _Quantity) -> _Quantity:
    if not denominator.value:
        return numerator
    value = numerator.value / denominator.value
    exponent = value.as_tuple().exponent
    terminates = isinstance(exponent, int) and exponent > -20
    return _Quantity(value if terminates else round(value, 4), numerator.start, denominator.end, "fraction")


def _split_scale(tokens: Sequence[_Token], quantity: _Quantity) -> tuple[Decimal, Decimal]:
    """What a cardinal counts, and the scale words it ends in: (8, 1000000) for сегіз миллион."""
    scale = Decimal(1)
    for token in reversed(tokens[quantity.start + 1 : quantity.end]):
        if token.role != "scale":
            break
        scale *= token.value
    return quantity.value / scale, scale


def _rest(tokens: Sequence[_Token], low: _Quantity, other: _Quantity) -> Decimal | None:
    """What the second quantity adds to the first: `5 теңге 20 тиын`, `1 млн.- 700 мың`, `1 метр 20 сантиметр`."""
    above, between, below = tokens[low.end - 1], tokens[low.end : other.start], tokens[other.end - 1]
    if below.role != "scale":
        behind = tokens[other.end : other.end + 1]
        sizes = (size for wholes, parts, size in _SUBUNITS if _names(between, wholes) and _names(behind, parts))
        size = next(sizes, None)
        return None if size is None else other.value / size
    if below.value < 1:
        return other.value if above.role != "scale" or above.value > 1 else None
    continues = above.role == "scale" and tokens[other.start - 1].role == "dash" and below.value < above.value
    return other.value if continues else None


def _names(tokens: Sequence[_Token], words: Sequence[str]) -> bool:
    return len(tokens) == 1 and any(_is_form(tokens[0], word) for word in words)


def _joined(tokens: Sequence[_Token], low: _Quantity, other: _Quantity) -> bool:
    """Whether two quantities make a range: by a dash, мен, бастап or an ablative, or as two words in a row."""
    if other.start == low.end and tokens[low.end - 1].role != "digits":
        return True
    return _unsigned(tokens, other).role in ("dash", "join") or _is_way(tokens, other)


def _is_way(tokens: Sequence[_Token], other: _Quantity) -> bool:
    """Whether what stands before the second quantity says where a way starts: `35-тен`, `2 мыңнан бастап`."""
    last = _unsigned(tokens, other)
    return last.text == "бастап" or _ABLATIVE.search(last.tail) is not None


def _unsigned(tokens: Sequence[_Token], other: _Quantity) -> _Token:
    """The token before a quantity and its sign."""
    return next(token for token in reversed(tokens[: other.start]) if token.role not in ("minus", "plus"))


def _with_scale_of(tokens: Sequence[_Token], low: _Quantity, other: _Quantity) -> Decimal:
    """The lower end of a range times the scale that stands only at the upper end: `10–15 мың`, `бес-алты жүз мың`."""
    scaled = any(token.role == "scale" for token in tokens[low.start : low.end])
    scales = sum(token.role == "scale" for token in tokens[other.start : other.end])
    unit = any(token.role == "word" for token in tokens[low.end : other.start])
    if scaled or unit or scales > 1:
        return low.value
    factor = shared = Decimal(1)
    for token in reversed(tokens[other.start + 1 : other.end]):
        if token.role not in ("scale", "hundred"):
            break
        factor *= token.value
        if low.value < other.value / factor:
            shared = factor
    return low.value * shared


def _negative(tokens: Sequence[_Token], start: int) -> bool:
    """Whether the number is below zero: after минус or a dash that opens the span, or with a word of cold behind it."""
    if (start and tokens[start - 1].role == "minus") or (start == 1 and tokens[0].role == "dash"):
        return True
    return any(_is_form(token, word) for token in tokens[start:] for word in _COLD)


def _bound(tokens: Sequence[_Token]) -> Bound | None:
    """The strongest bound named by the words; failing one, "about" for a suffix of approximation (`50 тоннадай`)."""
    named = set(_named_bounds(tokens))
    if named:
        return next(bound for bound in _BOUNDS if bound in named)
    start = _next_number(tokens, 0)
    approximate = start is not None and any(_APPROXIMATION.search(token.tail) for token in tokens[start:])
    return "about" if approximate else None


def _named_bounds(tokens: Sequence[_Token]) -> Iterator[Bound]:
    index = 0
    ablative: bool | None = None  # whether the nearest case before is one, None where there is no case
    while index < len(tokens):
        size = 1
        for phrase, bound in _phrases(tokens[index].text, tokens[index].role):
            words = tokens[index : index + len(phrase)]
            if len(words) == len(phrase) and all(map(_is_form, words, phrase)):
                if len(phrase) > 1 or _bounds_here(phrase[0], ablative):
                    yield bound
                size = len(phrase)
                break
        for token in tokens[index : index + size]:
            if _ABLATIVE.search(token.tail):
                ablative = True
            elif _DATIVE.search(token.tail):
                ablative = False
        index += size


@lru_cache(maxsize=2**12)
def _phrases(text: str, role: _Role) -> Sequence[tuple[list[str], Bound]]:
    """The phrases that a token may begin."""
    return [(phrase, bound) for phrase, bound in _PHRASES if _is_form(_Token(text, role), phrase[0])]


def _is_form(token: _Token, word: str) -> bool:
    return token.text == word or (token.role == "word" and strip_ending(token.text, (word,)) is not None)


def _bounds_here(word: str, ablative: bool | None) -> bool:
    """Whether a single word bounds the number; a word of comparison depends on the nearest case before it."""
    if word not in _COMPARING:
        return True
    return word not in _DIRECTIONS if ablative is None else ablative


def _parse_roman(text: str) -> Number | None:
    match = _ROMAN.search(unicodedata.normalize("NFKC", text).translate(_TO_LATIN))
    if match is None:
        return None
    values = [_ROMAN_VALUES[letter] for letter in match[0]]
    value = sum(-value if value < max(values[index:]) else value for index, value in enumerate(values))
    return Number(Decimal(value), how="Roman numeral")


def _plain(value: Decimal) -> Decimal:
    """The same number without an exponent or needless decimals: 87400, not 87400.0."""
    return Decimal(int(value)) if value == int(value) else value.normalize()
