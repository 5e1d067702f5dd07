"""An article's records as spans and relations: what annotators are given to correct."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from annotations.document import Document, Relation, Span
from annotations.labels import LabelSet, default_labels
from infer.records import Article, Record

Places = Mapping[tuple[int, int], Span]  # the spans of an article by their start and end


def preannotated(document: Document, article: Article) -> Document:
    """The document with the spans that were read from it, and a relation from each metric's value to every span that
    fills one of its roles.

    The relations are those that `annotations.checks.check` accepts: both ends are spans of the document, and the label
    set lets the role point at the label. A span whose label the label set does not have is left out.
    """
    labels = default_labels()
    known = labels.names()
    spans = tuple(Span(each.start, each.end, each.label, each.score) for each in article.spans if each.label in known)
    places = {(span.start, span.end): span for span in spans}
    relations = tuple(relation for record in article.metrics for relation in _relations(record, places, labels))
    return replace(document, spans=spans, relations=relations)


def _relations(record: Record, places: Places, labels: LabelSet) -> Iterator[Relation]:
    value = places.get((record.value.start, record.value.end))
    if value is None or value.label not in labels.names({"value"}):
        return
    for role in labels.roles:
        part = getattr(record, role.name)  # a record has one field for each role, named as the role is
        target = places.get((part.start, part.end)) if part else None
        if target and target.label in role.targets:
            yield Relation(value, target, role.name)
