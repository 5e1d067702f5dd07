"""The words of dates: the text of a DATE span as terms.

The spelling of a text is made one: digits for numbers in words, Kazakh for the Russian that news switches into. The
lexicon then cuts it into terms. A word that the lexicon lacks makes the text no date: ages, frequencies and vague words
(`35 жаста`, `жыл сайын`, `бірнеше жыл`).
"""

import re
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple


class Unit(IntEnum):
    """A unit of the calendar in months or, below zero, in days."""

    WEEK = -7
    DAY = -1
    MONTH = 1
    QUARTER = 3
    HALF_YEAR = 6
    YEAR = 12
    DECADE = 120
    CENTURY = 1200


class Term(NamedTuple):
    """What one entry of the lexicon matched: its kind, its numbers, and whether it ends in the ablative (`-дан`).

    `values` stand in the order of the text: numbers as they are, months from 1, weekdays from 0 for Monday, a season as
    its first month, `кеше`, `бүгін`, `ертең` as -1, 0, 1 and so are `өткен`, `осы`, `келесі`, the beginning, middle and
    end of a period as 0, 1, 2, and a unit as its `Unit`.
    """

    kind: str
    values: tuple[int, ...]
    ablative: bool


_PIVOT = 36  # two-digit years below are of this century

# Words

_MONTH_NAMES = "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан"
_MONTHS = _MONTH_NAMES.split()
_WEEKDAYS = ["дүйсенбі", "сейсенбі", "сәрсенбі", "бейсенбі", "жұма", "сенбі", "жексенбі"]
_SEASONS = {"қыс": 12, "көктем": 3, "жаз": 6, "күз": 9}  # the first month; a winter is of the year in which it ends
_DAYS = {"алдыңғы күн": -2, "кеше": -1, "бүгін": 0, "қазіргі": 0, "ертең": 1, "бүрсігүн": 2, "арғы күн": 2}
_DIRECTIONS = {"осы": 0, "ағымдағы": 0, "үстіміздегі": 0, "биылғы": 0, "биыл": 0}
_DIRECTIONS |= {"өткен": -1, "алдыңғы": -1, "былтырғы": -1, "былтыр": -1, "соңғы": -1}
_DIRECTIONS |= {"келесі": 1, "келер": 1, "алдағы": 1, "ендігі": 1}
_EDGES = {"бас": 0, "орта": 1, "соң": 2, "аяғ": 2}
_UNITS = {"күн": Unit.DAY, "тәулік": Unit.DAY, "апта": Unit.WEEK, "ай": Unit.MONTH, "тоқсан": Unit.QUARTER}
_UNITS |= {"жартыжылдық": Unit.HALF_YEAR, "жартыжылдығ": Unit.HALF_YEAR, "жыл": Unit.YEAR}
_UNITS |= {"онжылдық": Unit.DECADE, "онжылдығ": Unit.DECADE, "ғасыр": Unit.CENTURY}
_VALUES: dict[str, int] = {name: number for number, name in enumerate(_MONTHS, start=1)} | {"қыркүйег": 9}
_VALUES |= {name: number for number, name in enumerate(_WEEKDAYS)}
_VALUES |= _SEASONS | _DAYS | _DIRECTIONS | _EDGES | _UNITS

_ONES = ["бір", "екі", "үш", "төрт", "бес", "алты", "жеті", "сегіз", "тоғыз"]
_TENS = ["он", "жиырма", "отыз", "қырық", "елу", "алпыс", "жетпіс", "сексен", "тоқсан"]
_NUMERALS = {word: value for value, word in enumerate(_ONES, start=1)}
_NUMERALS |= {word: 10 * value for value, word in enumerate(_TENS, start=1)} | {"қырқ": 40, "жүз": 100, "мың": 1000}
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
_ROMAN |= {f"x{roman}": 10 + number for roman, number in list(_ROMAN.items())} | {"xxi": 21}

