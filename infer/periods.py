"""Dates as intervals: what the text of a DATE span says, against the day the article was published.

A text is read in three steps. Its spelling is made one: digits for numbers in words, Kazakh for the Russian that news
switches into. The lexicon cuts it into terms. The kinds of terms that stand together choose the rule that gives the
days. A word that the lexicon lacks makes the text no date: ages, frequencies, clock times and vague words (`35 жаста`,
`жыл сайын`, `сағат 18:00-де`, `бірнеше жыл`) have no interval, nor have durations without an anchor (`екі ай ішінде`).

Conventions, where Kazakh news leaves a choice:
- a day, month or season without a year is the one nearest to the publication; quarters and halves are the latest that
  had begun, months counted up (`қаңтар–қыркүйек`, `8 айда`) the latest whose last month had begun;
- a weekday is the latest one, the publication day included; `өткен` takes the latest that is over, `келесі` and
  `алдағы` the first that is to come, `осы` that of the same week or year;
- `соңғы екі жылда` reaches back from the publication date, `алдағы екі жылда` forward; `екі жыл бұрын` is that year;
- `сәйкес кезең` of a year is its stretch up to the anniversary of the publication date;
- `…-ға дейін` runs from the publication date to the end of the period named, `…-дан бері` and `…-дан бастап` from its
  beginning to the publication date, and no interval is known to what ended or begins elsewhere; `…-ға қарай` is the
  period itself;
- the beginning, middle and end of a period (`басында`, `ортасында`, `соңында`) are its thirds, in whole days of a
  month, months of a year, years of a century; `басына` and `соңына` are its first and last day;
- a year of two digits from 36 on is of the 20th century.
"""

