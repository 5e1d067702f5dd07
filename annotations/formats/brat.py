"""brat standoff (https://brat.nlplab.org/standoff.html): `a.txt` with the text, `a.ann` with what is marked in it.

    T1	CITY 16 22	Қордай
    T2	DATE 30 37;45 52	2 мамыр 2031 ж.

Offsets count the code points of the text, line ends among them. A collection is a directory, or a tar archive of one.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from annotations.checks import Problem, fail
from annotations.document import Document, Span
from annotations.formats import Bundle, Reject, bundles, stretch
from annotations.mapping import LabelMap, identity, relabel

ENTITY = re.compile(r"T[0-9]+\t(\S+) ([0-9]{1,9} [0-9]{1,9}(?:;[0-9]{1,9} [0-9]{1,9})*)\t(.*)")
LINE_ENDS = str.maketrans("\r\n", "  ")


def read(path: Path, reject: Reject = fail, mapping: LabelMap | None = None) -> Iterator[Document]:
    """The documents of a collection, called by their paths in it.

    Of an `.ann` the entities are read (lines that start with T), not relations, events, notes and the like. `mapping`
    gives our labels for theirs, and what becomes of nested entities is told there: see annotations.mapping.relabel. A
    discontinuous entity is one span when no letter or digit stands between its pieces, as where it runs over a line
    end; any other is passed over. An entity whose text is not the text at its offsets is a Problem with its line.
    Raises ValueError for a broken archive.
    """
    labels = identity() if mapping is None else mapping
    for bundle in bundles(path, ".ann", ".txt"):
        try:
            document = relabel(_parse(bundle), labels)
        except Problem as problem:
            reject(problem)
        else:
            yield document


def _parse(bundle: Bundle) -> Document:
    text = bundle.text(".txt")
    spans = []
    for number, line in enumerate(bundle.text(".ann").removeprefix("\ufeff").split("\n"), 1):
        if line.startswith("T"):
            try:
                span = _span(line.removesuffix("\r"), text)
            except ValueError as error:
                raise Problem(bundle.id, f".ann, line {number}", str(error)) from None
            if span:
                spans.append(span)
    return Document(bundle.id, text, tuple(spans))


def _span(line: str, text: str) -> Span | None:
    """The span of an entity, None for one that a span cannot hold. Raises ValueError, which says why, for no entity."""
    entity = ENTITY.fullmatch(line)
    if not entity:
        raise ValueError("an entity is a number, a label with its offsets, and its text, with tabs between them")
    label, offsets, told = entity.groups()
    pieces = [(int(start), int(end)) for start, end in (piece.split() for piece in offsets.split(";"))]
    if not all(start < end <= len(text) for start, end in pieces):
        raise ValueError(f"a text of {len(text)} characters has no piece at {offsets}")
    found = " ".join(text[start:end] for start, end in pieces).translate(LINE_ENDS)
    if found != told:
        raise ValueError(f"at {offsets} the text has {found!r}, not {told!r}")
    whole = stretch(text, sorted(pieces))
    return Span(*whole, label) if whole else None