_RUSSIAN_MONTHS = (
    r"январ[ьяею]? феврал[ьяею]? март[ае]? апрел[ьяею]? ма[йяею] июн[ьяею]? июл[ьяею]? август[ае]? "
    r"сентябр[ьяею]? октябр[ьяею]? ноябр[ьяею]? декабр[ьяею]?"
)
_RUSSIAN = dict(zip(_RUSSIAN_MONTHS.split(), _MONTHS, strict=True)) | {
    r"год(?:а|у|ом|ы|ов|ах)?(?!\w)": "жыл",
    r"квартал[ае]?(?!\w)": "тоқсан",
    r"полугоди[еяи]": "жартыжылдық",
    r"месяц(?:а|ев|ах|е)?(?!\w)": "ай",
    r"сегодня": "бүгін",
    r"вчера": "кеше",
    r"завтра": "ертең",
    r"(?:текущ\w+|этого|этом)": "осы",
    r"прошл\w+": "өткен",
    r"начал[оае]": "басы",
    r"кон(?:ец|ц[ае])": "соңы",
}

# Patterns

_CASE = r"(?:[ндт][ыі]ң?|[ғқгк][ае]|н?[дт][ае]н?|н[ае]н?|[мбп]ен|н)?"
_END = rf"(?:с?[ыі])?{_CASE}(?:[ғқгк][ыі]{_CASE})?(?!\w)"  # possessive, case, -ғы with its own case
_ENDS = rf"(?:[лдт][ае]р)?{_END}"
_DIGITS_END = rf"(?:-(?=[^\W\d]))?{_END}"
_ORDINAL = r"(?:(?:с?[ыі])?нш[ыі]|ш[ыі])"
_ONE = rf"(?:{'|'.join(_ONES)})"
_TEN = rf"(?:{'|'.join(_TENS[:-1])}|қырқ|тоқсан(?= {_ONE}|ыншы))"  # a bare `тоқсан` is a quarter
_UP_TO_99 = rf"(?:{_TEN}(?: {_ONE})?|{_ONE})"
_UP_TO_999 = rf"(?:(?:{_ONE} )?жүз(?: {_UP_TO_99})?|{_UP_TO_99})"
_NUMERAL = re.compile(rf"(?<!\w)((?:{_UP_TO_999} )?мың(?: {_UP_TO_999})?|{_UP_TO_999})(?:({_ORDINAL})(?!\w)|({_END}))")
_ROMAN_NUMERAL = re.compile(r"(?<!\w)[іvxх]{1,6}(?= ?-?(?:[іvxх]{1,6} ?-?)?(?:тоқсан|жарты|ғ))")
_SHORT_YEAR = re.compile(rf"(?<!\d)(\d\d)-?{_ORDINAL} (?=жыл(?:ы|ғы|дың|дан|ға|мен)(?!\w))")
_ORDINAL_END = re.compile(rf"(?<=\d) ?-? ?{_ORDINAL}(?!\w)")
_HALF_YEARS = re.compile(r"(?<!\w)(?:(\d{1,2})(?:,5| жарым) |жарты )жыл(?!ды)")

_MONTH = rf"({'|'.join(_MONTHS)}|қыркүйег)"
_WEEKDAY = rf"({'|'.join(_WEEKDAYS)})"
_GLUED = re.compile(rf"(?<=\d)-?(?={'|'.join(_MONTHS)}|тоқсан|жарты|жыл|жж?(?!\w)|ғ|ай|апта|күн)")
_DIRECTION = rf"({'|'.join(_DIRECTIONS)})"
_UNIT = rf"({'|'.join(_UNITS)})"
_YEAR_WORD = rf"(?: (?:жыл{_ENDS}|жж?(?!\w)))?"
_DAY_WORD = rf"(?: (?:күн|жұлдыз){_ENDS})?"
_CLOCK = rf"\d{{1,2}}:\d\d(?::\d\d)?{_DIGITS_END}|сағат{_END}(?: \d{{1,2}}(?:[:.-]\d\d)?{_DIGITS_END})?"

