"""How far annotators agree on the texts that several of them marked, and where they do not.

Spans and relations are compared by F1, which of two annotators needs no answer to what neither of them marked and
which is kappa's limit where most of a text is unmarked (Hripcsak & Rothschild 2005, Agreement, the F-measure, and
reliability in information retrieval). Tokens are compared by kappa (Cohen 1960, A coefficient of agreement for nominal
scales; for its use in annotation Artstein & Poesio 2008, Inter-coder agreement for computational linguistics).

Two marks are *exact* where edges, label and role are the same. Two spans *overlap* where the label is the same and
they share a character; two relations where the role is the same and both ends overlap so. Marks that overlap are
paired, each with one other at most: the exact ones first, then as many as can be, and of all ways to do so the one that
shares the most characters (the assignment problem, Kuhn 1955). F1 counts the pairs.

Only labels that both annotators looked for count (`Document.groups`).
"""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from itertools import combinations
from operator import attrgetter
from typing import TypeVar

import numpy as np
from rich.table import Table
from rich.text import Text

from annotations.checks import Problem, fail
from annotations.document import Document, Relation, Span
from annotations.formats import Reject
from annotations.labels import default_labels

Mark = TypeVar("Mark", bound=Span | Relation)

UNMARKED = "O"
_TOKEN = re.compile(r"\w+|[^\w\s]")


class Kind(StrEnum):
    """What two annotators disagree on."""

    SPAN = "only one marked it"
    LABEL = "same edges, other label"
    EDGES = "same label, other edges"
    BOTH = "other edges, other label"
    RELATION = "only one drew it"
    ROLE = "other role"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many spans or relations each of two annotators marked, and how many pairs of them are alike.

    `overlapping` counts the exact pairs too. A figure is None where there is nothing to divide by.
    """

    first: int = 0
    second: int = 0
    exact: int = 0
    overlapping: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.first + other.first,
            self.second + other.second,
            self.exact + other.exact,
            self.overlapping + other.overlapping,
        )

    @property
    def exact_f1(self) -> float | None:
        """F1 of marks that are the same."""
        return _ratio(2 * self.exact, self.first + self.second)

    @property
    def overlapping_f1(self) -> float | None:
        """F1 of marks that overlap."""
        return _ratio(2 * self.overlapping, self.first + self.second)

    @property
    def exact_shares(self) -> tuple[float | None, float | None]:
        """Of the marks of the first and of the second, the share that the other marked exactly so."""
        return _ratio(self.exact, self.first), _ratio(self.exact, self.second)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two annotators, in alphabetical order, over the documents that both marked.

    `kappa` is Cohen's kappa over the `tokens` of these documents, None where both put every token into one class.
    `labels` and `roles` hold what occurs, in alphabetical order; `spans` and `relations` are their sums.
    """

    annotators: tuple[str, str]
    documents: int
    tokens: int
    kappa: float | None
    labels: Mapping[str, Counts]
    roles: Mapping[str, Counts]

    @property
    def spans(self) -> Counts:
        """All labels together: what micro averages are computed from."""
        return sum(self.labels.values(), Counts())

    @property
    def relations(self) -> Counts:
        """All roles together."""
        return sum(self.roles.values(), Counts())


@dataclass(frozen=True, slots=True)
class Side:
    """What one annotator marked where two disagree: None where they marked nothing. `task` as in Document."""

    annotator: str
    task: str | None
    mark: Span | Relation | None

    @property
    def spans(self) -> tuple[Span, ...]:
        """The span, or the two ends of the relation."""
        match self.mark:
            case None:
                return ()
            case Span():
                return (self.mark,)
            case Relation():
                return self.mark.source, self.mark.target


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One place where two annotators, in alphabetical order, marked the document `document` otherwise."""

    document: str
    text: str = field(repr=False)
    kind: Kind
    sides: tuple[Side, Side]

    @property
    def spans(self) -> tuple[Span, ...]:
        """The spans of both sides in the order of the text."""
        return tuple(sorted({span for side in self.sides for span in side.spans}))


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of all pairs of annotators who marked a text in common, and their disagreements.

    `shared` counts the documents that several annotators marked, `single` those that one did, which say nothing here.

    Disagreements: the documents with the most of them first, of equals the one with the lower exact F1 of spans and
    relations together, then by id. In a document they are in the order of the text.
    """

    pairs: tuple[Pair, ...]
    disagreements: tuple[Disagreement, ...]
    shared: int
    single: int

    @property
    def labels(self) -> dict[str, Counts]:
        """Each label's counts, summed over the pairs."""
        return _total(pair.labels for pair in self.pairs)

    @property
    def roles(self) -> dict[str, Counts]:
        """Each role's counts, summed over the pairs."""
        return _total(pair.roles for pair in self.pairs)

    def recall(self, answers: str, annotator: str) -> float | None:
        """The share of the spans of `answers` that `annotator` marked exactly so: what the guidelines' exercise asks.

        None where the two have no span to compare.
        """
        for pair in self.pairs:
            if {*pair.annotators} == {answers, annotator}:
                return pair.spans.exact_shares[pair.annotators.index(answers)]
        return None


