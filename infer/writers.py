"""What was read to files: articles whole as JSON Lines, their metrics as a table, one row a record, as CSV or Parquet,
or a web page to read them on.
"""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from annotations.atomic import atomic_bytes, atomic_text
from infer.records import Article, Reading, Record

COLUMNS = {
    "id": "string",
    "published": "date32",
    "value": "string",
    "start": "int64",
    "end": "int64",
    "number": "float64",
    "number_high": "float64",
    "bound": "string",
    "unit": "string",
    "kind": "string",
    "indicator": "string",
    "action": "string",
    "change": "string",
    "period": "string",
    "period_from": "date32",
    "period_to": "date32",
    "place": "string",
    "subject": "string",
    "speaker": "string",
    "sentence_start": "int64",
    "sentence_end": "int64",
    "score": "float64",
    "repeats": "int64",
}


def write(readings: Iterable[Reading], path: Path) -> None:
    """Write documents' articles in the format that the name asks for; the file appears whole or not at all.

    Raises ValueError for another suffix, ImportError that names the extra where pyarrow is missing.
    """
    if path.suffix not in WRITERS:
        raise ValueError(f"{path}: records are written as {', '.join(WRITERS)}")
    WRITERS[path.suffix](readings, path)


def row(article: Article, record: Record) -> dict[str, Any]:
    """A metric as a flat row; names stand in their nominative, indicator and action as in the text."""
    period, place, subject, speaker = record.period, record.place, record.subject, record.speaker
    return {
        "id": article.id,
        "published": article.published,
        "value": record.value.text,
        "start": record.value.start,
        "end": record.value.end,
        "number": record.number,
        "number_high": record.number_high,
        "bound": record.bound,
        "unit": record.unit,
        "kind": record.kind,
        "indicator": record.indicator and record.indicator.text,
        "action": record.action and record.action.text,
        "change": record.change,
        "period": period and period.text,
        "period_from": period and period.from_,
        "period_to": period and period.to,
        "place": place and place.name,
        "subject": subject and subject.name,
        "speaker": speaker and speaker.name,
        "sentence_start": record.sentence.start,
        "sentence_end": record.sentence.end,
        "score": record.score,
        "repeats": record.repeats,
    }


def _rows(readings: Iterable[Reading]) -> Iterator[dict[str, Any]]:
    return (row(article, record) for _, article in readings for record in article.metrics)


def _jsonl(readings: Iterable[Reading], path: Path) -> None:
    with atomic_text(path) as file:
        for _, article in readings:
            file.write(article.model_dump_json(by_alias=True) + "\n")


def _csv(readings: Iterable[Reading], path: Path) -> None:
    with atomic_text(path) as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(_rows(readings))


def _parquet(readings: Iterable[Reading], path: Path) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError("Parquet needs the `parquet` extra: pip install 'malimet[parquet]'") from error
    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in COLUMNS.items()])
    table = pyarrow.Table.from_pylist(list(_rows(readings)), schema=schema)
    with atomic_bytes(path) as file:
        parquet.write_table(table, file)


def _html(readings: Iterable[Reading], path: Path) -> None:
    from infer import page

    content = page.render(readings)
    with atomic_text(path) as file:
        file.write(content)


WRITERS = {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet, ".html": _html}
