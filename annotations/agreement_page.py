"""Annotators' disagreements as one web page that an editor works through; it needs nothing but itself.

Jinja2 escapes whatever comes from a document, and the page's own policy runs no script but `agreement.js`. What is
settled stays in the browser, under a key that holds as long as the disagreement does.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby, pairwise
from pathlib import Path
from urllib.parse import urlsplit

from annotations.agreement import Agreement, Disagreement, Kind, Side, figure, shares
from annotations.document import Span
from annotations.labels import Role, default_labels
from annotations.pages import environment, label

CONTEXT = 60
FACETS = ("label", "annotator", "kind")
KINDS = {
    Kind.SPAN: "біреуі ғана белгілеген",
    Kind.LABEL: "шегі бірдей, белгісі басқа",
    Kind.EDGES: "белгісі бірдей, шегі басқа",
    Kind.BOTH: "шегі де, белгісі де басқа",
    Kind.RELATION: "біреуі ғана байланыстырған",
    Kind.ROLE: "байланыстың рөлі басқа",
}
PAGE = Path(__file__).with_name("agreement.html")
_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the text: under a span of this side, under one of the other side only, or under none."""

    text: str
    span: Span | None
    theirs: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """A disagreement on the page."""

    one: Disagreement

    @property
    def key(self) -> str:
        """What the browser keeps it under: the same for the same marks of the same annotators in the same text."""
        marks = [(side.annotator, side.mark) for side in self.one.sides]
        told = repr((self.one.document, self.one.text, self.one.kind.name, marks))
        return sha256(told.encode("utf-8", "replace")).hexdigest()[:20]

    @property
    def facets(self) -> dict[str, list[str]]:
        """What the page can be filtered by."""
        return {
            "label": sorted({span.label for span in self.one.spans}),
            "annotator": [side.annotator for side in self.one.sides],
            "kind": [self.one.kind.value],
        }

    def pieces(self, side: Side) -> Iterator[_Piece | None]:
        """The text around the spans of both sides, those of one of them marked; None for what is left out."""
        text, position = self.one.text, 0
        for start, end in _windows(text, self.one.spans):
            if start > position:
                yield None
            inside = {edge for span in self.one.spans for edge in (span.start, span.end) if start < edge < end}
            stretches = pairwise(sorted({start, end} | inside))
            for (ours, theirs), parts in groupby(stretches, lambda part: self._under(side, *part)):
                edges = [edge for part in parts for edge in part]
                yield _Piece(text[edges[0] : edges[-1]], ours, theirs)
            position = end
        if position < len(text):
            yield None

    def _under(self, side: Side, start: int, end: int) -> tuple[Span | None, bool]:
        """The side's span over a stretch that no edge cuts; if there is none, whether the other side has one."""
        ours = next((span for span in side.spans if span.start <= start and end <= span.end), None)
        theirs = any(span.start <= start and end <= span.end for span in self.one.spans)
        return ours, ours is None and theirs


@dataclass(frozen=True, slots=True)
class _Filter:
    """What occurs in one facet of the disagreements, and how often; the script knows a choice by its number."""

    counts: dict[str, int]

    def numbers(self, names: Iterable[str]) -> str:
        """The numbers of some choices, as they stand in an attribute."""
        return " ".join(str(number) for number, name in enumerate(self.counts) if name in {*names})


def render(agreement: Agreement) -> str:
    """The page, which holds all disagreements in memory."""
    entries = [_Entry(one) for one in agreement.disagreements]
    facets = {name: Counter(choice for entry in entries for choice in entry.facets[name]) for name in FACETS}
    documents = [(id, [*group]) for id, group in groupby(entries, lambda entry: entry.one.document)]
    templates = environment(
        PAGE,
        kinds={kind.value: kazakh for kind, kazakh in KINDS.items()},
        choice=_choice,
        role=_role,
        address=_address,
        figure=figure,
        shares=shares,
    )
    return templates.get_template(PAGE.name).render(
        agreement=agreement,
        documents=documents,
        total=len(entries),
        filters={name: _Filter(dict(sorted(counts.items()))) for name, counts in facets.items()},
    )


def _windows(text: str, spans: Sequence[Span]) -> list[tuple[int, int]]:
    """What is shown of the text: CONTEXT characters around each span, in whole words where it has any."""
    result: list[tuple[int, int]] = []
    for span in spans:
        start, end = max(span.start - CONTEXT, 0), min(span.end + CONTEXT, len(text))
        if start > 0:
            start = next((space.end() for space in _SPACE.finditer(text, start, span.start)), start)
        if end < len(text):
            end = max((space.start() for space in _SPACE.finditer(text, span.end, end)), default=end)
        if result and start <= result[-1][1]:
            start, end = result[-1][0], max(result.pop()[1], end)
        result.append((start, end))
    return result


def _role(name: str) -> Role:
    """A role of the label set; one of somebody's own stands for itself."""
    own = Role(name=name, kk=name, en=name, targets=())
    return next((role for role in default_labels().roles if role.name == name), own)


def _choice(facet: str, name: str) -> str:
    """What a choice of a filter is called."""
    match facet:
        case "label":
            return f"{label(name).kk} – {label(name).en}"
        case "kind":
            return f"{KINDS[Kind(name)]} – {name}"
        case _:
            return name


def _address(task: str | None) -> str | None:
    """The address of a task if it is one of the web: nothing else becomes a link."""
    try:
        parts = urlsplit(task or "")
    except ValueError:
        return None
    return task if parts.scheme in ("http", "https") and parts.netloc else None