_SPELLINGS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), spelling)
    for pattern, spelling in [
        (r"i", "і"),
        (r" ?[–—‑−-] ?", "-"),
        (r"-ақ(?!\w)", ""),
        (r"(?<!\w)а\. ?ж(?!\w)", "осы жыл"),
        (r"өткен (?:кезең|мерзім|уақыт)\w*", "басынан"),
        (r"алғашқы (?=ай|тоқсан|жарты)", "1 "),
        (r"(жыл\w+) соңғы (?=тоқсан)", r"\1 4 "),
        *((rf"(?<!\w){russian}", kazakh) for russian, kazakh in _RUSSIAN.items()),
        (r"(?<=\d) ?гг?(?!\w)", " жыл"),
        (r"^(?:со?|от) (.+?) (?:по|до) ", r"\1-"),
        (r"^(?:со?|от) (.+)", r"\1 бастап"),
        (r"^до (.+)", r"\1 дейін"),
        (r"^(?:во?|на|за|ко?) ", ""),
        (r"(?<!\d)(\d\d)(\d\d)[-/](\d\d)(?![-./]?\d)", r"\1\2-\1\3"),  # 1994-97, 2023/24
        (r"(?<!\d)(\d{4})/(?=\d{4}(?!\d))", r"\1-"),
    ]
]

# What a date is made of: kind and pattern, the first that matches wins. Groups hold its values.
_LEXICON: list[tuple[str, re.Pattern[str]]] = [
    (kind, re.compile(pattern))
    for kind, pattern in [
        ("since", r"(?:бері|бергі)(?!\w)"),
        ("from", r"бастап(?!\w)"),
        ("until", rf"дейі?н{_END}"),
        ("between", rf"арал(?:ық|ығ){_END}|қараған түн{_END}"),
        ("and", r"(?:мен|пен|бен|және)(?!\w)|(?<=\d), (?=\d+(?![\d:]))"),
        ("to", r"-"),
        ("", rf"(?:{_CLOCK}|(?:таң|кеш|түн)(?:ғы|кі|гі|ертең|ке|де|і)(?!\w)|күндіз(?!\w))"),
        ("", r"(?:шамамен|дәл|тура|осыдан|қарай|арналған|аясында|барысында|бойынша)(?!\w)"),
        ("", r"(?:ішінде(?:гі)?|бой(?:ы|ғы|ына))(?!\w)"),
        ("", rf"(?:кезең|мерзім|мезгіл|жағдай|қорытынды){_END}|айлар{_END}|жж?(?!\w)"),
        ("iso", rf"(\d{{4}})[-./](\d{{1,2}})[-./](\d{{1,2}})(?:t[\d:.+z]*)?{_DIGITS_END}{_YEAR_WORD}"),
        ("dotted", rf"(\d{{1,2}})(?:-(\d{{1,2}}))?[./](\d{{1,2}})[./](\d{{4}}|\d\d){_DIGITS_END}{_YEAR_WORD}"),
        ("month of year", rf"(\d{{1,2}})[./](\d{{4}}){_DIGITS_END}{_YEAR_WORD}"),
        ("years", rf"(\d{{4}})-(\d{{4}}){_DIGITS_END}{_YEAR_WORD}"),
        ("decade", rf"((?:\d\d)?\d0)(?:-((?:\d\d)?\d0))? (?:жылдар{_END}|жж(?!\w))"),
        ("years", rf"([12]\d{{3}}){_DIGITS_END}{_YEAR_WORD}"),
        ("years at", rf"(биыл|былтыр){_END}(?: жыл{_END})?"),
        ("century", rf"(\d{{1,2}})(?:(?:-|, | және )(\d{{1,2}}))? ғ(?:асыр{_ENDS}|(?!\w))(?! бұрын)"),
        ("ago", rf"(\d{{1,3}})(?:-(\d{{1,3}}))? {_UNIT}(?:[дт][ае]й)? бұрын{_END}"),
        ("lasting", rf"(\d{{1,3}}) {_UNIT}[дтн][ае]н бері(?!\w)"),
        ("stretch", rf"{_DIRECTION} (?:\d{{1,3}}-)?(\d{{1,3}}) {_UNIT}{_END}"),
        ("stretch", rf"(соңғы) (тәулік|апта|ай|жыл|онжылдық){_END}"),
        ("years at", rf"{_DIRECTION} жыл{_END}"),
        ("quarter", rf"(\d)(?:-(\d))? тоқсан{_ENDS}"),
        ("half-year", rf"(\d) жарты ?жылды[қғ]{_END}"),
        ("half", rf"(\d) жарты{_END}(?! ғасыр)"),
        ("count", rf"алғашқы (1[0-2]|[1-9]) ай{_END}"),
        ("count", rf"(1[0-2]|[2-9]) ай(?:ы{_CASE}|да)(?:ғы)?(?!\w)|(1[0-2]|[2-9]) айдың қорытынды{_END}"),
        ("duration", rf"(1[0-2]|[1-9]) ай{_END}"),
        ("near", rf"{_DIRECTION} (апта|ай|тоқсан|жартыжылды[қғ]|ғасыр|тәулік){_END}"),
        ("near", rf"(осы) (күн){_END}"),
        ("same", rf"(?:сәйкес|осындай|ұқсас|тиісті|осы) (?:кезең|мерзім|уақыт|шақ){_END}"),
        ("day", rf"(алдыңғы күн|арғы күн|кеше|бүгін|ертең|бүрсігүн){_END}(?: (?:күн|таң){_END})?"),
        ("day", rf"(қазіргі) (?:күн|таң|кез|уақыт|шақ){_END}"),
        ("toward", rf"{_DIRECTION}(?!\w)"),
        ("school", rf"(?:жаңа )?оқу жыл{_END}"),
        ("months", rf"{_MONTH}{_END}(?:-{_MONTH}{_END})?(?: ай{_ENDS})?(?: күн{_ENDS})?"),
        ("season", rf"(қыс|көктем|жаз|күз)(?:{_END}|[дт]ыгүні(?!\w))(?: (?:ай|маусым|мезгіл|күн){_ENDS})?"),
        ("weekday", rf"{_WEEKDAY}{_END}(?: күн{_ENDS})?"),
        ("independence", rf"тәуелсізді[кг]{_END} (?:жылдар{_END}|алған(?:нан|ға|ы)?(?!\w))"),
        ("point", r"(бас|соң|аяғ)ына(?!\w)"),
        ("edge", rf"(бас|орта|соң|аяғ)с?[ыі]{_CASE}(?:ғы|гі)?(?!\w)"),
        ("unit", rf"(жыл|ай|апта|тоқсан|ғасыр){_END}"),
        ("number", rf"(\d{{1,2}})(?:-(\d{{1,2}}))?{_DIGITS_END}{_DAY_WORD}"),
        ("", r"[^\w-]+"),
    ]
]
_ABLATIVE = re.compile(r"(?<![ғқгк][ыі])[дтн][ае]н$")  # `былтырғыдан` compares


