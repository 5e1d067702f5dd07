"""A directory of parts: what a job writes that may be killed at any moment and goes on where it was.

    part-00000.jsonl, or part-00000.parquet and metrics/part-00000.parquet
    rejects/part-00000.jsonl      what could not be read, if anything
    completions/part-00000.json   says that the part is finished, and how large its files are
    manifest.json                 what the job reads, and with what

A part's files appear whole, the completion last. A part without one is written again.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from annotations.atomic import atomic_bytes, atomic_text
from annotations.checks import Problem
from infer import columnar
from infer.columnar import Put
from infer.records import Reading
from infer.writers import Rejects, Writer, json_lines

MANIFEST = "manifest.json"
KINDS: dict[str, dict[str, Writer]] = {  # format -> a part's file in the directory -> its writer
    "jsonl": {"part-{:05}.jsonl": json_lines},
    "parquet": {"part-{:05}.parquet": columnar.articles, "metrics/part-{:05}.parquet": columnar.metrics},
}
REJECTS, COMPLETION = "rejects/part-{:05}.jsonl", "completions/part-{:05}.json"
COMPLETIONS = "completions/part-*.json"

Manifest = dict[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Tally:
    """Documents that were read, their records, documents that were rejected, and how many an earlier run had read."""

    documents: int = 0
    records: int = 0
    rejected: int = 0
    earlier: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, name) + getattr(other, name) for name in Tally.__slots__))


class Partitions:
    """The parts in a directory that is claimed, so that no other run writes there."""

    def __init__(self, directory: Path, format: str) -> None:
        """`format` is one of KINDS. What is missing of the directory is made."""
        self._directory = directory
        self._writers = KINDS[format]
        for name in (*self._writers, REJECTS, COMPLETION):
            (directory / name).parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def part(self, number: int, tell: Callable[[Problem], None]) -> Iterator[tuple[Put, Rejects]]:
        """Open a part's files. They appear when the block ends; `finish` completes the part."""
        with ExitStack() as stack:
            rejects = stack.enter_context(Rejects(self._directory / REJECTS.format(number), tell))
            puts = [
                stack.enter_context(writer(self._directory / name.format(number)))
                for name, writer in self._writers.items()
            ]

            def put(reading: Reading) -> None:
                for each in puts:
                    each(reading)

            yield put, rejects

    def files(self, number: int) -> dict[str, bytes]:
        """A part's files that are there: their names in the directory and what is in them."""
        return {name: path.read_bytes() for name, path in self._paths(number).items() if path.exists()}

    def put(self, number: int, files: Mapping[str, bytes]) -> None:
        """Make another directory's `files` those of a part here."""
        for name, path in self._paths(number).items():
            if name in files:
                with atomic_bytes(path) as file:
                    file.write(files[name])
            else:
                path.unlink(missing_ok=True)

    def finish(self, number: int, tally: Tally) -> None:
        """Say that a part is complete."""
        with atomic_text(self._directory / COMPLETION.format(number)) as file:
            json.dump({"tally": asdict(tally), "bytes": self._sizes(number)}, file)

    def finished(self, number: int) -> Tally | None:
        """What a part holds if an earlier run completed it and its files are there; else None."""
        path = self._directory / COMPLETION.format(number)
        if not path.exists():
            return None
        completion = json.loads(path.read_text("utf-8"))
        if completion["bytes"] != self._sizes(number):
            return None
        tally = Tally(**completion["tally"])
        return replace(tally, earlier=tally.documents)

    def earlier(self) -> dict[int, Tally]:
        """What the parts hold that an earlier run completed, by their numbers."""
        numbers = sorted(int(path.stem.removeprefix("part-")) for path in self._directory.glob(COMPLETIONS))
        return {number: tally for number in numbers if (tally := self.finished(number)) is not None}

    def _sizes(self, number: int) -> dict[str, int]:
        return {name: path.stat().st_size for name, path in self._paths(number).items() if path.exists()}

    def _paths(self, number: int) -> dict[str, Path]:
        names = [name.format(number) for name in (*self._writers, REJECTS)]
        return {name: self._directory / name for name in names}


@contextmanager
def claimed(directory: Path, format: str, manifest: Manifest) -> Iterator[Partitions]:
    """The partitions of a directory, which is made where it is missing; what a killed run left half written is removed.

    Raises ValueError, which tells what differs, where the directory belongs to another job, or holds anything else;
    BlockingIOError where another run is writing there.
    """
    import fcntl  # not on Windows, where only this does not work

    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # let go of when the process ends, however it does
        except BlockingIOError:
            raise BlockingIOError(f"{directory}: another run is writing there") from None
        _agree(directory, {"format": format, **manifest})
        partitions = Partitions(directory, format)
        for name in (*KINDS[format], REJECTS, COMPLETION):
            for remains in (directory / name).parent.glob(".*.tmp"):
                remains.unlink()
        yield partitions
    finally:
        os.close(descriptor)


def _agree(directory: Path, manifest: Manifest) -> None:
    """Write the manifest of a new job, or see that the old one is the same."""
    path = directory / MANIFEST
    if not path.exists():
        if any(not found.name.startswith(".") for found in directory.iterdir()):
            raise ValueError(f"{directory} holds files, but no {MANIFEST} of a job: choose a new or empty directory")
        with atomic_text(path) as file:
            json.dump(manifest, file, ensure_ascii=False, indent=2)
        return
    before: Manifest = json.loads(path.read_text("utf-8"))
    changes = [
        f"{name} was {before.get(name, 'nothing')} and is {manifest.get(name, 'nothing')}"
        for name in before | manifest
        if before.get(name) != manifest.get(name)
    ]
    if changes:
        raise ValueError(
            f"{directory} has parts of another job: {'; '.join(changes)}. Choose another directory, or delete this one"
        )
