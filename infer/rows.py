"""Files of articles row by row: plain text, JSON Lines, CSV, Parquet and HTML, all but Parquet packed or not.

A row is read as it comes, so that memory holds one row, or one batch of a Parquet file, whatever the size of the file.
"""

import csv
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from posixpath import splitext
from typing import IO

from pydantic_core import from_json

from annotations.checks import Problem
from infer import charsets

PACKED = (".gz", ".xz", ".zst")
PAGES = (".html", ".htm")
LINE = 1 << 24  # bytes of a line, cell or text file: what is longer is refused before it fills the memory
BATCH = 256  # rows of a Parquet file that are unpacked together


@dataclass(frozen=True, slots=True)
class Row:
    """One document's fields under our names, and where it stands in its file (`line 3`; empty if it is the file)."""

    where: str
    fields: Mapping[str, object]


Rows = Iterator[Row | Problem]


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table calls the documents' ids and texts; `published` and `title` go by their own names. Whether texts
    are HTML pages."""

    id: str = "id"
    text: str = "text"
    html: bool = False

    def names(self) -> dict[str, str]:
        """Our names and the table's."""
        return {"id": self.id, "text": self.text, "published": "published", "title": "title"}

    def missing(self, present: Collection[str]) -> str | None:
        """What to say of a table without the columns that every document must have; None if it has them."""
        for column, option in ((self.id, "--id-column"), (self.text, "--text-column")):
            if column not in present:
                return f"there is no column {column!r}, only {', '.join(map(repr, present))}: {option} names another"
        return None

    def row(self, name: str, where: str, fields: Mapping[str, object]) -> Row | Problem:
        """The fields of a table's row under our names."""
        if why := self.missing(fields):
            return Problem(called(fields.get(self.id), name), f"{name} {where}", why)
        return Row(where, {ours: fields[theirs] for ours, theirs in self.names().items() if theirs in fields})


DEFAULT = Columns()


def called(id: object, name: str) -> str:
    """What a faulty document is called: its id if it has one, else the name of its file."""
    return str(id) if isinstance(id, str | int) and str(id) else name


@dataclass(frozen=True, slots=True)
class File:
    """A file wherever it is: its name, by which documents and faults are told, and how it is opened."""

    name: str
    open: Callable[[], IO[bytes]]

    def rows(self, columns: Columns) -> Rows:
        """Its rows; one that is broken ends with a Problem. Raises OSError where it cannot be read at all, ImportError
        that names the extra for Parquet and Zstandard."""
        format, packing = _suffixes(self.name)
        arrow = packing == ".zst" or format == ".parquet"
        count = 0
        try:
            with self.open() as packed, _unpacked(packed, packing) as content:
                for row in READERS[format](self.name, content, columns):
                    yield row
                    count += 1
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, csv.Error) as error:
            yield _broken(self.name, count, error)
        except (OSError, ValueError) as error:  # pyarrow's, for content that is broken: the machine's have a number
            if not arrow or getattr(error, "errno", None) is not None:
                raise
            yield _broken(self.name, count, error)


@contextmanager
def remote(address: str) -> Iterator[None]:
    """Turn exceptions that stores and their libraries have of their own, for a missing key for one, into OSError."""
    try:
        yield
    except (OSError, ValueError, ImportError):
        raise
    except Exception as error:
        raise OSError(f"{address}: {type(error).__name__}: {error}") from error


def kind(name: str, *, html: bool) -> str | None:
    """The suffix that tells how a file is read, None for a file that is none of articles; pages are with `html`."""
    format, packing = _suffixes(name)
    known = format in READERS and not (packing and format == ".parquet") and (html or format not in PAGES)
    return format if known else None


def stem(name: str) -> str:
    """A file's name without the suffixes of its format and packing."""
    return name.removesuffix("".join(_suffixes(name)))


def _suffixes(name: str) -> tuple[str, str]:
    """Those of the format and, if there is one, of the packing."""
    outer, last = splitext(name)
    return (splitext(outer)[1], last) if last in PACKED else (last, "")


def _broken(name: str, count: int, error: Exception) -> Problem:
    where = f"after row {count}" if count else "at its beginning"
    return Problem(name, where, f"the file is broken, and the rest of it is not read ({error})")