def terms(text: str) -> Iterator[Term]:
    """The terms of a text, those that do not bear on the interval left out.

    Raises ValueError at a word that the lexicon lacks.
    """
    text = _normalise(text)
    position = 0
    while position < len(text):
        kind, match = _entry(text, position)
        if kind:
            values = tuple(_VALUES[group] if group in _VALUES else int(group) for group in match.groups() if group)
            yield Term(kind, values, bool(_ABLATIVE.search(match[0])))
        position = match.end()


def full_year(year: int) -> int:
    """The year that two digits stand for, of the 20th century from 36 on, of the 21st below; more digits are a year."""
    return year if year >= 100 else year + (2000 if year < _PIVOT else 1900)


def _normalise(text: str) -> str:
    """Lower case, one kind of dash and space, Kazakh words, numbers in digits without ordinal endings."""
    text = " ".join(text.lower().split())
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    text = _ROMAN_NUMERAL.sub(_arabic, text)
    text = _NUMERAL.sub(_digits, text)
    text = _SHORT_YEAR.sub(lambda match: f"{full_year(int(match[1]))} ", text)
    text = _ORDINAL_END.sub("", text)
    text = _GLUED.sub(" ", text)
    return _HALF_YEARS.sub(lambda match: f"{12 * int(match[1] or 0) + 6} ай", text)


def _arabic(roman: re.Match[str]) -> str:
    return str(_ROMAN.get(roman[0].replace("і", "i").replace("х", "x"), roman[0]))


def _digits(numeral: re.Match[str]) -> str:
    """A number written in words as digits, with its ordinal or case ending."""
    words, ordinal, ending = numeral.groups()
    total = part = 0
    for value in map(_NUMERALS.__getitem__, words.split()):
        if value < 100:
            part += value
        else:
            total, part = total + max(part, 1) * value, 0
    return f"{total + part}-{ordinal or ending}".removesuffix("-")


def _entry(text: str, position: int) -> tuple[str, re.Match[str]]:
    for kind, pattern in _LEXICON:
        if match := pattern.match(text, position):
            return kind, match
    raise ValueError(f"not of a date: {text[position:]!r}")
