"""The entities of a text: the mentions of one name together, and of a person the post and its body."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annotations.document import Span
from annotations.labels import default_labels
from infer import posts
from infer.names import abbreviates, fullest, key, merge
from infer.posts import Body, Post

_ABBREVIATION = re.compile(r"[»”\"]?\s?\((?:бұдан әрі\s?[-–—]?\s?)?(?P<short>[^\W\d_]{2,10})\)")


@dataclass(frozen=True, slots=True)
class Entity:
    """The mentions of one name in the order of the text, and its nominative; of a person the post and its body."""

    label: str
    name: str
    mentions: tuple[Span, ...]
    position: Span | None
    body: Body | None


def find(text: str, spans: Sequence[Span]) -> list[Entity]:
    """The entities in the order of first mention. `spans` are in the order of the text and do not overlap."""
    labels = set(default_labels().names(["entity"])) - {"ORDINAL"}  # annotated as an entity, but a number, not a name
    mentions = [span for span in spans if span.label in labels]
    names = [(text[span.start : span.end], span.label) for span in mentions]
    clusters: dict[int, list[int]] = {}
    for at, cluster in enumerate(merge(names, _abbreviations(text, mentions))):
        clusters.setdefault(cluster, []).append(at)
    headings = {cluster: fullest([names[at] for at in ats]) for cluster, ats in clusters.items()}
    known = {(names[at][1], key(*names[at])): headings[cluster] for cluster, ats in clusters.items() for at in ats}
    held = posts.held(text, spans, known)
    return [_entity([mentions[at] for at in ats], headings[cluster], held) for cluster, ats in clusters.items()]


def _abbreviations(text: str, mentions: Sequence[Span]) -> dict[int, str]:
    """What a bracket behind a mention, by its place in `mentions`, also calls it: `Білім министрлігі (БМ)`."""
    brackets = ((place, span, _ABBREVIATION.match(text, span.end)) for place, span in enumerate(mentions))
    return {
        place: bracket["short"]
        for place, span, bracket in brackets
        if bracket and abbreviates(bracket["short"], text[span.start : span.end])
    }


def _entity(mentions: Sequence[Span], name: str, held: Mapping[Span, Post]) -> Entity:
    post = posts.best(held[mention] for mention in mentions if mention in held)
    position, body = (post.span, post.body) if post else (None, None)
    return Entity(mentions[0].label, name, tuple(mentions), position, body)
