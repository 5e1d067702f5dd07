"""Periods: a table of DATE texts and intervals (periods.yaml), under the publication date that heads them."""

from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infer.periods import Interval, publication_date, resolve

TABLE = yaml.load(Path(__file__).with_name("periods.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
ROWS = [(published, text, expected) for published, rows in TABLE.items() for text, expected in rows.items()]
UNKNOWN = "жоқ"


@pytest.mark.parametrize(("published", "text", "expected"), ROWS, ids=[f"{row[1]} ({row[0]})" for row in ROWS])
def test_table(published: str, text: str, expected: str) -> None:
    interval = resolve(text, None if published == UNKNOWN else date.fromisoformat(published))
    assert (f"{interval.start}..{interval.end}" if interval else UNKNOWN) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Жаңа көпір ашылды\nЖарияланды: 14.03.2024\nКеше қалада көпір ашылды.", date(2024, 3, 14)),
        ("Уақыты: 2024 жылғы 5 наурыз, 10:30", date(2024, 3, 5)),
        ("Жарияланған күні: 2023-11-02", date(2023, 11, 2)),
        ("Кездесу 14.03.2024 күні өтті.", None),
        ("Жарияланды: кеше", None),
    ],
)
def test_publication_date(text: str, expected: date | None) -> None:
    assert publication_date(text) == expected


@given(st.dates(), st.dates())
def test_written_dates_need_no_publication_date(day: date, published: date) -> None:
    if day.year >= 1000:
        assert resolve(f"{day:%d.%m.%Y}", published) == Interval(day, day)
        assert resolve(f"{day:%d.%m.%Y}", None) == Interval(day, day)


_PIECES = st.sampled_from([*"0123456789. -–", *(word for row in ROWS for word in row[1].split())])


@given(st.lists(_PIECES).map(" ".join) | st.text(), st.none() | st.dates())
def test_any_text_gives_an_ordered_interval_or_none(text: str, published: date | None) -> None:
    interval = resolve(text, published)
    assert interval is None or interval.start <= interval.end
