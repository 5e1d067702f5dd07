"""Readers and writers of labelled documents, one module a format, each with `read` and `write`.

A reader yields documents one by one and hands every Problem to `reject`, so that a malformed document costs only
itself. A writer's file appears whole or not at all. A path that ends in .xz or .gz is packed. What the formats share
is here.
"""

import gzip
import io
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from annotations.atomic import atomic_bytes
from annotations.checks import Problem
from annotations.document import Document, Relation, Span
from annotations.labels import GROUPS, Group

Reject = Callable[[Problem], None]


def _encodable(text: str) -> str:
    """Refuse lone surrogates, which JSON can spell and no file can hold."""
    text.encode()
    return text


Text = Annotated[str, AfterValidator(_encodable)]
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Body(BaseModel):
    """The text and what is told about it: a document's fields but for its id and what is marked in it."""

    model_config = ConfigDict(strict=True)
    text: Text
    published: Text | None = None
    title: Text | None = None
    source: Text | None = None
    groups: Annotated[frozenset[Group], Field(default=GROUPS, strict=False)]

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
