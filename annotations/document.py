"""A document and what is marked in it. Every offset counts Unicode code points of `text` as given."""

from dataclasses import dataclass, field

from annotations.labels import GROUPS


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`text[start:end]` carries `label`; `score` is the model's probability, None for a person's annotation."""

    start: int
    end: int
    label: str
    score: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """`target` fills `role` for the value `source`."""

    source: Span
    target: Span
    role: str


@dataclass(frozen=True, slots=True)
class Document:
    """A text, which is never altered, with its spans and the relations between them.

    `groups` names the label groups, or single labels, that the annotators looked for: outside of them the absence of a
    span means nothing. `annotator` is who marked it, where that is known, and `task` the address of the task in Label
    Studio where they did: several annotators' markings of one text are several documents with the same id.
    """

    id: str
    text: str
    spans: tuple[Span, ...] = ()
    relations: tuple[Relation, ...] = ()
    published: str | None = None
    title: str | None = None
    source: str | None = None
    groups: frozenset[str] = GROUPS
    annotator: str | None = None
    task: str | None = None

    def cut(self, span: Span) -> str:
        """The text under a span."""
        return self.text[span.start : span.end]
