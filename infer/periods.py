"""Dates as intervals: what the text of a DATE span says, against the day the article was published.

Conventions, where Kazakh news leaves a choice:
- a day or month without a year is the one nearest to the publication; months counted up (`қаңтар–қыркүйек`), quarters
  and halves without a year are the latest that had begun;
- a weekday is the latest one, the publication day included;
- `соңғы екі жылда` reaches back from the publication date, `алдағы екі жылда` forward; `екі жыл бұрын` is that year;
- `сәйкес кезең` of a year is its stretch up to the anniversary of the publication date;
- `…-ға дейін` runs from the publication date, `…-дан бері` up to it; `…-ға қарай` is the period itself.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Interval:
    """The days from `start` to `end`, both included."""

    start: date
    end: date


_LONGEST = 200  # characters: nothing longer names one date

_MONTH_NAMES = "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан"
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES.split(), start=1)}
_WEEKDAYS = ["дүйсенбі", "сейсенбі", "сәрсенбі", "бейсенбі", "жұма", "сенбі", "жексенбі"]
_SEASONS = {"қыс": (-1, 2), "көктем": (3, 5), "жаз": (6, 8), "күз": (9, 11)}  # -1: December of the year before
_DAYS = {"алдыңғы күн": -2, "кеше": -1, "бүгін": 0, "ертең": 1, "бүрсігүн": 2, "арғы күн": 2}
_UNITS = ["бір", "екі", "үш", "төрт", "бес", "алты", "жеті", "сегіз", "тоғыз"]
_TENS = ["он", "жиырма", "отыз", "қырық", "елу", "алпыс", "жетпіс", "сексен", "тоқсан"]
_NUMERALS = {word: value for value, word in enumerate(_UNITS, start=1)}
_NUMERALS |= {word: 10 * value for value, word in enumerate(_TENS, start=1)} | {"қырқ": 40, "жүз": 100, "мың": 1000}
_ORDINALS = {"алғашқы": 1, "бірінші": 1, "екінші": 2, "үшінші": 3, "төртінші": 4}
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
_ROMAN |= {f"x{roman}": 10 + number for roman, number in list(_ROMAN.items())} | {"xxi": 21}

_MONTH = "|".join(_MONTHS)
_NUMERAL = rf"(?:{'|'.join(_NUMERALS)})"
_THIS = r"(?:биыл\w*|(?:осы|ағымдағы|үстіміздегі|есепті) жыл\w*|а\.? ?ж\b)"
_LAST = r"(?:былтыр\w*|(?:өткен|алдыңғы|былтырғы) жыл\w*)"
_NEXT = r"(?:(?:келесі|келер|алдағы|ендігі) жыл\w*)"

_UNKNOWABLE = re.compile(
    r"жас(?:ар\b|та\b|қа|ында|тан|ы\b|тағы|ты\b|\b)|сайын|күнделікті|б\. ?з\. ?[бд]|бұрынғы|дәуір|\bсол\b|бірнеше"
)
_WRITTEN_NUMBER = re.compile(rf"\b{_NUMERAL}(?: {_NUMERAL})*(?:с?[ыі]?нш[ыі])?\b")
_ROMAN_NUMBER = re.compile(r"\b[ivx]{1,5}\b(?= ?-?(?:тоқсан|жарты|ғасыр))")
_SUFFIX = re.compile(r"(?<=\d) ?-? ?(?:[ыі]нш[ыі]|нш[ыі]|с[ыі]нш[ыі]|ш[ыі])\b")
_NUMERIC_DATE = re.compile(r"\b(\d{1,2})(?:-(\d{1,2}))?[./](\d{1,2})[./](\d{4}|\d{2})(?!\d)")
_ISO_DATE = re.compile(r"\b(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?!\d)")
_FROM_TO = re.compile(r"^(.+?)-?(?:[дтн][ае]н)(?: бастап)? (.+?)-?(?:[ғқн][ае]|[ғқ]а|[гк]е)?(?: дейін\w*| арал\w+)")
_BETWEEN = re.compile(r"^(.+?) (?:мен|пен|бен|және) (.+?) арал")
_SPAN_OF_YEARS = re.compile(r"\b(\d{4})(?: ?-? ?жыл\w*)?-(\d{4}|\d{2})\b(?! ?\d)")
_DECADE = re.compile(r"(\d0)-? ?(?:жылд|жж)")
_CENTURY = re.compile(r"(\d{1,2})-? ?ғ(?:асыр|\b)")
_YEAR = re.compile(r"(?<!\d)([12]\d{3})(?!\d)")
_DAY_MONTH = re.compile(rf"(?<!\d)(\d{{1,2}})(?:-(\d{{1,2}}))?-? ?({_MONTH})")
_MONTH_DAY = re.compile(rf"({_MONTH})\w*(?: ай\w*)? (\d{{1,2}})(?:-?\w{{0,5}}-(\d{{1,2}}))?")
_BARE_DAY = re.compile(r"\d{1,2}(?!\d| ?-?тоқсан)")
_MONTH_SPAN = re.compile(rf"({_MONTH})\w*-({_MONTH})")
_ONE_MONTH = re.compile(rf"({_MONTH})")
_QUARTER = re.compile(r"(\d) ?-?тоқсан")
_HALF = re.compile(r"(\d) ?-?жарты ?(?:жыл|с)")
_FIRST_MONTHS = re.compile(r"(\d{1,2})-? ?ай")
_SEASON = re.compile(r"(?<!\w)(қыс|көктем|жаз|күз)(?!\w*ж)")
_SHIFTED = re.compile(r"(соңғы|алдағы|келесі|осы|өткен) (?:\d+-)?(\d+) (жыл|ай|апта|күн|тоқсан|онжылдық)")
_AGO = re.compile(r"(\d+) (жыл|ай|апта|күн)\w*(?: бұрын)")
_NEAR_UNIT = re.compile(r"(осы|ағымдағы|биылғы|өткен|алдыңғы|келесі|алдағы|келер) (апта|ай|тоқсан|ғасыр)(?!ң)")
_DIRECTION = {"өткен": -1, "алдыңғы": -1, "келесі": 1, "алдағы": 1, "келер": 1}
_HEADER = re.compile(
    r"^\W*(?:жарияланды|жарияланған|жарияланған күні|жарияланым|уақыты|күні|мерзімі|дата|опубликовано)\b"
    r"[^\d\n]{0,20}(.{6,40})$",
    re.IGNORECASE | re.MULTILINE,
)


def resolve(text: str, published: date | None) -> Interval | None:
    """The interval that the text of a DATE span names, None when it cannot be known.

    Ages, frequencies, durations without an anchor, and relative words without a publication date cannot.
    """
    if len(text) > _LONGEST:
        return None
    try:
        return _resolve(_normalise(text), published)
    except (ValueError, OverflowError):  # a day that the calendar does not have
        return None


def publication_date(text: str) -> date | None:
    """The date in the article's own header or footer line (`Жарияланды: 14.03.2024`), None when there is none."""
    return next((day for _, _, day in _headers(text)), None)


