"""Jobs over any number of articles: into one file, or into a directory in parts, which a run that is killed does not
lose.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from itertools import chain, count, islice
from pathlib import Path

from annotations.checks import Problem
from annotations.document import Document
from annotations.formats import Reject
from infer.columnar import Put
from infer.extractor import Extractor
from infer.partitions import KINDS, Manifest, Partitions, Tally, claimed
from infer.readers import Item, stream
from infer.records import Reading
from infer.rows import Columns, kind
from infer.sources import STDIN, fingerprint
from infer.writers import Rejects, writer

SIZE = 1000  # items a part: about a minute of a laptop's work, which is what a kill costs at most


def is_directory(output: str) -> bool:
    """Whether an output is a directory, there already or, with a slash at its end, to be."""
    return output.endswith("/") or Path(output).is_dir()


def rejects_of(output: str) -> Path:
    """Where the documents are listed that a job rejected."""
    return Path(output) / "rejects" if is_directory(output) else Path(output).with_suffix(".rejects.jsonl")


def check(places: Sequence[str], output: str, format: str | None, *, html: bool = False) -> None:
    """Raise ValueError for an output that cannot be written, or that the job, or its next run, would itself read."""
    if "://" in output:
        raise ValueError(f"{output}: records are written to local files and directories only")
    path = Path(output)
    if is_directory(output):
        if STDIN in places:
            raise ValueError("standard input cannot be read again, as a directory's job may have to: give -o a file")
        if format not in (None, *KINDS):
            raise ValueError(f"{output}: a directory's --format is {' or '.join(KINDS)}")
    else:
        writer(path)
        if format not in (None, path.suffix.removeprefix(".")):
            raise ValueError(f"{output}: the name says the format; --format {format} says another")
        if kind(path.name, html=html) is None:
            return
    for place in map(Path, places):
        if path.resolve() == place.resolve() or (place.is_dir() and path.resolve().is_relative_to(place.resolve())):
            raise ValueError(f"{output} lies in {place}, which is read: choose a place outside of it")


def job(
    extractor: Extractor,
    places: Sequence[str],
    columns: Columns,
    output: str,
    *,
    format: str | None,
    engine: str,
    unique: bool,
    tell: Reject,
) -> Iterator[Tally]:
    """Write what `check` found can be written; `format` is a directory's, by default JSON Lines. Raises as
    infer.sources.sources and infer.partitions.claimed."""
    items = stream(places, columns)
    if is_directory(output):
        claim = manifest(places, columns, extractor, engine=engine, unique=unique)
        with claimed(Path(output), format or "jsonl", claim) as partitions:
            yield from to_directory(extractor, items, partitions, tell=tell, unique=unique)
    else:
        yield from to_file(extractor, items, output, tell=tell, unique=unique)


def manifest(
    places: Iterable[str], columns: Columns, extractor: Extractor, *, engine: str, unique: bool, size: int = SIZE
) -> Manifest:
    """All that decides what a directory's job writes: its places with their files' names, sizes and times, the model,
    the options. Raises as infer.sources.sources."""
    return {
        **made_with(extractor),
        "engine": engine,
        "unique": unique,
        "id column": columns.id,
        "text column": columns.text,
        "html": columns.html,
        "part size": size,
        **{f"input {number}": fingerprint(place, html=columns.html) for number, place in enumerate(places, 1)},
    }


def made_with(extractor: Extractor) -> Manifest:
    """The versions of what decides the records of a text."""
    model = extractor.model
    return {"malimet": version("malimet"), "model": f"{model.name} {model.version}"}


def to_directory(
    extractor: Extractor, items: Iterator[Item], partitions: Partitions, *, tell: Reject, unique: bool, size: int = SIZE
) -> Iterator[Tally]:
    """Write the parts that are not finished, and count each document, and each part of an earlier run, as it goes by.

    A part is `size` items of the input, whether they can be read or not, and batches of documents begin with it, so
    that it has the same bytes whenever it is written. Items of finished parts are read for their ids, not extracted.
    """
    for number, part in parts(items, size):
        finished = partitions.finished(number)
        if finished is None:
            total = Tally()
            for tally in to_part(extractor, number, part, partitions, tell=tell, unique=unique):
                total += tally
                yield tally
            partitions.finish(number, total)
        else:
            yield finished


def parts(items: Iterator[Item], size: int) -> Iterator[tuple[int, Iterator[Item]]]:
    """Numbers of parts and their items; those that nobody takes are read all the same, for their ids."""
    for number in count():
        first = next(items, None)
        if first is None:
            return
        part = chain([first], islice(items, size - 1))
        yield number, part
        deque(part, maxlen=0)


def to_part(
    extractor: Extractor, number: int, items: Iterable[Item], partitions: Partitions, *, tell: Reject, unique: bool
) -> Iterator[Tally]:
    """Write one part's files, and count each document and then what was rejected."""
    with partitions.part(number, tell) as (put, rejects):
        yield from _put(readings(extractor, items, rejects, unique=unique), put)
    yield Tally(rejected=rejects.count)


def to_file(extractor: Extractor, items: Iterable[Item], output: str, *, tell: Reject, unique: bool) -> Iterator[Tally]:
    """Write one file, in the format that its name asks for, and count each document as it goes by."""
    path = Path(output)
    with writer(path)(path) as put, Rejects(rejects_of(output), tell) as rejects:
        yield from _put(readings(extractor, items, rejects, unique=unique), put)
    yield Tally(rejected=rejects.count)


def readings(extractor: Extractor, items: Iterable[Item], reject: Reject, *, unique: bool) -> Iterator[Reading]:
    """What is read of the documents among some items; the problems among them, and new ones, go to `reject`. With
    `unique`, without records that repeat an earlier one of their document."""

    def documents() -> Iterator[Document]:
        for item in items:
            if isinstance(item, Problem):
                reject(item)
            else:
                yield item

    found = extractor.readings(documents(), reject=reject)
    return ((document, article.unique()) for document, article in found) if unique else found


def _put(readings: Iterable[Reading], put: Put) -> Iterator[Tally]:
    for reading in readings:
        put(reading)
        yield Tally(documents=1, records=len(reading[1].metrics))
