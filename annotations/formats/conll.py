"""IOB2 columns (CoNLL): a token and its tag a line, a space or a tab between them, a blank line between documents.

A document read from elsewhere, KazNERD for one, is a sentence of tokens: its text is put together again as people write
it. KazNERD heads a sentence with a line of its id (`AID0 O`). The files written here head a document with a comment
instead, `# {"id": …, "text": …, "groups": […]}`, and its tokens are then found in that very text.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from pydantic import ConfigDict, ValidationError

from annotations.checks import Problem, check, fail
from annotations.document import Document, Span
from annotations.formats import PAIRS, Body, Reject, Text, body, first_fault, open_bytes, replace_bytes
from annotations.labels import default_labels
from annotations.mapping import LabelMap, identity, relabel

KAZNERD_GROUPS = frozenset({"entity", "time", "value"})
KAZNERD_ID = re.compile(r"[A-Z]ID\d+")
COLUMNS = re.compile(r"[ \t]+")
TOKEN = re.compile(r"[^\W_]+|\S")
SPACE = re.compile(r"\s*")

ATTACHED = tuple("»”)]},.;:!?…%‰")
DECIMALS = 3


class _Head(Body):
    model_config = ConfigDict(strict=True, extra="forbid")
    id: Text


class _Row(NamedTuple):
    line: int
    token: str
    tag: str


def read(
    path: Path, reject: Reject = fail, mapping: LabelMap | None = None, groups: Iterable[str] = KAZNERD_GROUPS
) -> Iterator[Document]:
    """The documents of a file, with their spans in the order of the text.

    `mapping` gives our labels for those of the file, where they are not ours: see annotations.mapping.relabel. `groups`
    names the label groups that a file in our labels annotates, where its documents do not say so themselves. A sentence
    without an id is called by the file's name and its first line. Tags must be strict IOB2 over known labels; whatever
    is not is a Problem with its line number.
    """
    tags = _tags(mapping)
    with open_bytes(path) as file:
        for lines in _blocks(file):
            try:
                document = _parse(lines, f"{path.name}:{lines[0][0]}", frozenset(groups), tags)
            except Problem as problem:
                reject(problem)
            else:
                yield document if mapping is None else relabel(document, mapping)


def sentence(
    name: str, tokens: Sequence[str], tags: Sequence[str], groups: frozenset[str], mapping: LabelMap | None = None
) -> Document:
    """The document of a sentence that was read from elsewhere, as `read` gives it. Raises Problem, with the number of
    the token, from 1."""
    if len(tokens) != len(tags):
        raise Problem(name, "tokens", f"there are {len(tokens)} of them, and {len(tags)} tags")
    for number, token in enumerate(tokens, 1):
        if token.split() != [token]:
            raise Problem(name, f"token {number}", f"{token!r} is empty or holds white space")
    rows = [_Row(number, token, tag) for number, (token, tag) in enumerate(zip(tokens, tags, strict=True), 1)]
    document = _sentence(rows, name, groups, _tags(mapping))
    return document if mapping is None else relabel(document, mapping)


def write(documents: Iterable[Document], path: Path) -> None:
    """Write documents so that `read` gives back the same ones, with their spans in the order of the text.

    A token is a run of letters and digits or one other character, cut where a span begins or ends. Raises Problem for
    what columns cannot hold: scores, relations, and spans that `check` finds fault with, overlapping ones among them.
    """
    with replace_bytes(path) as file:
        for document in documents:
            file.write("".join(f"{line}\n" for line in _lines(document)).encode())


def _tags(mapping: LabelMap | None) -> frozenset[str]:
    """The tags of a file in our labels, or in those that a mapping knows."""
    labels = identity() if mapping is None else mapping
    return frozenset({"O", *(f"{prefix}-{label}" for label in labels for prefix in "BI")})


def detokenise(tokens: Sequence[str]) -> tuple[str, list[int]]:
    """The text as people write it, with the offset at which each token starts.

    Quotes and brackets hug what they enclose; punctuation, the per cent sign and a suffix that starts with a hyphen
    follow the token before; numbers lose the spaces inside (`2 , 8`, `18 : 00-де`). Dashes and strokes stay spaced.
    """
    text = ""
    starts = []
    for token, space in zip(tokens, _spaces(tokens), strict=True):
        starts.append(len(text) + len(space))
        text += space + token
    return text, starts


def _spaces(tokens: Sequence[str]) -> Iterator[str]:
    """What stands before each token: a space or nothing."""
    inner = _inside_numbers(tokens)
    awaited: list[str] = []
    attach = True
    for number, token in enumerate(tokens):
        closes = token[:1] in awaited
        suffix = token[:1] == "-" and len(token) > 1
        yield "" if attach or closes or suffix or number in inner or token.startswith(ATTACHED) else " "
        attach = not closes and token in PAIRS
        if closes:
            del awaited[awaited.index(token[:1]) :]
        elif attach:
            awaited.append(PAIRS[token])


def _inside_numbers(tokens: Sequence[str]) -> set[int]:
    """Numbers of the tokens that go on with a number after a point, a colon or a decimal comma.

    A comma is decimal before at most three digits and outside of a list (`14 , 14 , 8`).
    """
    marks = {
        number: mark
        for number, mark in enumerate(tokens)
        if mark in {".", ":", ","}
        and 0 < number < len(tokens) - 1
        and tokens[number - 1].isdecimal()
        and tokens[number + 1][:1].isdecimal()
    }
    inside = set()
    for number, mark in marks.items():
        after = tokens[number + 1]
        listed = "," in (marks.get(number - 2), marks.get(number + 2))
        if mark != "," or (after.isdecimal() and len(after) <= DECIMALS and not listed):
            inside.add(number + 1)
    return inside


def _blocks(lines: Iterable[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    """Runs of lines that are not blank, each line with its number from 1."""
    block: list[tuple[int, bytes]] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _parse(lines: list[tuple[int, bytes]], name: str, groups: frozenset[str], tags: frozenset[str]) -> Document:
    first, top = lines[0]
    if top.startswith(b"# {"):
        try:
            head = _Head.model_validate_json(top.removeprefix(b"# "))
        except ValidationError as error:
            path, why = first_fault(error)
            raise Problem(name, f"line {first}, {path}" if path else f"line {first}", why) from None
        rows = [_row(number, line, head.id) for number, line in lines[1:]]
        starts = _find(rows, head.text, head.id, first)
        return head.document(head.id, _spans(rows, starts, head.id, tags), ())
    rows = [_row(number, line, name) for number, line in lines]
    if KAZNERD_ID.fullmatch(rows[0].token) and rows[0].tag == "O":
        name = rows.pop(0).token
    if not rows:
        raise Problem(name, f"line {first}", "the sentence has no tokens")
    return _sentence(rows, name, groups, tags)


def _sentence(rows: list[_Row], name: str, groups: frozenset[str], tags: frozenset[str]) -> Document:
    text, starts = detokenise([row.token for row in rows])
    return Document(name, text, _spans(rows, starts, name, tags), groups=groups)


def _row(number: int, line: bytes, name: str) -> _Row:
    try:
        columns = COLUMNS.split(line.decode().strip(" \t\r\n"))
    except UnicodeDecodeError:
        raise Problem(name, f"line {number}", "it is not UTF-8") from None
    if len(columns) != 2:
        raise Problem(name, f"line {number}", f"there must be a token and a tag, not {len(columns)} columns")
    return _Row(number, *columns)


def _find(rows: list[_Row], text: str, name: str, first: int) -> list[int]:
    """Where each token starts in a text that holds these tokens, white space and nothing else."""
    starts = []
    position = _past_space(text, 0)
    for row in rows:
        if not text.startswith(row.token, position):
            raise Problem(name, f"line {row.line}", f"the text does not go on with {row.token!r} at {position}")
        starts.append(position)
        position = _past_space(text, position + len(row.token))
    if position < len(text):
        raise Problem(name, f"line {first}", f"the tokens end before the text, at {position}")
    return starts


def _past_space(text: str, position: int) -> int:
    match = SPACE.match(text, position)
    return match.end() if match else position


def _spans(rows: list[_Row], starts: list[int], name: str, tags: frozenset[str]) -> tuple[Span, ...]:
    spans: list[Span] = []
    before = "O"
    for row, start in zip(rows, starts, strict=True):
        end = start + len(row.token)
        prefix, _, label = row.tag.partition("-")
        if row.tag not in tags:
            raise Problem(name, f"line {row.line}", f"{row.tag!r} is not O, nor B- or I- with a known label")
        if prefix == "B":
            spans.append(Span(start, end, label))
        elif prefix == "I" and before[1:] == row.tag[1:]:
            spans[-1] = replace(spans[-1], end=end)
        elif prefix == "I":
            raise Problem(name, f"line {row.line}", f"{row.tag} goes on with nothing, for {before} stands before it")
        before = row.tag
    return tuple(spans)


def _lines(document: Document) -> Iterator[str]:
    if document.relations:
        raise Problem(document.id, "relations[0]", "IOB2 columns cannot hold relations")
    for number, span in enumerate(document.spans):
        if span.score is not None:
            raise Problem(document.id, f"spans[{number}].score", "IOB2 columns cannot hold scores")
    for problem in check(document, default_labels()):
        raise problem
    yield "# " + json.dumps({"id": document.id, **body(document)}, ensure_ascii=False)
    labels = {span.start: span.label for span in document.spans}
    edges = {0, len(document.text)}.union(*((span.start, span.end) for span in document.spans))
    for start, end in pairwise(sorted(edges)):
        prefix = "B"
        for token in TOKEN.findall(document.text, start, end):
            yield f"{token} {prefix}-{labels[start]}" if start in labels else f"{token} O"
            prefix = "I"
    yield ""