def header_lines(text: str) -> list[tuple[int, int]]:
    """The `[start, end)` offsets of the lines that give the publication date: about the article, not its news."""
    return [(start, end) for start, end, _ in _headers(text)]


def _headers(text: str) -> Iterator[tuple[int, int, date]]:
    for header in _HEADER.finditer(text):
        interval = resolve(header[1], None)
        if interval and interval.start == interval.end:
            yield header.start(), header.end(), interval.start


def _normalise(text: str) -> str:
    """Lower case, one kind of dash and space, numbers in digits without ordinal endings."""
    text = " ".join(text.lower().replace("i", "і").split())
    text = re.sub(r"\s?[–—‑-]\s?", "-", text)
    text = _ROMAN_NUMBER.sub(lambda m: str(_ROMAN.get(m[0], m[0])), text.replace("і", "i").replace("х", "x"))
    text = text.replace("i", "і").replace("x", "х")
    text = re.sub(rf"\b({'|'.join(_ORDINALS)})(?= (?:тоқсан|жарты))", lambda m: str(_ORDINALS[m[0]]), text)
    text = re.sub(r"(?<=\d) ?жарты ?жылд", " жартыжылд", text)
    text = _WRITTEN_NUMBER.sub(_digits, text)
    return _SUFFIX.sub("", text)


