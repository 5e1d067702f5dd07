"""Periods: a table of DATE texts and intervals (periods.yaml), under the publication date that heads them."""

from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from infer.periods import Interval, resolve

TABLE = yaml.load(Path(__file__).with_name("periods.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
ROWS = [(published, text, expected) for published, rows in TABLE.items() for text, expected in rows.items()]
UNKNOWN = "жоқ"
MONTHS = "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан"


@pytest.mark.parametrize(("published", "text", "expected"), ROWS, ids=[f"{row[1]} ({row[0]})" for row in ROWS])
def test_table(published: str, text: str, expected: str) -> None:
    interval = resolve(text, None if published == UNKNOWN else date.fromisoformat(published))
    assert (f"{interval.start}..{interval.end}" if interval else UNKNOWN) == expected


def test_an_interval_does_not_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="2024-03-13 is before 2024-03-14"):
        Interval(date(2024, 3, 14), date(2024, 3, 13))


@given(st.dates(min_value=date(1000, 1, 1)), st.none() | st.dates())
def test_written_dates_need_no_publication_date(day: date, published: date | None) -> None:
    assert resolve(f"{day:%d.%m.%Y}", published) == Interval(day, day)


@given(st.dates(date(1100, 1, 1), date(2900, 1, 1)), st.dates(date(1100, 1, 1), date(2900, 1, 1)))
def test_a_year_says_as_much_in_front_as_behind(day: date, published: date) -> None:
    assume((day.month, day.day) != (2, 29))  # without a year it may be years away
    month = MONTHS.split()[day.month - 1]
    for text in (f"{day.year} жылғы {day.day} {month}", f"{day.day} {month} {day.year} ж.", f"{day.day} {month}"):
        interval = resolve(text, published)
        assert interval
        assert (interval.start.month, interval.start.day) == (day.month, day.day)
        assert interval.start.year == day.year or str(day.year) not in text


_PIECES = st.sampled_from([*"0123456789. -–", *(word for row in ROWS for word in row[1].split())])


@given(st.lists(_PIECES).map(" ".join) | st.text(), st.none() | st.dates())
def test_any_text_gives_an_interval_or_none(text: str, published: date | None) -> None:
    interval = resolve(text, published)
    assert interval is None or isinstance(interval, Interval)
