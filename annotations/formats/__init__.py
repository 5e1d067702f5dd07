"""Readers and writers of labelled documents, one module a format, each with `read` and, if it is ours, `write`.

A reader yields documents one by one and hands every Problem to `reject`, so that a malformed document costs only
itself. A writer's file appears whole or not at all. A path that ends in .xz or .gz is packed. What the formats share
is here.
"""

import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from posixpath import splitext
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from annotations.atomic import atomic_bytes
from annotations.checks import Problem
from annotations.document import Document, Relation, Span
from annotations.labels import GROUPS, default_labels

Reject = Callable[[Problem], None]

PAIRS = {"«": "»", "“": "”", "„": "“", '"': '"', "(": ")", "[": "]", "{": "}"}


def _encodable(text: str) -> str:
    """Refuse lone surrogates, which JSON can spell and no file can hold."""
    text.encode()
    return text


def _sought(name: str) -> str:
    """Refuse what annotators cannot have looked for."""
    if name not in GROUPS and name not in default_labels().names():
        raise ValueError(f"{name!r} is neither a label nor a group of labels")
    return name


Text = Annotated[str, AfterValidator(_encodable)]
Sought = Annotated[str, AfterValidator(_sought)]
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Body(BaseModel):
    """The text and what is told about it: a document's fields but for its id and what is marked in it."""

    model_config = ConfigDict(strict=True)
    text: Text
    published: Text | None = None
    title: Text | None = None
    source: Text | None = None
    groups: Annotated[frozenset[Sought], Field(default=GROUPS, strict=False)]

    def document(self, id: str, spans: tuple[Span, ...], relations: tuple[Relation, ...]) -> Document:
        """The document of this text with what is marked in it."""
        return Document(
            id=id,
            text=self.text,
            spans=spans,
            relations=relations,
            published=self.published,
            title=self.title,
            source=self.source,
            groups=self.groups,
        )


def body(document: Document) -> dict[str, object]:
    """The fields of `Body` as JSON values, without those that are not known."""
    known = {"published": document.published, "title": document.title, "source": document.source}
    told = {name: value for name, value in known.items() if value is not None}
    return {"text": document.text, **told, "groups": sorted(document.groups)}


def links(document: Document) -> Iterator[tuple[int, int, str]]:
    """Each relation as (number of the source span, number of the target span, role).

    Raises Problem for a relation that touches a span outside the document.
    """
    numbers = {span: number for number, span in enumerate(document.spans)}
    for index, relation in enumerate(document.relations):
        for end, span in (("source", relation.source), ("target", relation.target)):
            if span not in numbers:
                raise Problem(document.id, f"relations[{index}].{end}", "it is not a span of the document")
        yield numbers[relation.source], numbers[relation.target], relation.role


def first_fault(error: ValidationError) -> tuple[str, str]:
    """The first fault that pydantic found, as (path, why); the path is empty for a fault of the whole."""
    first = error.errors(include_url=False, include_input=False)[0]
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
    return path.removeprefix("."), first["msg"]


def open_bytes(path: Path) -> io.BufferedIOBase:
    """Open a file for reading, unpacked by its suffix."""
    match path.suffix:
        case ".xz":
            return lzma.open(path)
        case ".gz":
            return gzip.open(path)
        case _:
            return path.open("rb")


def files(path: Path, suffixes: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """The files in a directory, in alphabetical order, or in a tar archive, in its own, that end in one of `suffixes`:
    the path inside, with `/`, and the content.

    An archive is read in memory: none of its paths is ever opened, and its links are passed over. Raises ValueError for
    an archive that is broken.
    """
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix in suffixes and file.is_file():
                yield file.relative_to(path).as_posix(), file.read_bytes()
        return
    try:
        with open_bytes(path) as packed, tarfile.open(fileobj=packed, mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content and splitext(member.name)[1] in suffixes:
                    yield member.name, content.read()
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError) as error:
        raise ValueError(f"{path}: the archive is broken ({error})") from None


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files that make a document together: they share a path but for the suffix. That path is the document's id."""

    id: str
    contents: dict[str, bytes]

    def text(self, suffix: str) -> str:
        """The content of the file with this suffix. Raises Problem where it is missing or not UTF-8."""
        if suffix not in self.contents:
            raise Problem(self.id, suffix, "there is no such file")
        try:
            return self.contents[suffix].decode()
        except UnicodeDecodeError as error:
            raise Problem(self.id, f"{suffix}, byte {error.start}", "it is not UTF-8") from None


def bundles(path: Path, marks: str, *others: str) -> Iterator[Bundle]:
    """The bundles in a directory or tar archive, each once it is whole, then those that stay without some of `others`.
    Files without the suffix `marks` beside them, a README.txt for one, are passed over. Raises ValueError as `files`.
    """
    waiting: dict[str, dict[str, bytes]] = {}
    for name, content in files(path, {marks, *others}):
        stem, suffix = splitext(name)
        waiting.setdefault(stem, {})[suffix] = content
        if len(waiting[stem]) > len(others):
            yield Bundle(_id(stem), waiting.pop(stem))
    for stem, contents in waiting.items():
        if marks in contents:
            yield Bundle(_id(stem), contents)


def _id(stem: str) -> str:
    """File names may hold bytes that are no text; ids may not."""
    return stem.encode(errors="replace").decode()


def stretch(text: str, pieces: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """From where the first of some pieces starts to where the last ends, None when a letter or digit stands between
    two. The pieces come in the order of their starts."""
    whole, end = pieces[0]
    for start, last in pieces[1:]:
        if any(character.isalnum() for character in text[end:start]):
            return None
        end = max(end, last)
    return whole, end


@contextmanager
def replace_bytes(path: Path) -> Iterator[io.BufferedIOBase]:
    """Open a file for writing, packed by its suffix; it takes the place of `path` when the block ends."""
    with atomic_bytes(path) as file:
        match path.suffix:
            case ".xz":
                with lzma.open(file, "wb") as packed:
                    yield packed
            case ".gz":
                with gzip.open(file, "wb") as packed:
                    yield packed
            case _:
                yield file