import calendar
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Interval:
    """The days from `start` to `end`, both included. Raises ValueError when `end` comes before `start`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"{self.end} is before {self.start}")


class _Unit(IntEnum):
    """A unit of the calendar in months or, below zero, in days."""

    WEEK = -7
    DAY = -1
    MONTH = 1
    QUARTER = 3
    HALF_YEAR = 6
    YEAR = 12
    DECADE = 120
    CENTURY = 1200


class _Term(NamedTuple):
    kind: str
    values: tuple[int, ...]
    ablative: bool


_Frame = dict[str, tuple[int, ...]]  # the terms of one date: their values by kind

_LONGEST = 200  # characters: nothing longer names one date
_PIVOT = 36  # two-digit years below are of this century
_INDEPENDENCE = date(1991, 12, 16)

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
_UNITS = {"күн": _Unit.DAY, "тәулік": _Unit.DAY, "апта": _Unit.WEEK, "ай": _Unit.MONTH, "тоқсан": _Unit.QUARTER}
_UNITS |= {"жартыжылдық": _Unit.HALF_YEAR, "жартыжылдығ": _Unit.HALF_YEAR, "жыл": _Unit.YEAR}
_UNITS |= {"онжылдық": _Unit.DECADE, "онжылдығ": _Unit.DECADE, "ғасыр": _Unit.CENTURY}
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
_JOINTS = {"since", "from", "until", "between", "and", "to"}
_MODIFIERS = {"point", "edge", "half"}
_ANNUAL = {"months", "number", "quarter", "half-year", "count", "season", "school"}  # recur every year
_YEARLESS = _ANNUAL | _MODIFIERS
_ABLATIVE = re.compile(r"(?<![ғқгк][ыі])[дтн][ае]н$")  # `былтырғыдан` compares

_PUBLISHED = r"жарияланды|жарияланған|жарияланым|уақыты|күні|мерзімі|дата|опубликовано"
_HEADER = re.compile(
    rf"[^\w\n]*(?P<label>(?:{_PUBLISHED})\b[^\d\n]{{0,30}})?(?P<date>\d[^\n|•·]{{5,39}}?)\s*(?:[|•·].*)?",
    re.IGNORECASE,
)
_TOP = 3  # lines in which a date stands without a label


def resolve(text: str, published: date | None) -> Interval | None:
    """The interval that the text of a DATE span names, None when it cannot be known.

    Ages, frequencies, durations without an anchor, and relative words without a publication date cannot.
    """
    if len(text) > _LONGEST:
        return None
    try:
        return _resolve(_terms(_normalise(text)), published)
    except (ValueError, OverflowError):  # no date, or a day that the calendar does not have
        return None


def publication_date(text: str) -> date | None:
    """The date in the article's own header or footer line, None when there is none.

    Such a line bears a label (`Жарияланды: 14.03.2024`) or is one of the first and nothing but a date.
    """
    return next((day for _, _, day in _headers(text)), None)


def header_lines(text: str) -> list[tuple[int, int]]:
    """The `[start, end)` offsets of the lines that give the publication date: about the article, not its news."""
    return [(start, end) for start, end, _ in _headers(text)]


def _headers(text: str) -> Iterator[tuple[int, int, date]]:
    start = 0
    for number, line in enumerate(text.splitlines(keepends=True)):
        header = _HEADER.fullmatch(line.rstrip())
        if header and (header["label"] or number < _TOP):
            interval = resolve(header["date"], None)
            if interval and interval.start == interval.end:
                yield start, start + len(line.rstrip()), interval.start
        start += len(line)


def _normalise(text: str) -> str:
    """Lower case, one kind of dash and space, Kazakh words, numbers in digits without ordinal endings."""
    text = " ".join(text.lower().split())
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    text = _ROMAN_NUMERAL.sub(_arabic, text)
    text = _NUMERAL.sub(_digits, text)
    text = _SHORT_YEAR.sub(lambda match: f"{_full_year(int(match[1]))} ", text)
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


def _full_year(year: int) -> int:
    return year if year >= 100 else year + (2000 if year < _PIVOT else 1900)


def _terms(text: str) -> Iterator[_Term]:
    """The terms of a normalised text, those that do not bear on the interval left out. Raises ValueError for others."""
    position = 0
    while position < len(text):
        kind, match = _entry(text, position)
        if kind:
            values = tuple(_VALUES[group] if group in _VALUES else int(group) for group in match.groups() if group)
            yield _Term(kind, values, bool(_ABLATIVE.search(match[0])))
        position = match.end()


def _entry(text: str, position: int) -> tuple[str, re.Match[str]]:
    for kind, pattern in _LEXICON:
        if match := pattern.match(text, position):
            return kind, match
    raise ValueError(f"not of a date: {text[position:]!r}")


def _resolve(terms: Iterable[_Term], published: date | None) -> Interval:
    """The interval of a date and what stands around it: `…-ға дейін`, `…-дан бері`, another date."""
    sides, joints = _sides(terms, published)
    if len(sides) > 1:
        return _joined(sides, published, gaps=bool(joints & {"to", "until", "between"}))
    period = _period(sides[0], published, begun="since" in joints)
    if "until" in joints:
        if period.end <= _known(published):
            raise ValueError("until when is known, since when is not")
        return Interval(_known(published), period.end)
    if joints & {"since", "from"}:
        if period.start >= _known(published):
            raise ValueError("since when is known, until when is not")
        return Interval(period.start, _known(published))
    return period


def _sides(terms: Iterable[_Term], published: date | None) -> tuple[list[_Frame], set[str]]:
    """The dates that the terms make up, and the kinds of what joins them; an ablative is as good as a `from`."""
    sides: list[_Frame] = [{}]
    joints: set[str] = set()
    complete = False
    for kind, values, ablative in terms:
        if kind in {"and", "to"} or (complete and kind not in _JOINTS):
            sides.append({})
            complete = False
        if kind in _JOINTS:
            joints.add(kind)
            continue
        if kind == "years at":
            kind, values = "years", (_known(published).year + values[0],)
        if kind in sides[-1]:
            raise ValueError(f"two terms of one kind: {kind}")
        sides[-1][kind] = values
        complete = ablative
        if ablative:
            joints.add("from")
    return sides, joints


def _known(published: date | None) -> date:
    if published is None:
        raise ValueError("relative to a publication date that is not known")
    return published


def _joined(sides: Sequence[_Frame], published: date | None, *, gaps: bool) -> Interval:
    """From the first date to the last, between which there may be `gaps`. A month or a year holds for all of them."""
    for kind in ("months", "near", "years"):
        lent = next((side[kind] for side in sides if kind in side), None)
        for side in sides:
            bare_day = "number" in side and not side.keys() & {"months", "near"}
            if lent and (side.keys() <= _YEARLESS if kind == "years" else bare_day):
                side[kind] = lent
    periods = [_period(sides[0], published)]
    for side in sides[1:]:
        if side.keys() <= _YEARLESS | {"weekday"}:
            periods.append(_period(side | {"toward": (1,)}, periods[0].start))
        else:
            periods.append(_period(side, published))
    if not gaps and any((b.start - a.end).days != 1 for a, b in pairwise(periods)):
        raise ValueError("dates apart from each other")
    return Interval(periods[0].start, periods[-1].end)


def _period(frame: _Frame, published: date | None, *, begun: bool = False) -> Interval:
    """The interval of one date: a whole, or the part of it that a modifier cuts out."""
    modifiers = {kind: frame[kind][0] for kind in _MODIFIERS & frame.keys()}
    frame = {kind: values for kind, values in frame.items() if kind not in _MODIFIERS}
    if {"months", "number"} <= frame.keys():  # `14 наурыз, бейсенбі`
        frame = {kind: values for kind, values in frame.items() if kind not in {"weekday", "day"}}
    if frame.keys() == {"unit"} and not modifiers:
        raise ValueError("a unit names no date")
    whole = _whole(frame, published, begun)
    if "half" in modifiers:
        whole = _cut(whole, modifiers["half"] - 1, 2)
    if "edge" in modifiers:
        whole = _cut(whole, modifiers["edge"], 3)
    if "point" in modifiers:
        return _day(whole.end if modifiers["point"] else whole.start)
    return whole


def _whole(frame: _Frame, published: date | None, begun: bool) -> Interval:
    """The rules: which kinds of terms together name which days. Raises ValueError for kinds that name none."""
    match sorted(frame):
        case ["iso"]:
            year, month, day = frame["iso"]
            return _day(date(year, month, day))
        case ["dotted"]:
            *days, month, year = frame["dotted"]
            return Interval(date(_full_year(year), month, days[0]), date(_full_year(year), month, days[-1]))
        case ["month of year"]:
            month, year = frame["month of year"]
            return _in_year({"months": (month,)}, year)
        case ["century"]:
            first, last = _ends(frame["century"])
            return _years(100 * first - 99, 100 * last)
        case ["century", "decade"]:
            (century,), (decade,) = frame["century"], frame["decade"]
            return _years(100 * (century - 1) + decade, 100 * (century - 1) + decade + 9)
        case ["decade"]:
            first, last = (_decade(value, published) for value in _ends(frame["decade"]))
            return _years(first, last + 9)
        case ["years"]:
            return _years(*_ends(frame["years"]))
        case ["school", "years"]:
            _, year = frame["years"]
            return _in_year({"school": ()}, year)
        case ["same", "years"]:
            (year,), today = frame["years"], _known(published)
            return Interval(date(year, 1, 1), _shift(today, _Unit.YEAR, year - today.year))
        case [*_, "years"]:
            (year,) = frame["years"]
            return _in_year({kind: values for kind, values in frame.items() if kind != "years"}, year)
        case _:
            return _relative(frame, _known(published), begun)


def _relative(frame: _Frame, today: date, begun: bool) -> Interval:
    match sorted(frame):
        case ["day"]:
            return _day(today + timedelta(frame["day"][0]))
        case ["independence"]:
            return Interval(_INDEPENDENCE, today)
        case ["unit"]:
            return _around(today, frame["unit"][0])
        case [*_, "unit"] if frame["unit"] == (_Unit.YEAR,):  # `жылдың үшінші тоқсанында`
            return _annual({kind: values for kind, values in frame.items() if kind != "unit"}, today, begun)
        case ["near"]:
            return _near(frame, today)
        case ["decade", "near"]:
            century, (decade,) = _near(frame, today).start.year - 1, frame["decade"]
            return _years(century + decade, century + decade + 9)
        case ["near", "number"] if frame["near"][1] == _Unit.MONTH:
            month = _near(frame, today).start
            return _in_year({"months": (month.month,), "number": frame["number"]}, month.year)
        case ["near", "weekday"] if frame["near"][1] == _Unit.WEEK:
            return _day(_near(frame, today).start + timedelta(frame["weekday"][0]))
        case ["stretch"]:
            direction, *number, unit = frame["stretch"]
            return _from_today(today, unit, number[0] if number else 1, forward=direction > 0)
        case ["lasting"]:
            number_of, unit = frame["lasting"]
            return _from_today(today, unit, number_of, forward=False)
        case ["ago"]:
            *numbers, unit = frame["ago"]
            return Interval(
                _around(_shift(today, unit, -max(numbers)), unit).start,
                _around(_shift(today, unit, -min(numbers)), unit).end,
            )
        case ["weekday"] | ["toward", "weekday"]:
            monday = today - timedelta(today.weekday())
            days = [_day(monday + timedelta(frame["weekday"][0] + 7 * week)) for week in (-1, 0, 1)]
            return _choose(days, today, frame.get("toward"), begun=True)
        case _:
            return _annual(frame, today, begun)


def _near(frame: _Frame, today: date) -> Interval:
    direction, unit = frame["near"]
    return _around(_shift(today, unit, direction), unit)


def _annual(frame: _Frame, today: date, begun: bool) -> Interval:
    """A part of a year that is not named: the one that the conventions choose."""
    part = {kind: values for kind, values in frame.items() if kind != "toward"}
    if not part.keys() <= _ANNUAL:
        raise ValueError(f"not a date without a year: {sorted(part)}")
    candidates = []
    for year in range(today.year - 2, today.year + 3):
        with suppress(ValueError):  # not every year has a 29 February
            candidates.append(_in_year(part, year))
    toward = frame.get("toward")
    if toward is None and ("count" in part or len(part.get("months", ())) > 1):
        candidates = [candidate for candidate in candidates if candidate.end.replace(day=1) <= today]
        begun = True
    return _choose(candidates, today, toward, begun=begun or bool(part.keys() & {"quarter", "half-year"}))


def _choose(candidates: Sequence[Interval], today: date, toward: tuple[int, ...] | None, *, begun: bool) -> Interval:
    """Of candidates in a row the one before, around or after today (-1, 0, 1), else the latest begun or the nearest."""
    match toward:
        case (-1,):
            chosen = [candidate for candidate in candidates if candidate.end < today][-1:]
        case (1,):
            chosen = [candidate for candidate in candidates if candidate.start > today][:1]
        case (0,):
            around = [candidate for candidate in candidates if candidate.start <= today <= candidate.end]
            chosen = around or list(candidates[len(candidates) // 2 :][:1])
        case _ if begun:
            chosen = [candidate for candidate in candidates if candidate.start <= today][-1:]
        case _:
            chosen = sorted(candidates, key=lambda candidate: _distance(candidate, today))[:1]
    (one,) = chosen
    return one


def _in_year(part: _Frame, year: int) -> Interval:
    """A part of a known year. Raises ValueError for a frame that names none."""
    match sorted(part):
        case ["months"]:
            first, last = _ends(part["months"])
            return _months(12 * year + first - 1, (last - first) % 12 + 1)
        case ["months", "number"]:
            (month,), (first, last) = part["months"], _ends(part["number"])
            return Interval(date(year, month, first), date(year, month, last))
        case ["quarter"]:
            first, last = _ends(part["quarter"])
            return Interval(_cut(_years(year, year), first - 1, 4).start, _cut(_years(year, year), last - 1, 4).end)
        case ["half-year"]:
            return _cut(_years(year, year), part["half-year"][0] - 1, 2)
        case ["count"] | ["duration"]:
            (number,) = part.get("count") or part["duration"]
            return _months(12 * year, number)
        case ["season"]:
            (first,) = part["season"]
            return _months(12 * (year - 1 if first == 12 else year) + first - 1, 3)
        case ["school"]:
            return _months(12 * (year - 1) + 8, 9)
        case kinds:
            raise ValueError(f"no part of a year: {kinds}")


def _ends(values: tuple[int, ...]) -> tuple[int, int]:
    return values[0], values[-1]


def _decade(value: int, published: date | None) -> int:
    """The first year of a decade: `1990`, or `90` of the latest century in which it had begun."""
    if value >= 100:
        return value
    year = _known(published).year
    return year - (year - value) % 100


def _from_today(today: date, unit: int, number: int, *, forward: bool) -> Interval:
    return Interval(today, _shift(today, unit, number)) if forward else Interval(_shift(today, unit, -number), today)


def _cut(whole: Interval, index: int, parts: int) -> Interval:
    """One of equal parts, in whole days of a month or a week, months of a year, or years of what is longer."""
    if not 0 <= index < parts:
        raise ValueError(f"no part {index + 1} of {parts}")
    days = (whole.end - whole.start).days + 1
    if days <= 31:
        unit, steps = _Unit.DAY, days
    elif days <= 366:
        unit, steps = _Unit.MONTH, round(days / 30.44)
    else:
        unit, steps = _Unit.YEAR, round(days / 365.25)
    start, after = (_shift(whole.start, unit, steps * number // parts) for number in (index, index + 1))
    return Interval(start, after - timedelta(1))


def _distance(part: Interval, day: date) -> int:
    return max((part.start - day).days, (day - part.end).days, 0)


def _shift(day: date, unit: int, number: int) -> date:
    if unit < 0:
        return day - timedelta(unit * number)
    year, month = divmod(12 * day.year + day.month - 1 + unit * number, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _around(day: date, unit: int) -> Interval:
    """The day, week, month, quarter, year or century in which `day` lies."""
    if unit == _Unit.DAY:
        return _day(day)
    if unit == _Unit.WEEK:
        monday = day - timedelta(day.weekday())
        return Interval(monday, monday + timedelta(6))
    offset = 12 if unit == _Unit.CENTURY else 0  # centuries begin with the year 1
    month = 12 * day.year + day.month - 1 - offset
    return _months(month - month % unit + offset, unit)


def _day(day: date) -> Interval:
    return Interval(day, day)


def _years(first: int, last: int) -> Interval:
    return _months(12 * first, 12 * (last - first + 1))


def _months(first: int, number: int) -> Interval:
    """A `number` of months from `first` on, which is counted from the January of year 0."""
    (year, month), (next_year, next_month) = divmod(first, 12), divmod(first + number, 12)
    return Interval(date(year, month + 1, 1), date(next_year, next_month + 1, 1) - timedelta(1))
