"""A header line dates the article, and is no part of its news."""

from datetime import date

import pytest

from annotations.document import Span
from infer.headers import header_lines, publication_date
from infer.linking import link


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Жаңа көпір ашылды\nЖарияланды: 14.03.2024\nКеше қалада көпір ашылды.", date(2024, 3, 14)),
        ("Жаңа көпір ашылды.\n\nЖарияланған: 14.03.2024 | Оқылды: 152", date(2024, 3, 14)),
        ("ЖАРИЯЛАНҒАН КҮНІ: 14 НАУРЫЗ 2024 Ж.", date(2024, 3, 14)),
        ("Уақыты: 2024 жылғы 5 наурыз, 10:30", date(2024, 3, 5)),
        ("Жарияланған күні: 2023-11-02", date(2023, 11, 2)),
        ("Жарияланған уақыты: 2024-03-14T10:30:00+05:00", date(2024, 3, 14)),
        ("Күні: сейсенбі, 5 наурыз 2024, сағат 10:30", date(2024, 3, 5)),
        ("Дата публикации: 14 марта 2024 года", date(2024, 3, 14)),
        ("Жаңа көпір ашылды\n14 наурыз 2024, 10:15\nКеше қалада көпір ашылды.", date(2024, 3, 14)),
        ("Көпір тарихы\nАлғашқы көпір\nЕскі көпір\n14.03.1924\nСол күні көпір құлады.", None),
        ("Кездесу 14.03.2024 күні өтті.", None),
        ("Жарияланды: кеше", None),
        ("Жарияланды: 14 наурыз", None),
        ("Мерзімі: 2024 жылғы 1 шілдеге дейін", None),
        ("Уақыты: 2023–2024 жылдар", None),
        ("", None),
    ],
)
def test_publication_date(text: str, expected: date | None) -> None:
    assert publication_date(text) == expected


def test_the_publication_date_is_no_period_of_a_metric() -> None:
    text = "Жарияланды: 14.02.2025\n12 үй салынды."
    spans = [Span(12, 22, "DATE"), Span(23, 25, "CARDINAL"), Span(26, 28, "INDICATOR"), Span(29, 36, "ACTION")]
    (metric,) = link(text, spans)
    assert header_lines(text) == [(0, 22)]
    assert str(publication_date(text)) == "2025-02-14"
    assert metric.roles["period"] is None
    assert metric.roles["indicator"] == spans[2]


@pytest.mark.parametrize("line", [" " * 50_000, "Күні " * 10_000, "1" * 50_000, "Дата: 1 " + "- " * 25_000])
def test_long_lines_are_read_at_once(line: str) -> None:
    assert header_lines(line) == []
