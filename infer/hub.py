"""Datasets of Hugging Face's `datasets`: saved on disk, or streamed from the hub."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from annotations.checks import Problem
from infer.rows import Columns, Rows, remote

PREFIX = "hf://"
# What `save_to_disk` puts into a dataset, and into a dictionary of splits.
STATE, DICT = "state.json", "dataset_dict.json"


def is_saved(path: Path) -> bool:
    """Whether a directory is a dataset, or a dictionary of splits, that `save_to_disk` wrote."""
    return any((path / name).is_file() for name in (STATE, DICT))


def splits(path: Path) -> Iterator[tuple[Path, str]]:
    """The directory and name of each split of a saved dataset."""
    if (path / DICT).is_file():
        for split in json.loads((path / DICT).read_text("utf-8"))["splits"]:
            yield path / split, f"{path.name}/{split}"
    else:
        yield path, path.name


def saved_rows(name: str, directory: Path, columns: Columns) -> Rows:
    """The rows of a saved dataset, which is mapped into memory and never loaded. Raises ImportError that names the
    extra."""
    return rows(name, _datasets().load_from_disk(str(directory)), columns)


def streamed(address: str) -> Iterator[tuple[str, str, Callable[[Columns], Rows]]]:
    """The splits of a dataset of the hub: name, commit, and how the rows of that commit are streamed.

    Raises ValueError for an address that is not `hf://owner/name[/configuration[/split]]`, ImportError that names the
    extra.
    """
    parts = address.removeprefix(PREFIX).strip("/").split("/")
    if not 2 <= len(parts) <= 4:
        raise ValueError(f"{address}: a dataset of the hub is hf://owner/name, and may go on with /configuration/split")
    library = _datasets()
    from huggingface_hub import HfApi

    repository = "/".join(parts[:2])
    with remote(address):
        commit = HfApi().dataset_info(repository).sha
        streams = library.load_dataset(repository, *parts[2:3], revision=commit, streaming=True)
    for split in parts[3:] or list(streams):
        if split not in streams:
            raise ValueError(f"{address}: there is no split {split!r}, only {', '.join(streams)}")
        name = f"{repository}/{split}"
        yield name, str(commit), partial(_streamed_rows, address, name, streams[split])


def _streamed_rows(address: str, name: str, dataset: Any, columns: Columns) -> Rows:
    with remote(address):
        yield from rows(name, dataset, columns)


def rows(name: str, dataset: Any, columns: Columns) -> Rows:
    """The rows of an opened dataset, without columns that nobody reads."""
    present = dataset.column_names
    if present is not None:
        if why := columns.missing(present):
            yield Problem(name, "features", why)
            return
        dataset = dataset.select_columns([column for column in columns.names().values() if column in present])
    for number, fields in enumerate(dataset, 1):
        yield columns.row(name, f"row {number}", fields)


def _datasets() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise ImportError("datasets need the `datasets` extra: pip install 'malimet[datasets]'") from error
    return datasets