def markings(documents: Iterable[Document], reject: Reject = fail) -> dict[str, dict[str, Document]]:
    """The documents by id and annotator, in the order of first appearance.

    A Problem, which costs only the document that is refused: it has no annotator, another text than the first document
    with its id, or an annotator who has marked the text before.
    """
    result: dict[str, dict[str, Document]] = {}
    for document in documents:
        known = result.get(document.id, {})
        first = next(iter(known.values()), document)
        if document.annotator is None:
            reject(Problem(document.id, "annotator", "nobody is named"))
        elif document.text != first.text:
            why = f"the text of {document.annotator} is not that of {first.annotator}"
            reject(Problem(document.id, "text", why))
        elif document.annotator in known:
            reject(Problem(document.id, "annotator", f"{document.annotator} has marked this text before"))
        else:
            result.setdefault(document.id, {})[document.annotator] = document
    return result


def compare(documents: Iterable[Document], *, reject: Reject = fail) -> Agreement:
    """How far annotators agree; several markings of one text are several documents with the same id.

    Hands `reject` a Problem for each document that `markings` refuses. Raises ImportError that names the extra where
    scikit-learn is missing.
    """
    if find_spec("sklearn") is None:
        raise ImportError("agreement needs the `labelstudio` extra: pip install 'malimet[labelstudio]'")
    texts = markings(documents, reject)
    read: dict[tuple[str, str], list[_Both]] = defaultdict(list)
    worst: list[tuple[int, float, str, list[Disagreement]]] = []
    for id, copies in texts.items():
        here = {names: _Both(copies[names[0]], copies[names[1]]) for names in combinations(sorted(copies), 2)}
        for names, both in here.items():
            read[names].append(both)
        found = sorted((one for both in here.values() for one in both.disagreements()), key=attrgetter("spans"))
        if found:
            every = [*_total(both.labels for both in here.values()).values()]
            every += _total(both.roles for both in here.values()).values()
            worst.append((-len(found), sum(every, Counts()).exact_f1 or 0.0, id, found))
    return Agreement(
        tuple(_pair(names, read[names]) for names in sorted(read)),
        tuple(one for *_, found in sorted(worst, key=lambda entry: entry[:3]) for one in found),
        shared=sum(len(copies) > 1 for copies in texts.values()),
        single=sum(len(copies) == 1 for copies in texts.values()),
    )


def classes(text: str, spans: Iterable[Span]) -> list[str]:
    """The class of each token: the label of the span that covers it, or O. A token is a word or a punctuation mark.

    A span that covers a part of a token covers it. Of several spans the one that shares the most characters with the
    token counts, of equals the first in the order of the text.
    """
    tokens = [match.span() for match in _TOKEN.finditer(text)]
    ends = [end for _, end in tokens]
    result, most = [UNMARKED] * len(tokens), [0] * len(tokens)
    for span in sorted(spans):
        for number in range(bisect_right(ends, span.start), len(tokens)):
            start, end = tokens[number]
            if start >= span.end:
                break
            if (shared := min(end, span.end) - max(start, span.start)) > most[number]:
                result[number], most[number] = span.label, shared
    return result