def _digits(words: re.Match[str]) -> str:
    """A number written in words, up to the thousands, as digits; `тоқсан` that names a quarter stays."""
    total = part = 0
    for word in re.findall(_NUMERAL, words[0]):
        value = _NUMERALS[word]
        if value < 100:
            part += value
        else:
            total, part = total + max(part, 1) * value, 0
    return words[0] if words[0] == "тоқсан" else str(total + part)


def _resolve(text: str, published: date | None) -> Interval | None:
    if _UNKNOWABLE.search(text):
        return None
    if both := _FROM_TO.search(text) or _BETWEEN.search(text):
        return _joined(both[1], both[2], published)
    if "дейін" in text:
        return _until(text, published)
    period = _period(text, published)
    if period and published and re.search(r"(?:[дтн][ае]н|басынан) ?(?:бері|бергі|бастап)|басынан\b|ж[ыі]л бері", text):
        return Interval(period.start, published) if period.start <= published else None
    return period


def _joined(first: str, last: str, published: date | None) -> Interval | None:
    """From the beginning of `first` to the end of `last`; each lends the other the year or month that it lacks."""
    year, month = _YEAR.search(first) or _YEAR.search(last), _ONE_MONTH.search(first) or _ONE_MONTH.search(last)
    if re.fullmatch(r"\d{4}", first):
        first += " жыл"
    sides = []
    for side in (first, last):
        day = _BARE_DAY.match(side)
        if day and month and not _ONE_MONTH.search(side):
            side = f"{day[0]} {month[0]}"
        if year and not _YEAR.search(side):
            side = f"{year[0]} жылғы {side}"
        sides.append(_period(side, published))
    start, end = sides
    return Interval(start.start, end.end) if start and end and start.start <= end.end else None


def _until(text: str, published: date | None) -> Interval | None:
    period = _period(text, published)
    if period is None or published is None or period.end <= published:
        return None
    return Interval(published, period.end)


def _period(text: str, published: date | None) -> Interval | None:
    """The interval of an expression without `дейін` or `бері`: explicit dates, then years, then relative words."""
    if numeric := _NUMERIC_DATE.search(text):
        first, last, month, year = numeric.groups()
        full_year = int(year) + (0 if len(year) == 4 else 2000 if int(year) < 70 else 1900)
        return Interval(date(full_year, int(month), int(first)), date(full_year, int(month), int(last or first)))
    if iso := _ISO_DATE.search(text):
        day = date(int(iso[1]), int(iso[2]), int(iso[3]))
        return Interval(day, day)
    if century := _CENTURY.search(text):
        return _in_century(text, int(century[1]))
    if years := _SPAN_OF_YEARS.search(text):
        first, last = years.groups()
        start, end = int(first), int(last if len(last) == 4 else first[:2] + last)
        if start > end:
            return None
        return Interval(date(start, 9, 1), date(end, 5, 31)) if "оқу жыл" in text else _years(start, end)
    if len(_YEAR.findall(text)) > 1:
        return None
    if "жылдар" in text and (decade := _DECADE.search(text)):
        return _decade(text, int(decade[1]), published)
    year = _year(text, published)
    return _in_year(text, year, published) if year else _without_year(text, published)


def _year(text: str, published: date | None) -> int | None:
    if explicit := _YEAR.search(text):
        return int(explicit[1])
    if published is None:
        return None
    for shift, pattern in ((0, _THIS), (-1, _LAST), (1, _NEXT)):
        if re.search(rf"(?<!\w){pattern}", text) and not re.search(r"(?:осы|өткен|алдыңғы|келесі|алдағы) \d", text):
            return published.year + shift
    return published.year if re.match(r"жыл(?:дың)? (?:бас|соң|аяғ|орта)", text) else None


