"""Dates as intervals: what the text of a DATE span says, against the day the article was published.

The kinds of terms (`infer.dates`) that stand together choose the rule that gives the days. A text with words that are
not of dates has no interval, nor have clock times (`сағат 18:00-де`) and durations without an anchor (`екі ай ішінде`).

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
  month, months of a year, years of a century; `басына` and `соңына` are its first and last day.
"""

import calendar
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from infer.dates import Term, Unit, full_year, terms


@dataclass(frozen=True, slots=True)
class Interval:
    """The days from `start` to `end`, both included. Raises ValueError when `end` comes before `start`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"{self.end} is before {self.start}")


_Frame = dict[str, tuple[int, ...]]  # the terms of one date: their values by kind

_LONGEST = 200  # characters: nothing longer names one date
_INDEPENDENCE = date(1991, 12, 16)
_JOINTS = {"since", "from", "until", "between", "and", "to"}
_MODIFIERS = {"point", "edge", "half"}
_ANNUAL = {"months", "number", "quarter", "half-year", "count", "season", "school"}  # recur every year
_YEARLESS = _ANNUAL | _MODIFIERS


def resolve(text: str, published: date | None) -> Interval | None:
    """The interval that the text of a DATE span names, None when it cannot be known.

    Ages, frequencies, durations without an anchor, and relative words without a publication date cannot.
    """
    if len(text) > _LONGEST:
        return None
    try:
        return _resolve(terms(text), published)
    except (ValueError, OverflowError):  # no date, or a day that the calendar does not have
        return None


def _resolve(terms: Iterable[Term], published: date | None) -> Interval:
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


def _sides(terms: Iterable[Term], published: date | None) -> tuple[list[_Frame], set[str]]:
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
            return Interval(date(full_year(year), month, days[0]), date(full_year(year), month, days[-1]))
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
            return Interval(date(year, 1, 1), _shift(today, Unit.YEAR, year - today.year))
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
        case [*_, "unit"] if frame["unit"] == (Unit.YEAR,):  # `жылдың үшінші тоқсанында`
            return _annual({kind: values for kind, values in frame.items() if kind != "unit"}, today, begun)
        case ["near"]:
            return _near(frame, today)
        case ["decade", "near"]:
            century, (decade,) = _near(frame, today).start.year - 1, frame["decade"]
            return _years(century + decade, century + decade + 9)
        case ["near", "number"] if frame["near"][1] == Unit.MONTH:
            month = _near(frame, today).start
            return _in_year({"months": (month.month,), "number": frame["number"]}, month.year)
        case ["near", "weekday"] if frame["near"][1] == Unit.WEEK:
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
        unit, steps = Unit.DAY, days
    elif days <= 366:
        unit, steps = Unit.MONTH, round(days / 30.44)
    else:
        unit, steps = Unit.YEAR, round(days / 365.25)
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
    if unit == Unit.DAY:
        return _day(day)
    if unit == Unit.WEEK:
        monday = day - timedelta(day.weekday())
        return Interval(monday, monday + timedelta(6))
    offset = 12 if unit == Unit.CENTURY else 0  # centuries begin with the year 1
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
