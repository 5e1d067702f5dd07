"""How right records are: F1 at five levels, from the value alone to the whole record.

A predicted record is paired with the gold record of the same document whose value span it overlaps, each used once.
A pair counts at a level when it counts at the level before it and agrees in the level's own fields:

    value and number   number and upper end equal exactly
    + unit             unit codes equal
    + indicator        indicator spans overlap, or neither record has one
    + action           the same for actions
    whole record       bound and change equal; period, place and subject overlap or are absent in both
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from annotations.checks import Problem, fail
from annotations.document import Document, Span
from annotations.formats import Reject
from eval.alignment import Offsets, align, overlap
from infer.linking import link
from infer.records import Article, Text

ROLES = ("indicator", "action", "period", "place", "subject")
LEVELS = ("value and number", "+ unit", "+ indicator", "+ action", "whole record")


@dataclass(frozen=True, slots=True)
class Record:
    """What is scored of a metric record. Offsets are `[start, end)` code points of the document's text."""

    value: Offsets
    number: Decimal
    high: Decimal | None
    bound: str
    unit: str
    change: str | None
    roles: Mapping[str, Offsets | None]


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 of one level, with the counts they are made of."""

    level: str
    right: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """The share of predicted records that are right; 0 when there are none."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """The share of gold records that were found; 0 when there are none."""
        return self.right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.right / (self.predicted + self.gold) if self.predicted + self.gold else 0.0


def score(gold: Mapping[str, Sequence[Record]], predicted: Mapping[str, Sequence[Record]]) -> list[Score]:
    """A score for every level, over the documents of `gold` by id. Raises ValueError for unknown documents."""
    if unknown := sorted(predicted.keys() - gold.keys()):
        raise ValueError(f"records for documents without gold: {', '.join(unknown[:5])}")
    found = [reached(records, predicted.get(document, ())) for document, records in gold.items()]
    guesses, golds = sum(map(len, predicted.values())), sum(map(len, gold.values()))
    return [
        Score(level, sum(counts[number] for counts in found), guesses, golds) for number, level in enumerate(LEVELS)
    ]


def reached(gold: Iterable[Record], predicted: Iterable[Record]) -> list[int]:
    """How many pairs of a document's records are right at each level."""
    levels = [agreement(right, guess) for right, guess in pairs(gold, predicted)]
    return [sum(level > number for level in levels) for number in range(len(LEVELS))]


def pairs(gold: Iterable[Record], predicted: Iterable[Record]) -> Iterator[tuple[Record, Record]]:
    """Gold and predicted records whose value spans overlap; the widest overlap first, each record used once."""
    golds, guesses = list(gold), list(predicted)
    for i, j in align([record.value for record in golds], [record.value for record in guesses]):
        yield golds[i], guesses[j]


def agreement(gold: Record, predicted: Record) -> int:
    """How many levels, one after the other, two records agree on."""
    checks = (
        (gold.number, gold.high) == (predicted.number, predicted.high),
        gold.unit == predicted.unit,
        _same_role(gold, predicted, "indicator"),
        _same_role(gold, predicted, "action"),
        (gold.bound, gold.change) == (predicted.bound, predicted.change)
        and all(_same_role(gold, predicted, role) for role in ("period", "place", "subject")),
    )
    return next((level for level, holds in enumerate(checks) if not holds), len(checks))


def read_gold(path: Path, reject: Reject = fail) -> dict[str, list[Record]]:
    """The gold records of a `*.records.jsonl` file by sentence id; a malformed line is a Problem with its number."""
    gold: dict[str, list[Record]] = {}
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                sentence = json.loads(line, parse_float=Decimal)
                gold[sentence["sentence_id"]] = [_record(metric) for metric in sentence["metrics"]]
            except (KeyError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
                reject(Problem(path.name, f"line {number}", f"not a sentence with its records ({error})"))
    return gold


def from_article(article: Article) -> list[Record]:
    """What is scored of the records that came out for a document."""
    return [
        Record(
            value=(record.value.start, record.value.end),
            number=Decimal(str(record.number)),
            high=None if record.number_high is None else Decimal(str(record.number_high)),
            bound=record.bound,
            unit=record.unit,
            change=record.change,
            roles={role: _ends(getattr(record, role)) for role in ROLES},
        )
        for record in article.metrics
    ]


def from_spans(document: Document) -> list[Record]:
    """The records that linking and normalising make of a document's own, annotated spans."""
    return [
        Record(
            value=(metric.value.start, metric.value.end),
            number=metric.number.value,
            high=metric.number.high,
            bound=metric.bound,
            unit=metric.unit.code,
            change=metric.change,
            roles={role: _ends(metric.roles[role]) for role in ROLES},
        )
        for metric in link(document.text, document.spans)
        if metric.number is not None
    ]


def _ends(stretch: Text | Span | None) -> Offsets | None:
    return (stretch.start, stretch.end) if stretch else None


def _record(metric: Mapping[str, object]) -> Record:
    return Record(
        value=_required(metric["value"]),
        number=Decimal(str(metric["number"])),
        high=None if metric["high"] is None else Decimal(str(metric["high"])),
        bound=str(metric["bound"]),
        unit=str(metric["unit"]),
        change=None if metric["change"] is None else str(metric["change"]),
        roles={role: _offsets(metric[role]) for role in ROLES},
    )


def _required(offsets: object) -> Offsets:
    found = _offsets(offsets)
    if found is None:
        raise ValueError("a record without a value")
    return found


def _offsets(offsets: object) -> Offsets | None:
    if offsets is None:
        return None
    if isinstance(offsets, list) and len(offsets) == 2:
        return int(offsets[0]), int(offsets[1])
    raise ValueError(f"offsets are [start, end] or null, not {offsets!r}")


def _same_role(gold: Record, predicted: Record, role: str) -> bool:
    ours, theirs = gold.roles[role], predicted.roles[role]
    if ours is None or theirs is None:
        return ours is theirs
    return overlap(ours, theirs) > 0
