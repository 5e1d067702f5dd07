"""A person's side of a job: readings on standard output, and on standard error a bar, rejected documents, a summary."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from annotations.checks import Problem
from infer import explain, table
from infer.partitions import Tally
from infer.records import Reading


class HungUp(Exception):
    """Whoever read standard output has read enough, as `head` does."""


class _Terminal(Console):
    def on_broken_pipe(self) -> NoReturn:
        raise HungUp


class Watch:
    """Standard error during a job."""

    def __init__(self, most: int | None = None) -> None:
        """`most` is how many rejected documents are told one by one: all, unless they are listed in a file too."""
        self.rejected = 0
        self._most = most
        self._console = Console(stderr=True, highlight=False)

    def reject(self, problem: Problem) -> None:
        """Tell of a rejected document."""
        self.rejected += 1
        if self._most is None or self.rejected <= self._most:
            self._console.print(Text(f"rejected: {problem}"), soft_wrap=True)

    def follow(self, steps: Iterable[Tally]) -> Tally:
        """Run a job to its end with a bar, and sum it up: the time is the whole run's, the speed that of its own
        documents."""
        start, total = time.monotonic(), Tally()
        columns = (
            TextColumn("{task.completed:,} documents"),
            BarColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console, disable=not self._console.is_terminal) as progress:
            bar = progress.add_task("documents", total=None, speed="")
            for step in steps:
                total += step
                progress.update(bar, completed=total.documents, speed=_speed(total, start))
        earlier = f" ({total.earlier:,} of them by an earlier run)" if total.earlier else ""
        self._console.print(
            f"{total.documents:,} documents{earlier}, {total.records:,} records, {total.rejected:,} rejected,"
            f" {time.monotonic() - start:.1f} seconds, {_speed(total, start)}",
            soft_wrap=True,
        )
        return total


def _speed(total: Tally, start: float) -> str:
    return f"{(total.documents - total.earlier) / max(time.monotonic() - start, 1e-3):,.1f} documents/second"


def show_tables(readings: Iterable[Reading]) -> None:
    """Each article's records as a table. Raises HungUp."""
    console = _Terminal()
    _show(readings, lambda reading: console.print(table.render(reading[1])))


def show_explanations(readings: Iterable[Reading]) -> None:
    """How each record was read. Raises HungUp."""
    console = _Terminal(highlight=False)
    _show(readings, lambda reading: console.print(explain.render(*reading), soft_wrap=True))


def show_json_lines(readings: Iterable[Reading]) -> None:
    """Each article whole, on a line, as soon as it is read. Raises HungUp."""
    _show(readings, lambda reading: print(reading[1].model_dump_json(by_alias=True), flush=True))


def _show(readings: Iterable[Reading], show: Callable[[Reading], None]) -> None:
    for reading in readings:
        with _pipe():
            show(reading)


@contextmanager
def _pipe() -> Iterator[None]:
    """Tell a pipe that was closed from the errors of reading, and let Python's own last flush go nowhere."""
    try:
        yield
    except (BrokenPipeError, HungUp):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise HungUp from None
