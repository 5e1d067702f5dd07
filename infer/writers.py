"""What was read to files: articles whole as JSON Lines, their metrics as a table, one row a record, as CSV or Parquet,
or a web page to read them on; and a list of what was rejected.

A writer is opened with a path and gives a function that takes one reading after another; the file appears when the
writer is closed, whole or, after an exception, not at all.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from annotations.atomic import atomic_text
from annotations.checks import Problem
from infer import columnar
from infer.columnar import Put
from infer.metrics import COLUMNS, rows
from infer.records import Reading

PAGE = 100  # articles

Writer = Callable[[Path], AbstractContextManager[Put]]


def writer(path: Path) -> Writer:
    """The writer of one file that a name asks for. Raises ValueError for another suffix."""
    if path.suffix not in WRITERS:
        raise ValueError(f"{path}: records are written as {', '.join(WRITERS)}, or into a directory, which ends in /")
    return WRITERS[path.suffix]


def write(readings: Iterable[Reading], path: Path) -> None:
    """Write documents' articles in the format that the name asks for.

    Raises ValueError as `writer`, and for a page of more than a hundred articles; ImportError that names the extra
    where pyarrow is missing.
    """
    with writer(path)(path) as put:
        for reading in readings:
            put(reading)


class Rejects:
    """Counts rejected documents and lists them in a file, which appears when the block ends, if there are any."""

    def __init__(self, path: Path, tell: Callable[[Problem], None]) -> None:
        """`tell` is told of each as well."""
        self.count = 0
        self._path = path
        self._tell = tell
        self._stack = ExitStack()
        self._file: TextIO | None = None

    def __call__(self, problem: Problem) -> None:
        """List one."""
        if self._file is None:
            self._file = self._stack.enter_context(atomic_text(self._path))
        line = {"id": problem.document, "where": problem.where, "why": problem.why}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.count += 1
        self._tell(problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        if kind is None and self._file is None:
            self._path.unlink(missing_ok=True)  # an earlier run's list, which no longer holds


@contextmanager
def json_lines(path: Path) -> Iterator[Put]:
    """Articles whole, one a line."""
    with atomic_text(path) as file:
        yield lambda reading: print(reading[1].model_dump_json(by_alias=True), file=file)


@contextmanager
def _csv(path: Path) -> Iterator[Put]:
    with atomic_text(path) as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        yield lambda reading: table.writerows(rows(reading))


@contextmanager
def _html(path: Path) -> Iterator[Put]:
    """A page for people, who read tens of articles: it is one file, and stands in memory whole."""
    from infer import page

    readings: list[Reading] = []

    def put(reading: Reading) -> None:
        if len(readings) == PAGE:
            raise ValueError(
                f"{path}: a page is for tens of articles, {PAGE} at most; write more as .jsonl or .parquet"
            )
        readings.append(reading)

    yield put
    content = page.render(readings)
    with atomic_text(path) as file:
        file.write(content)


WRITERS: dict[str, Writer] = {".jsonl": json_lines, ".csv": _csv, ".parquet": columnar.metrics, ".html": _html}