def _in_year(text: str, year: int, published: date | None) -> Interval | None:
    """A part of a known year, or all of it."""
    if part := _part_of_year(text, year):
        return part
    if re.search(r"(?:сәйкес|осындай|ұқсас|осы|тиісті|дәл осы) (?:кезең|мерзім|уақыт)", text):
        return Interval(date(year, 1, 1), _shift_months(published, 12 * (year - published.year))) if published else None
    return _section(text, _years(year, year))


def _part_of_year(text: str, year: int) -> Interval | None:
    if day := _DAY_MONTH.search(text):
        month = _MONTHS[day[3]]
        return Interval(date(year, month, int(day[1])), date(year, month, int(day[2] or day[1])))
    if months := _MONTH_SPAN.search(text):
        return _months(year, _MONTHS[months[1]], _MONTHS[months[2]])
    if day := _MONTH_DAY.search(text):
        month = _MONTHS[day[1]]
        return Interval(date(year, month, int(day[2])), date(year, month, int(day[3] or day[2])))
    if one := _ONE_MONTH.search(text):
        return _section(text, _months(year, _MONTHS[one[1]], _MONTHS[one[1]]))
    if (quarter := _QUARTER.search(text)) and 1 <= int(quarter[1]) <= 4:
        return _months(year, 3 * int(quarter[1]) - 2, 3 * int(quarter[1]))
    if (half := _HALF.search(text)) and int(half[1]) in (1, 2):
        return _months(year, 6 * int(half[1]) - 5, 6 * int(half[1]))
    if (count := _FIRST_MONTHS.search(text)) and 1 <= int(count[1]) <= 12:
        return _months(year, 1, int(count[1]))
    if season := _SEASON.search(text):
        first, last = _SEASONS[season[1]]
        return _months(year, first, last) if first > 0 else Interval(date(year - 1, 12, 1), _month_end(year, last))
    return None


def _without_year(text: str, published: date | None) -> Interval | None:
    """Days, months and units named relative to the publication date."""
    if published is None:
        return None
    if (shifted := _SHIFTED.search(text)) is not None:
        back = shifted[1] in ("соңғы", "осы", "өткен")
        other = _shift(published, shifted[3], int(shifted[2]) * (-1 if back else 1))
        return Interval(other, published) if back else Interval(published, other)
    if ago := _AGO.search(text):
        return _unit(_shift(published, ago[2], -int(ago[1])), ago[2])
    if near := _NEAR_UNIT.search(text):
        return _section(text, _unit(_shift(published, near[2], _DIRECTION.get(near[1], 0)), near[2]))
    if weekday := next((name for name in sorted(_WEEKDAYS, key=len, reverse=True) if name in text), None):
        return _weekday(text, _WEEKDAYS.index(weekday), published)
    if season := re.match(r"(осы|биылғы|былтырғы|өткен|келесі) (?=қыс|көктем|жаз|күз)", text):
        return _part_of_year(text, published.year + {"былтырғы": -1, "келесі": 1}.get(season[1], 0))
    if _ONE_MONTH.search(text) or _SEASON.match(text):
        begun = bool(_MONTH_SPAN.search(text))
        return _nearest(text, published, begun)
    if _QUARTER.search(text) or _HALF.search(text) or re.search(r"\d ?айында|айы ішінде|алғашқы \d+ ай", text):
        return _nearest(text, published, True)
    for words, shift in _DAYS.items():
        if re.search(rf"(?<!\w){words}", text):
            day = published + timedelta(shift)
            return Interval(day, day)
    return Interval(published, published) if re.match(r"(?:осы|қазіргі) күн", text) else None


def _nearest(text: str, published: date, begun: bool) -> Interval | None:
    """The part of a year that lies nearest to the publication or, if `begun`, the latest that had begun to count."""
    parts = [part for shift in (-1, 0, 1) if (part := _part_of_year(text, published.year + shift))]
    if begun:
        single = "тоқсан" in text or "жарты" in text
        parts = [part for part in parts if (part.start if single else part.end) <= published]
        return parts[-1] if parts else None
    return min(parts, key=lambda part: _distance(part, published), default=None)


