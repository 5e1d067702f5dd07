"""One gold document of each text from the markings of several annotators."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from annotations.agreement import markings
from annotations.checks import fail
from annotations.document import Document, Relation, Span
from annotations.formats import Reject

Voted = TypeVar("Voted")


@dataclass(frozen=True, slots=True)
class Vote:
    """What some annotator marked in a document and the vote left out, in the order of the text."""

    document: str
    annotators: tuple[str, ...]
    spans: tuple[Span, ...]
    relations: tuple[Relation, ...]


def adjudicate(
    documents: Iterable[Document],
    *,
    adjudicator: str | None = None,
    reject: Reject = fail,
    report: Callable[[Vote], object] | None = None,
) -> Iterator[Document]:
    """One document an id, in the order of first appearance; several markings are several documents with the same id.

    The marking of the adjudicator where they marked the text, and of the only annotator where there is one. Elsewhere a
    vote: the spans that more than half of the annotators marked with the same edges and label, and the relations that
    more than half drew, as long as both ends stay; likewise the groups that more than half looked for. So two
    annotators must agree, and no two spans of the result overlap that no annotator let overlap. The other fields are
    the first annotator's. `report` gets a Vote for each text that was put to the vote.

    The result is nobody's marking: its annotator is None, and its task is that of the marking it began with. Hands
    `reject` a Problem for each document that `markings` refuses. Raises ValueError for an adjudicator who marked
    nothing.
    """
    texts = markings(documents, reject)
    everybody = {name for copies in texts.values() for name in copies}
    if adjudicator is not None and adjudicator not in everybody:
        raise ValueError(f"{adjudicator} marked none of the documents; those who did: {', '.join(sorted(everybody))}")
    for copies in texts.values():
        first = next(iter(copies.values()))
        if adjudicator in copies:
            gold = copies[adjudicator]
        elif len(copies) == 1:
            gold = first
        else:
            gold = _by_vote(tuple(copies.values()))
            if report:
                report(_left_out(gold, copies))
        yield replace(gold, annotator=None)


def _by_vote(copies: Sequence[Document]) -> Document:
    spans = _majority([one.spans for one in copies])
    relations = _majority([one.relations for one in copies])
    return replace(
        copies[0],
        spans=spans,
        relations=tuple(one for one in relations if {one.source, one.target} <= {*spans}),
        groups=frozenset(_majority([one.groups for one in copies])),
    )


def _majority(ballots: Sequence[Iterable[Voted]]) -> tuple[Voted, ...]:
    """What is on more than half of the ballots, in the order of first appearance."""
    votes = Counter(choice for ballot in ballots for choice in dict.fromkeys(ballot))
    return tuple(choice for choice, count in votes.items() if 2 * count > len(ballots))


def _left_out(gold: Document, copies: dict[str, Document]) -> Vote:
    spans = {span for one in copies.values() for span in one.spans} - {*gold.spans}
    relations = {relation for one in copies.values() for relation in one.relations} - {*gold.relations}
    return Vote(gold.id, tuple(copies), tuple(sorted(spans)), tuple(sorted(relations)))