def _unpacked(file: IO[bytes], packing: str) -> IO[bytes]:
    match packing:
        case ".gz":
            return gzip.open(file)  # type: ignore[return-value]
        case ".xz":
            return lzma.open(file)
        case ".zst":
            try:
                from pyarrow import CompressedInputStream  # tells of a file that was cut off, which zstandard does not
            except ImportError as error:
                raise ImportError("Zstandard files need the `parquet` extra: pip install 'malimet[parquet]'") from error
            return io.BufferedReader(CompressedInputStream(file, "zstd"))
        case _:
            return file


def _text(name: str, file: IO[bytes], columns: Columns) -> Rows:
    id = stem(name)
    content = file.read(LINE + 1)
    if len(content) > LINE:
        yield Problem(id, "text", f"the file is larger than {LINE:,} bytes")
        return
    codec = charsets.detect(content)
    charsets.tell(name, codec)
    try:
        yield Row("", {"id": id, "text": charsets.decode(content, codec)})
    except UnicodeDecodeError as error:
        yield Problem(id, f"byte {error.start}", f"it is not {charsets.NAMES[codec]} ({error.reason})")


def _json_lines(name: str, file: IO[bytes], columns: Columns) -> Rows:
    for number, content in enumerate(_lines(charsets.as_utf8(name, file)), 1):
        where = f"line {number}"
        if content is None:
            yield Problem(name, where, f"it is longer than {LINE:,} bytes")
        elif content.strip():
            try:
                fields = from_json(content)
            except ValueError as error:
                yield Problem(name, where, f"it is not JSON: {error}")
                continue
            if isinstance(fields, dict):
                yield columns.row(name, where, fields)
            else:
                yield Problem(name, where, "it is not a JSON object")


def _lines(file: IO[bytes]) -> Iterator[bytes | None]:
    """The lines of a file, None for one that is too long."""
    while line := file.readline(LINE):
        if len(line) < LINE or line.endswith(b"\n"):
            yield line
        else:
            while (rest := file.readline(LINE)) and not rest.endswith(b"\n"):
                pass
            yield None


class _Lines:
    """The lines of a table. Raises csv.Error for one that goes beyond the `room` of its row."""

    def __init__(self, text: io.TextIOBase) -> None:
        self.room = LINE
        self._text = text

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self.room + 1)
        if not line:
            raise StopIteration
        self.room -= len(line)
        if self.room < 0:
            raise csv.Error(f"a row is longer than {LINE:,} characters")
        return line


def _csv(name: str, file: IO[bytes], columns: Columns) -> Rows:
    """Rows of a table with a header. A fault in the quoting, or a row that is too long, ends the file: nobody knows
    where the next row begins."""
    csv.field_size_limit(LINE)
    text = io.TextIOWrapper(charsets.as_utf8(name, file), charsets.UTF_8, "surrogateescape", newline="")
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    header = next(reader, None)
    if header is None:
        return
    if why := columns.missing(header):
        yield Problem(name, "line 1", why)
        return
    while True:
        where = f"line {reader.line_num + 1}"
        lines.room = LINE
        cells = next(reader, None)
        if cells is None:
            return
        if not cells:
            continue
        if len(cells) != len(header):
            yield Problem(name, where, f"it has {len(cells)} cells, and the header has {len(header)}")
        elif not _is_utf8("".join(cells)):
            yield Problem(name, where, "it holds bytes that are no text")
        else:
            yield columns.row(name, where, dict(zip(header, cells, strict=True)))


def _is_utf8(text: str) -> bool:
    """Whether text that was decoded with `surrogateescape` had nothing to escape."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parquet(name: str, file: IO[bytes], columns: Columns) -> Rows:
    try:
        from pyarrow.parquet import ParquetFile, read_schema
    except ImportError as error:
        raise ImportError("Parquet needs the `parquet` extra: pip install 'malimet[parquet]'") from error
    present = read_schema(file).names
    if why := columns.missing(present):
        yield Problem(name, "schema", why)
        return
    # A text that is stored once for many rows stays so, lest a few bytes fill the memory.
    table = ParquetFile(file, read_dictionary=[columns.text])
    wanted = [column for column in columns.names().values() if column in present]
    number = 0
    for batch in table.iter_batches(BATCH, columns=wanted):
        for index in range(batch.num_rows):
            number += 1
            where = f"row {number}"
            try:
                fields = {column: batch.column(column)[index].as_py() for column in wanted}
            except (ValueError, OverflowError) as error:  # bytes that are not UTF-8, a time out of range
                yield Problem(name, where, str(error))
            else:
                yield columns.row(name, where, fields)


READERS = {".txt": _text, ".jsonl": _json_lines, ".csv": _csv, ".parquet": _parquet, **dict.fromkeys(PAGES, _text)}
