"""A metric as a row of a flat table."""

from collections.abc import Iterator
from typing import Any

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


def rows(reading: Reading) -> Iterator[dict[str, Any]]:
    """A row for each metric of an article."""
    _, article = reading
    return (row(article, record) for record in article.metrics)


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