class _Both:
    """Two annotators' markings of one text: what is alike in them, and what is not."""

    def __init__(self, first: Document, second: Document) -> None:
        self.documents = first, second
        known = default_labels()
        unsought = {*known.names()} - ({*known.names(first.groups)} & {*known.names(second.groups)})
        self.spans = _spans(first, unsought), _spans(second, unsought)
        self.relations = _relations(first, unsought), _relations(second, unsought)
        self.alike = _paired(*self.spans, _overlap)
        self.labels = _counts(*self.spans, self.alike, attrgetter("label"))
        self.roles = _counts(*self.relations, _paired(*self.relations, _ends_overlap), attrgetter("role"))

    def classes(self) -> tuple[list[str], list[str]]:
        """The classes of the tokens in either marking."""
        return classes(self.documents[0].text, self.spans[0]), classes(self.documents[1].text, self.spans[1])

    def disagreements(self) -> Iterator[Disagreement]:
        """First those on spans, then those on relations.

        Where both drew a relation but disagree on its ends, only the disagreements on these spans are told.
        """
        partner = dict(self.alike)
        for shared in (_same_edges, _shared):
            partner |= _paired(*_without(*self.spans, partner), shared)
        for first, second in partner.items():
            if first != second:
                yield self._disagreement(_span_kind(first, second), first, second)
        yield from self._alone(Kind.SPAN, *_without(*self.spans, partner))
        yield from self._on_relations(partner)

    def _on_relations(self, partner: Mapping[Span, Span]) -> Iterator[Disagreement]:
        def same_ends(first: Relation, second: Relation) -> int:
            return (partner.get(first.source), partner.get(first.target)) == (second.source, second.target)

        def drawn_by_both(first: Relation, second: Relation) -> int:
            return first.role == second.role and same_ends(first, second)

        left, right = _without(*self.relations, _paired(*self.relations, drawn_by_both))
        renamed = _paired(left, right, same_ends)
        for first, second in renamed.items():
            yield self._disagreement(Kind.ROLE, first, second)
        yield from self._alone(Kind.RELATION, *_without(left, right, renamed))

    def _alone(self, kind: Kind, left: Sequence[Mark], right: Sequence[Mark]) -> Iterator[Disagreement]:
        for first in left:
            yield self._disagreement(kind, first, None)
        for second in right:
            yield self._disagreement(kind, None, second)

    def _disagreement(self, kind: Kind, first: Span | Relation | None, second: Span | Relation | None) -> Disagreement:
        ours, theirs = (
            Side(document.annotator or "", document.task, mark)
            for document, mark in zip(self.documents, (first, second), strict=True)
        )
        return Disagreement(self.documents[0].id, self.documents[0].text, kind, (ours, theirs))


def _spans(document: Document, unsought: AbstractSet[str]) -> list[Span]:
    return sorted({span for span in document.spans if span.label not in unsought})


def _relations(document: Document, unsought: AbstractSet[str]) -> list[Relation]:
    marks = document.relations
    return sorted({one for one in marks if unsought.isdisjoint((one.source.label, one.target.label))})


def _pair(annotators: tuple[str, str], read: list[_Both]) -> Pair:
    first: list[str] = []
    second: list[str] = []
    for both in read:
        ours, theirs = both.classes()
        first += ours
        second += theirs
    labels, roles = _total(both.labels for both in read), _total(both.roles for both in read)
    return Pair(annotators, len(read), len(first), _kappa(first, second), labels, roles)


def _kappa(first: list[str], second: list[str]) -> float | None:
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(first, second)) if len({*first, *second}) > 1 else None


def _paired(left: Sequence[Mark], right: Sequence[Mark], shared: Callable[[Mark, Mark], int]) -> dict[Mark, Mark]:
    """What is on both sides with itself; of the rest as many pairs that share something as can be, and the most."""
    from scipy.optimize import linear_sum_assignment  # scikit-learn brings it

    common = {*left} & {*right}
    result = {mark: mark for mark in left if mark in common}
    lefts, rights = _without(left, right, result)
    weights = np.array([[shared(first, second) for second in rights] for first in lefts], np.int64)
    if not weights.any():
        return result
    bonus = weights.sum() + 1  # one pair more outweighs all that can be shared
    for row, column in zip(*linear_sum_assignment(np.where(weights, weights + bonus, 0), maximize=True), strict=True):
        if weights[row, column]:
            result[lefts[row]] = rights[column]
    return result


def _without(left: Sequence[Mark], right: Sequence[Mark], paired: Mapping[Mark, Mark]) -> tuple[list[Mark], list[Mark]]:
    """What stays on both sides without its pair."""
    taken = {*paired.values()}
    return [mark for mark in left if mark not in paired], [mark for mark in right if mark not in taken]


def _shared(first: Span, second: Span) -> int:
    return max(0, min(first.end, second.end) - max(first.start, second.start))


def _overlap(first: Span, second: Span) -> int:
    return _shared(first, second) if first.label == second.label else 0


