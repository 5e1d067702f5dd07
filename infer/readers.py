"""Articles from wherever they are, as documents without spans."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from annotations.checks import Problem, fail
from annotations.document import Document
from annotations.formats import Reject, Text, first_fault
from infer.html import main_text
from infer.rows import DEFAULT, Columns, Row, called
from infer.sources import sources

LONGEST = 200_000  # characters: a long speech has 80,000; reading is linear, and this many take about 6 seconds

Item = Document | Problem


def _named(id: str) -> str:
    if not id:
        raise ValueError("it is empty")
    return id


def _readable(text: str) -> str:
    if len(text) > LONGEST:
        raise ValueError(f"it has {len(text):,} characters, and no article more than {LONGEST:,}: split it")
    if "\0" in text:
        raise ValueError("it has a NUL character, so it is not text")
    return text


def _day(value: object) -> str | None:
    """A day in ISO form, of which tables and archives often give the time too."""
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    try:
        return datetime.fromisoformat(str(value)).date().isoformat()
    except ValueError:
        raise ValueError(f"{value!r} is not an ISO date") from None


Id = Annotated[Text, AfterValidator(_named)]


class Fields(BaseModel):
    """What is read of a row: archives hold more, which is nobody's fault."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)
    id: Id
    text: Annotated[Text, Field(strict=True), AfterValidator(_readable)]
    published: Annotated[str | None, BeforeValidator(_day)] = None
    title: Annotated[Text | None, AfterValidator(lambda title: title or None)] = None  # an empty cell of a CSV file


def read(paths: Iterable[str | Path], reject: Reject = fail, columns: Columns = DEFAULT) -> Iterator[Document]:
    """Documents of files, directories, standard input, remote stores and datasets: what infer.sources finds.

    A .txt file is one document, called by the file's name; a line of .jsonl and a row of a table have `id`, `text` and
    optionally `published` and `title`, and what else they have is passed over. With `columns.html` every text is a
    page: its main text is the document's, and so are its title and date where the row tells none. What cannot be read
    goes to `reject`, as does a second document with the same id. Raises as infer.sources.sources and OSError.
    """
    for item in stream(paths, columns):
        if isinstance(item, Problem):
            reject(item)
        else:
            yield item


def stream(paths: Iterable[str | Path], columns: Columns = DEFAULT) -> Iterator[Item]:
    """As `read`, with what cannot be read in its place.

    All that is kept of documents that went by is eight bytes of a digest of each id, in a set that takes about 90 MB
    for each million documents. That two ids of a million share theirs has a probability of 3 in 100 million.
    """
    seen: set[int] = set()
    # All of them at once, so that a wrong path is told before anything is read.
    found = [sources(str(path), html=columns.html) for path in paths]
    for source in chain.from_iterable(found):
        for row in source.rows(columns):
            yield row if isinstance(row, Problem) else _document(row, source.name, seen, html=columns.html)


def _document(row: Row, source: str, seen: set[int], *, html: bool) -> Item:
    place = f"{source} {row.where}".rstrip()
    try:
        fields = Fields.model_validate(_extracted(row.fields) if html else row.fields)
    except ValidationError as error:
        field, why = first_fault(error)
        return Problem(called(row.fields["id"], source), f"{field}, {place}", why.removeprefix("Value error, "))
    except ValueError as error:
        return Problem(called(row.fields["id"], source), f"text, {place}", str(error))
    digest = int.from_bytes(blake2b(fields.id.encode(), digest_size=8).digest())
    if digest in seen:
        return Problem(fields.id, f"id, {place}", "another document has it already")
    seen.add(digest)
    return Document(id=fields.id, text=fields.text, published=fields.published, title=fields.title)


def _extracted(fields: Mapping[str, object]) -> Mapping[str, object]:
    """The fields of a row whose text is a page. Raises as infer.html.main_text."""
    page = fields["text"]
    if not isinstance(page, str):
        return fields
    told = {name: value for name, value in fields.items() if value and name != "text"}
    return {**main_text(page), **told}
