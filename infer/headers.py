"""The lines of an article that date it: a label and a date (`Жарияланды: 14.03.2024`), or a date alone near the top."""

import re
from collections.abc import Iterator
from datetime import date

from infer.periods import resolve

_PUBLISHED = r"жарияланды|жарияланған|жарияланым|уақыты|күні|мерзімі|дата|опубликовано"
_HEADER = re.compile(
    rf"[^\w\n]*(?P<label>(?:{_PUBLISHED})\b[^\d\n]{{0,30}})?(?P<date>\d[^\n|•·]{{5,39}}?)\s*(?:[|•·].*)?",
    re.IGNORECASE,
)
_TOP = 3  # lines in which a date stands without a label


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
