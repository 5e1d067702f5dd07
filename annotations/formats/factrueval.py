"""The format of factRuEval-2016 (https://github.com/dialogue-evaluation/factRuEval-2016): `a.txt` with the text,
`a.spans` with its parts of names, `a.objects` with the objects that these parts name.

    501 org_descr 0 6 71 1  # 71 Ауылда          number, kind, start, length, first token, tokens  # tokens
    502 org_name 8 5 72 1  # 72 Тірек
    90 Org 501 502 # Ауылда Тірек                number, label, its parts  # text

Offsets count the code points of the text. A collection is a directory, or a tar archive of one.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from annotations.checks import Problem, fail
from annotations.document import Document, Span
from annotations.formats import Bundle, Reject, bundles, stretch
from annotations.mapping import LabelMap, identity, relabel

PART = re.compile(r"([0-9]{1,18}) (\S+) ([0-9]{1,9}) ([0-9]{1,9}) [0-9]+ ([0-9]{1,9})\s*#(.*)")
OBJECT = re.compile(r"[0-9]+ (\S+) ([0-9]{1,18}(?: [0-9]{1,18})*)\s*#.*")
NAMES = frozenset({"name", "surname", "patronymic", "nickname", "loc_name", "org_name", "prj_name"})

Part = tuple[int, int, str]


def read(path: Path, reject: Reject = fail, mapping: LabelMap | None = None) -> Iterator[Document]:
    """The documents of a collection, called by their paths in it.

    An object's span covers the parts that are its name, without the words that say what it is (`облыс`, `партия`), a
    job or an adjective. Objects without a name are passed over, and so are those between whose names stands a letter
    or digit (`Асқар мен Дана Оразовтар`). `mapping` gives our labels for theirs: see annotations.mapping.relabel. A
    part whose first or last token is not at its offsets is a Problem with its line. Raises ValueError for a broken
    archive.
    """
    labels = identity() if mapping is None else mapping
    for bundle in bundles(path, ".objects", ".spans", ".txt"):
        try:
            document = relabel(_parse(bundle), labels)
        except Problem as problem:
            reject(problem)
        else:
            yield document


def _parse(bundle: Bundle) -> Document:
    text = bundle.text(".txt")
    parts = dict(_part(match, text, bundle.id, where) for match, where in _lines(bundle, ".spans", PART))
    spans = []
    for match, where in _lines(bundle, ".objects", OBJECT):
        label, numbers = match[1], match[2].split()
        if missing := [number for number in numbers if number not in parts]:
            raise Problem(bundle.id, where, f"there is no part {missing[0]}")
        names = sorted((start, end) for start, end, kind in map(parts.__getitem__, numbers) if kind in NAMES)
        if names and (whole := stretch(text, names)):
            spans.append(Span(*whole, label))
    return Document(bundle.id, text, tuple(spans))


def _lines(bundle: Bundle, suffix: str, form: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str]]:
    """The lines of a file, taken apart, each with its place; empty ones are passed over."""
    for number, line in enumerate(bundle.text(suffix).split("\n"), 1):
        where = f"{suffix}, line {number}"
        if not line.strip():
            continue
        if not (match := form.fullmatch(line.strip())):
            raise Problem(bundle.id, where, f"{line!r} does not have the form of such lines")
        yield match, where


def _part(match: re.Match[str], text: str, name: str, where: str) -> tuple[str, Part]:
    number, kind, start, end = match[1], match[2], int(match[3]), int(match[3]) + int(match[4])
    tokens = match[6].split()[int(match[5]) :]
    found = text[start:end]
    if not tokens or not (found.startswith(tokens[0]) and found.endswith(tokens[-1])):
        raise Problem(name, where, f"at {start} the text has {found!r}, not {' '.join(tokens)!r}")
    return number, (start, end, kind)
