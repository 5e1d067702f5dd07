"""Articles from files, directories and standard input, as documents without spans."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from annotations.checks import Problem, fail
from annotations.document import Document
from annotations.formats import Reject, first_fault, open_bytes

STDIN = Path("-")
SUFFIXES = (".txt", ".jsonl")


class _Line(BaseModel):
    """What is read of a line: archives hold more, which is nobody's fault."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)
    id: str
    text: str
    published: str | None = None
    title: str | None = None


def read(paths: Iterable[Path], reject: Reject = fail) -> Iterator[Document]:
    """Documents of .txt files, .jsonl files, all such files below a directory, and standard input for `-`.

    A .txt file is one document, called by the file's name; a line of .jsonl has `id`, `text` and optionally `published`
    and `title`, and what else it has is passed over; files of a directory come in the order of their names. What cannot
    be read, and a second document with the same id, goes to `reject`. Raises FileNotFoundError for a path that does not
    exist, ValueError for another kind of file.
    """
    seen: set[str] = set()
    for document in _documents(paths, reject):
        if document.id in seen:
            reject(Problem(document.id, "id", "another document has it already"))
        else:
            seen.add(document.id)
            yield document


def _documents(paths: Iterable[Path], reject: Reject) -> Iterator[Document]:
    for path in paths:
        if path == STDIN:
            yield from _text("stdin", sys.stdin.buffer.read(), reject)
        elif not path.exists():
            raise FileNotFoundError(f"{path} does not exist")
        elif path.is_dir():
            for file in sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file()):
                yield from _file(file, file.relative_to(path), reject)
        elif path.suffix in SUFFIXES:
            yield from _file(path, Path(path.name), reject)
        else:
            kinds = ", ".join(SUFFIXES)
            raise ValueError(f"{path}: articles are read from {kinds} files, directories of them, or - for stdin")


def _file(path: Path, name: Path, reject: Reject) -> Iterator[Document]:
    if path.suffix == ".jsonl":
        yield from _lines(path, reject)
    else:
        yield from _text(name.with_suffix("").as_posix(), path.read_bytes(), reject)


def _lines(path: Path, reject: Reject) -> Iterator[Document]:
    with open_bytes(path) as file:
        for number, content in enumerate(file, 1):
            if content.strip():
                try:
                    line = _Line.model_validate_json(content)
                except ValidationError as error:
                    where, why = first_fault(error)
                    reject(Problem(path.name, f"line {number}, {where}" if where else f"line {number}", why))
                else:
                    yield Document(id=line.id, text=line.text, published=line.published, title=line.title)


def _text(id: str, content: bytes, reject: Reject) -> Iterator[Document]:
    try:
        yield Document(id=id, text=content.decode("utf-8"))
    except UnicodeDecodeError as error:
        reject(Problem(id, f"byte {error.start}", f"it is not UTF-8 ({error.reason})"))