def _distance(part: Interval, day: date) -> int:
    return max((part.start - day).days, (day - part.end).days, 0)


def _weekday(text: str, weekday: int, published: date) -> Interval:
    monday = published - timedelta(published.weekday())
    day = monday + timedelta(weekday)
    if "келесі" in text or "алдағы" in text:
        day += timedelta(7)
    elif "өткен" in text or ("осы" not in text and day > published):
        day -= timedelta(7)
    return Interval(day, day)


def _in_century(text: str, century: int) -> Interval | None:
    whole = _years(100 * century - 99, 100 * century)
    if decade := _DECADE.search(text):
        return _section(text, _years(100 * (century - 1) + int(decade[1]), 100 * (century - 1) + int(decade[1]) + 9))
    if half := re.search(r"(\d)-? ?жартыс", text):
        start = whole.start.year + 50 * (int(half[1]) - 1)
        return _years(start, start + 49)
    return _thirds(text, whole)


def _decade(text: str, decade: int, published: date | None) -> Interval | None:
    if explicit := re.search(r"(\d{3}0)-? ?жылдар", text):
        start = int(explicit[1])
    elif published and "өткен ғасыр" in text:
        start = (published.year // 100 - 1) * 100 + decade
    elif published:
        start = published.year // 100 * 100 + decade - (100 if published.year % 100 < decade else 0)
    else:
        return None
    return _thirds(text, _years(start, start + 9))


def _thirds(text: str, whole: Interval) -> Interval:
    """The beginning, middle or end of a decade or a century: a third of it, rounded up."""
    start, end = whole.start.year, whole.end.year
    third = -(-(end - start + 1) // 3)
    if re.search(r"бас(?:ы|\b)", text):
        return _years(start, start + third - 1)
    if re.search(r"соң|аяғ", text):
        return _years(end - third + 1, end)
    return _years(start + third, end - third) if "орта" in text else whole


def _section(text: str, whole: Interval) -> Interval:
    """The beginning (its first day, from which things count) or end of a year or month, else all of it."""
    if re.search(r"(?:жыл|ай|апта|ғасыр|тоқсан)\w* (?:соң|аяғ)|\w+(?:дың|дің|тың|тің|ның|нің) (?:соң|аяғ)", text):
        return Interval(whole.end, whole.end)
    if re.search(r"(?:жыл|ай|апта|ғасыр|тоқсан)\w* бас(?:ы|\b)|\w+(?:дың|дің|тың|тің|ның|нің) бас(?:ы|\b)", text):
        return Interval(whole.start, whole.start)
    return whole


def _shift(day: date, unit: str, count: int) -> date:
    days = {"күн": 1, "апта": 7}
    months = {"ай": 1, "тоқсан": 3, "жыл": 12, "онжылдық": 120, "ғасыр": 1200}
    return day + timedelta(days[unit] * count) if unit in days else _shift_months(day, months[unit] * count)


def _shift_months(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _unit(day: date, unit: str) -> Interval:
    """The day, week, month, quarter, year or century in which `day` lies."""
    if unit == "апта":
        monday = day - timedelta(day.weekday())
        return Interval(monday, monday + timedelta(6))
    if unit == "ай":
        return _months(day.year, day.month, day.month)
    if unit == "тоқсан":
        last = -(-day.month // 3) * 3
        return _months(day.year, last - 2, last)
    if unit == "жыл":
        return _years(day.year, day.year)
    if unit == "ғасыр":
        return _years((day.year - 1) // 100 * 100 + 1, (day.year - 1) // 100 * 100 + 100)
    return Interval(day, day)


def _years(first: int, last: int) -> Interval:
    return Interval(date(first, 1, 1), date(last, 12, 31))


def _months(year: int, first: int, last: int) -> Interval:
    return Interval(date(year, first, 1), _month_end(year, last))


def _month_end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])