def _same_edges(first: Span, second: Span) -> int:
    return (first.start, first.end) == (second.start, second.end)


def _ends_overlap(first: Relation, second: Relation) -> int:
    sources, targets = _overlap(first.source, second.source), _overlap(first.target, second.target)
    return sources + targets if sources and targets and first.role == second.role else 0


def _span_kind(first: Span, second: Span) -> Kind:
    if first.label == second.label:
        return Kind.EDGES
    return Kind.LABEL if _same_edges(first, second) else Kind.BOTH


def _counts(
    left: Sequence[Mark], right: Sequence[Mark], paired: Mapping[Mark, Mark], name: Callable[[Mark], str]
) -> dict[str, Counts]:
    """The counts of each label or role."""
    first, second, overlapping = (Counter(map(name, marks)) for marks in (left, right, paired))
    exact = Counter(name(mark) for mark in {*left} & {*right})
    return {
        each: Counts(first[each], second[each], exact[each], overlapping[each]) for each in sorted({*first, *second})
    }


def _total(parts: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """The sum of each label's or role's counts, in alphabetical order."""
    result: dict[str, Counts] = defaultdict(Counts)
    for part in parts:
        for name, counts in part.items():
            result[name] += counts
    return dict(sorted(result.items()))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def tables(agreement: Agreement, first: int = 20) -> list[Table]:
    """The agreement for a terminal: by pair of annotators, by label and role, and the first disagreements."""
    return [_by_pair(agreement), _by_label(agreement), _first(agreement, first)]


def figure(value: float | None) -> str:
    """A figure between -1 and 1 with three decimals, a dash for one that is not defined."""
    return "–" if value is None else f"{value:.3f}"


def shares(counts: Counts) -> str:
    """The share of exact pairs in what the first and in what the second marked, in per cent."""
    return " · ".join("–" if share is None else f"{share:.1%}" for share in counts.exact_shares)


def _by_pair(agreement: Agreement) -> Table:
    table = Table(box=None, pad_edge=False, title="agreement of annotators")
    table.caption = "share: of exact pairs in what the first and the second marked; ≈ counts overlapping edges too"
    table.add_column("annotators", overflow="fold")
    table.add_column("of")
    for heading in ("texts", "marked", "exact", "share", "F1", "F1 ≈", "kappa"):
        table.add_column(heading, justify="right")
    for pair in agreement.pairs:
        names = Text(" · ".join(map(_plain, pair.annotators)))
        table.add_row(names, "spans", str(pair.documents), *_cells(pair.spans), figure(pair.kappa))
        table.add_row("", "relations", "", *_cells(pair.relations))
    return table


def _cells(counts: Counts) -> tuple[str, ...]:
    figures = figure(counts.exact_f1), figure(counts.overlapping_f1)
    return f"{counts.first} · {counts.second}", str(counts.exact), shares(counts), *figures


def _by_label(agreement: Agreement) -> Table:
    table = Table("label", box=None, pad_edge=False, title="agreement by label and role")
    for heading in ("marked", "exact pairs", "F1", "F1 ≈"):
        table.add_column(heading, justify="right")
    for part in (agreement.labels, agreement.roles):
        for name, one in part.items():
            marked = str(one.first + one.second)
            table.add_row(Text(_plain(name)), marked, str(one.exact), figure(one.exact_f1), figure(one.overlapping_f1))
        table.add_section()
    return table


def _first(agreement: Agreement, count: int) -> Table:
    shown = agreement.disagreements[:count]
    table = Table(title=f"{len(shown)} of {len(agreement.disagreements)} disagreements")
    for heading in ("document", "what", "one", "other"):
        table.add_column(heading, overflow="fold")
    for one in shown:
        cells = (one.document, one.kind.value, *(_words(one.text, side) for side in one.sides))
        table.add_row(*(Text(_plain(cell)) for cell in cells))
    return table


def _words(text: str, side: Side) -> str:
    """Who marked what, in a line."""
    match side.mark:
        case None:
            words = "–"
        case Span(start, end, label):
            words = f"{label} «{text[start:end]}» {start}–{end}"
        case Relation(source, target, role):
            ends = (f"«{text[span.start : span.end]}» {span.start}–{span.end}" for span in (source, target))
            words = f"{role} {' → '.join(ends)}"
    return f"{side.annotator}: {words}"


def _plain(words: str) -> str:
    """Words in one line, without what would steer a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
