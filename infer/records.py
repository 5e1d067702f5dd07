"""The records that come out for one document: its models are the output's schema, `build` fills them.

A name (place, subject, speaker, entity) is the nominative, merged over the document. A period that no publication date
anchors stays without its dates, and a warning says so once.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from annotations.document import Document, Span
from infer import entities
from infer.headers import publication_date
from infer.linking import Change, Metric, link
from infer.names import nominative
from infer.numbers import Bound, Number
from infer.periods import resolve
from infer.repeats import Fact, firsts
from infer.units import Kind

_SOME_DAY = date(2020, 7, 1)  # stands for any publication date: does a period depend on one?


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Text(_Model):
    """A stretch of the document: `text` is what stands at `[start, end)`, in code points."""

    text: str
    start: int
    end: int

    @classmethod
    def of(cls, document: Document, span: Span, **fields: object) -> Self:
        """The stretch under a span, with the other fields of the model."""
        return cls.model_validate({"text": document.cut(span), "start": span.start, "end": span.end, **fields})


class Indicator(Text):
    """What is counted or measured; `lemma` is its nominative."""

    lemma: str


class Period(Text):
    """When: the first and the last day, both included, or null when they cannot be known."""

    from_: date | None = Field(alias="from")
    to: date | None


class Name(Text):
    """A named place, subject, speaker or body; `name` is the nominative of its fullest mention in the document."""

    name: str
    label: str


class Sentence(_Model):
    """The sentence that a record was read from."""

    start: int
    end: int


class Record(_Model):
    """One metric: a value, its number and what it is about.

    `score` is that of its weakest span or link; `repeats` is the place in `metrics` of the first record that tells the
    same fact, null for that record itself.
    """

    value: Text
    number: int | float
    number_high: int | float | None
    bound: Bound
    unit: str
    kind: Kind
    indicator: Indicator | None
    action: Text | None
    change: Change | None
    period: Period | None
    place: Name | None
    subject: Name | None
    speaker: Name | None
    sentence: Sentence
    score: float
    how: tuple[str, ...]
    repeats: int | None = None


class Mention(Text):
    """One mention of an entity."""

    score: float | None


class Position(Text):
    """The post that a person is named with; `name` is its nominative."""

    name: str


class Entity(_Model):
    """A named entity with all its mentions, in the order of the text; of a person the post, and the organisation or
    place that the post belongs to."""

    label: str
    name: str
    mentions: tuple[Mention, ...]
    position: Position | None = None
    body: Name | None = None


class Marked(_Model):
    """A span as the model predicted it."""

    start: int
    end: int
    label: str
    score: float | None


class ModelName(_Model):
    """The model that read the document."""

    name: str
    version: str


class Article(_Model):
    """Everything that is read from one document."""

    id: str
    title: str | None
    published: date | None
    metrics: tuple[Record, ...]
    entities: tuple[Entity, ...]
    spans: tuple[Marked, ...]
    model: ModelName
    unread: int
    warnings: tuple[str, ...]

    def unique(self) -> Self:
        """The article with each fact told once: without the metrics that repeat an earlier one."""
        return self.model_copy(update={"metrics": tuple(record for record in self.metrics if record.repeats is None)})


Reading = tuple[Document, Article]  # a document and what was read from it
Names = Mapping[Span, str]


def build(document: Document, spans: Sequence[Span], model: ModelName, unread: int = 0) -> Article:
    """Assemble what was read from a document out of its predicted spans, which may not overlap.

    `unread` counts the characters that no window of the model saw. A publication date that the document lacks is taken
    from the article's own header. Raises ValueError when the document's date is not in ISO form.
    """
    spans = sorted(spans)
    published = date.fromisoformat(document.published) if document.published else publication_date(document.text)
    named = entities.find(document.text, spans)
    names = {span: entity.name for entity in named for span in entity.mentions}
    metrics, unreadable = [], []
    for metric in link(document.text, spans):
        if metric.number is None:
            unreadable.append(f"no number could be read in «{document.cut(metric.value)}» at {metric.value.start}")
        else:
            metrics.append(_record(document, metric, metric.number, names, published))
    return Article(
        id=document.id,
        title=document.title,
        published=published,
        metrics=_with_repeats(metrics),
        entities=tuple(_entity(document, entity) for entity in named),
        spans=tuple(Marked(start=span.start, end=span.end, label=span.label, score=span.score) for span in spans),
        model=model,
        unread=unread,
        warnings=(*unreadable, *_warnings(metrics, published, unread)),
    )


def _record(document: Document, metric: Metric, number: Number, names: Names, published: date | None) -> Record:
    roles = metric.roles
    indicator, action = roles["indicator"], roles["action"]
    return Record(
        value=Text.of(document, metric.value),
        number=_json_number(number.value),
        number_high=None if number.high is None else _json_number(number.high),
        bound=metric.bound,
        unit=metric.unit.code,
        kind=metric.unit.kind,
        indicator=Indicator.of(document, indicator, lemma=nominative(document.cut(indicator), indicator.label))
        if indicator
        else None,
        action=Text.of(document, action) if action else None,
        change=metric.change,
        period=_period(document, roles["period"], published),
        place=_named(document, roles["place"], names),
        subject=_named(document, roles["subject"], names),
        speaker=_named(document, metric.speaker, names),
        sentence=Sentence(start=metric.sentence[0], end=metric.sentence[1]),
        score=metric.score,
        how=metric.how,
    )


def _with_repeats(metrics: Sequence[Record]) -> tuple[Record, ...]:
    repeated = firsts([_fact(record) for record in metrics])
    return tuple(r.model_copy(update={"repeats": first}) for r, first in zip(metrics, repeated, strict=True))


def _fact(record: Record) -> Fact:
    period = record.period
    words = period.text.lower() if period else None
    days = (period.from_, period.to) if period and period.from_ and period.to else None
    return Fact(
        sentence=record.sentence.start,
        number=record.number,
        high=record.number_high,
        unit=record.unit,
        bound=record.bound,
        change=record.change,
        indicator=record.indicator.lemma if record.indicator else None,
        action=record.action.text if record.action else None,
        period=days or words,
        place=record.place.name if record.place else None,
        subject=record.subject.name if record.subject else None,
    )


def _json_number(number: Decimal) -> int | float:
    """A JSON number: an int where the decimal is whole, so that large counts stay exact."""
    return int(number) if number == number.to_integral_value() else float(number)


def _period(document: Document, span: Span | None, published: date | None) -> Period | None:
    if span is None:
        return None
    interval = resolve(document.cut(span), published)
    return Period.of(document, span, from_=interval and interval.start, to=interval and interval.end)


def _named(document: Document, span: Span | None, names: Names) -> Name | None:
    return Name.of(document, span, name=names[span], label=span.label) if span else None


def _warnings(metrics: Sequence[Record], published: date | None, unread: int) -> Iterator[str]:
    """What a person should know of the article as a whole."""
    periods = (metric.period for metric in metrics)
    if published is None and any(p and p.from_ is None and resolve(p.text, _SOME_DAY) for p in periods):
        yield "the publication date is unknown: periods that depend on it have no dates"
    if unread:
        yield f"{unread} characters were not read by the model"


def _entity(document: Document, found: entities.Entity) -> Entity:
    position, body = found.position, found.body
    return Entity(
        label=found.label,
        name=found.name,
        mentions=tuple(Mention.of(document, span, score=span.score) for span in found.mentions),
        position=Position.of(document, position, name=nominative(document.cut(position), position.label))
        if position
        else None,
        body=Name.of(document, body.span, name=body.name, label=body.span.label) if body else None,
    )
