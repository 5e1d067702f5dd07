"""Where articles come from: files, directories, standard input, remote stores and datasets, always in one order."""

import hashlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from infer import hub
from infer.rows import LINE, PACKED, READERS, Columns, File, Rows, kind, remote

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """Articles that are read together: a file or a split of a dataset. Another `stamp` or size is another content."""

    name: str
    size: int
    stamp: str
    rows: Callable[[Columns], Rows]


def sources(place: str, *, html: bool = False) -> Iterator[Source]:
    """The sources of a place: a file, a directory, `-` for standard input, an address such as `s3://bucket/news/`, a
    dataset that `save_to_disk` wrote, or one of the Hugging Face hub, `hf://owner/name[/configuration[/split]]`.

    Files of a directory come in the order of their names; those of another kind are passed over, as are HTML pages
    without `html`. Raises
    FileNotFoundError for a place that does not exist, ValueError for a file of another kind, ImportError that names the
    extra.
    """
    if place == STDIN:
        return iter([Source("stdin", 0, "", File("stdin.txt", _stdin).rows)])
    if place.startswith(hub.PREFIX):
        return (Source(name, 0, stamp, rows) for name, stamp, rows in hub.streamed(place))
    if "://" in place:
        return _remote(place, html)
    path = Path(place)
    if path.is_dir():
        return _saved(path) if hub.is_saved(path) else _below(path, html)
    if not path.exists():
        raise FileNotFoundError(f"{place} does not exist")
    _check(path.name, place, html)
    return iter([_local(path, path.name)])


def fingerprint(place: str, *, html: bool = False) -> str:
    """How many files and bytes a place holds, and a digest of their names, sizes and times: what changes with it."""
    digest, files, size = hashlib.sha256(), 0, 0
    for source in sources(place, html=html):
        digest.update(f"{source.name}\0{source.size}\0{source.stamp}\n".encode())
        files += 1
        size += source.size
    return f"{_as_text(place)} (files: {files:,}, bytes: {size:,}, digest: {digest.hexdigest()[:16]})"


def _stdin() -> IO[bytes]:
    return io.BytesIO(sys.stdin.buffer.read(LINE + 1))


def _check(name: str, place: str, html: bool) -> None:
    if kind(name, html=html) is None:
        raise ValueError(
            f"{place}: articles are read from {', '.join(READERS)} files (pages with --html, all but Parquet also"
            f" packed as {', '.join(PACKED)}), directories of them, datasets, or - for stdin"
        )


def _local(path: Path, name: str) -> Source:
    status = path.stat()
    name = _as_text(name)
    return Source(name, status.st_size, str(status.st_mtime_ns), File(name, lambda: path.open("rb")).rows)


def _as_text(name: str) -> str:
    """File names may hold bytes that are no text; ids, and files that list them, may not."""
    return name.encode(errors="replace").decode()


def _below(directory: Path, html: bool) -> Iterator[Source]:
    for path in _walk(directory):
        name = path.relative_to(directory).as_posix()
        if kind(name, html=html):
            yield _local(path, name)


def _walk(directory: Path) -> Iterator[Path]:
    """All files below a directory, each directory's entries by name; memory holds those of one directory."""
    with os.scandir(directory) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        elif entry.is_file():
            yield Path(entry.path)


def _saved(path: Path) -> Iterator[Source]:
    for directory, name in hub.splits(path):
        statuses = [(file.name, file.stat()) for file in _walk(directory)]
        stamp = ", ".join(f"{file} {status.st_mtime_ns}" for file, status in statuses)
        size = sum(status.st_size for _, status in statuses)
        yield Source(name, size, stamp, partial(hub.saved_rows, name, directory))


def _remote(address: str, html: bool) -> Iterator[Source]:
    """Files of a store that fsspec knows: one, those that a pattern with `*` matches, or all below a path. Their names
    are in memory together."""
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError(f"{address}: addresses need the `remote` extra: pip install 'malimet[remote]'") from error
    with remote(address):
        store, path = url_to_fs(address)
        root = path.rstrip("/")
        if "*" in path:
            names = {found: found.rsplit("/", 1)[-1] for found in store.glob(path)}
        elif store.isfile(path):
            _check(path, address, html)
            names = {path: path.rsplit("/", 1)[-1]}
        else:
            names = {found: found.removeprefix(root).lstrip("/") for found in store.find(path)}
    found = sorted((path for path, name in names.items() if kind(name, html=html)), key=lambda path: path.split("/"))
    if not found:
        raise FileNotFoundError(f"{address} does not exist, or holds no {', '.join(READERS)} files")
    return (_stored(address, store, path, names[path]) for path in found)


def _stored(address: str, store: Any, path: str, name: str) -> Source:
    def rows(columns: Columns) -> Rows:
        with remote(address):
            yield from File(name, lambda: store.open(path, "rb")).rows(columns)

    with remote(address):
        return Source(name, store.size(path) or 0, store.ukey(path), rows)
