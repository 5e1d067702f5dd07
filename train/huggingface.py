"""Labelled documents in datasets of Hugging Face's `datasets`, read row by row.

A row is either a sentence, `tokens` and `ner_tags` (IOB2, as ClassLabel or strings), or a text, `text` and `spans`
(each with `start`, `end` and `label`), with what our JSON Lines may say of it: `groups`, `published`, `title`,
`source`. Other columns are passed over. `id` names the document; where it is a number or missing, the dataset's name
stands before it.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datasets import ClassLabel, load_dataset, load_from_disk
from pyarrow import Table
from pyarrow.parquet import ParquetWriter
from pydantic import BaseModel, ValidationError

from annotations.atomic import atomic_bytes
from annotations.checks import Problem
from annotations.document import Document, Span
from annotations.formats import Body, Reject, Text, conll, first_fault
from annotations.mapping import LabelMap, identity, relabel

STATE, DICT = "state.json", "dataset_dict.json"  # what `save_to_disk` writes
PARQUET = ".parquet"
BATCH = 1000  # rows


class _Span(BaseModel):
    start: int
    end: int
    label: str


class _Row(Body):
    id: Text
    spans: tuple[_Span, ...]


def is_dataset(path: Path, split: str | None) -> bool:
    """Whether a file or directory is a dataset: Parquet, saved by `save_to_disk`, or a directory with a named split."""
    if path.is_dir():
        return split is not None or any((path / name).is_file() for name in (STATE, DICT))
    return path.suffix == PARQUET


def read(path: Path, split: str | None, reject: Reject, mapping: LabelMap | None = None) -> Iterator[Document]:
    """The documents of a local dataset, which is never whole in memory.

    `mapping` gives our labels for those of the dataset: see annotations.mapping.relabel. In our labels, annotators have
    looked for those that a ClassLabel names, for KazNERD's where tags are strings, and for what a text says.

    Raises ValueError for a split that is not there and for columns that hold no labelled documents.
    """
    dataset = _opened(path, split)
    name = f"{path.stem}-{split}" if split else path.stem
    classes = _classes(dataset.features)
    for number, fields in enumerate(dataset, 1):
        where = f"row {number}"
        told = str(fields.get("id") if fields.get("id") is not None else number)
        id = f"{name}:{told}" if told.isdecimal() else told
        try:
            if fields.keys() >= {"tokens", "ner_tags"}:
                yield _sentence(id, fields["tokens"], fields["ner_tags"], classes, mapping)
            elif fields.keys() >= {"text", "spans"}:
                yield _text(id, fields, mapping)
            else:
                raise ValueError(
                    f"{path}: its columns are {', '.join(fields)}; labelled documents have tokens and ner_tags,"
                    " or text and spans"
                )
        except Problem as problem:
            reject(Problem(problem.document, f"{where}, {problem.where}", problem.why))


def stream(repository: str, configuration: str | None, split: str, file: Path) -> None:
    """Write a dataset of the hub, or of a directory, to a Parquet file, which appears whole or not at all.

    Raises OSError with a sentence where the hub does not give it.
    """
    try:
        dataset = load_dataset(repository, configuration, split=split, streaming=True)
        tables: Iterator[Table] = dataset.with_format("arrow").iter(BATCH)
        first = next(tables, None)
        if first is None:
            raise ValueError(f"{repository}: the split {split} is empty")
        schema = dataset.features.arrow_schema if dataset.features else first.schema
        with atomic_bytes(file) as target, ParquetWriter(target, schema) as writer:
            writer.write_table(first.cast(schema))
            for table in tables:
                writer.write_table(table.cast(schema))
    except (OSError, ValueError):
        raise
    except Exception as error:  # httpx's and the hub's own
        raise OSError(f"the dataset {repository} cannot be read: {type(error).__name__}: {error}") from error


def _opened(path: Path, split: str | None) -> Any:
    """A dataset, or the split of several."""
    if path.suffix == PARQUET:
        return load_dataset("parquet", data_files=str(path), split="train", streaming=True)
    if not any((path / name).is_file() for name in (STATE, DICT)):
        return load_dataset(str(path), split=split, streaming=True)
    saved = load_from_disk(str(path))
    if not isinstance(saved, Mapping):
        if split:
            raise ValueError(f"{path} is a dataset without splits: leave `split` out")
        return saved
    if split not in saved:
        raise ValueError(f"{path}: the `split` must be one of {', '.join(saved)}")
    return saved[split]


def _classes(features: Mapping[str, Any] | None) -> list[str] | None:
    """The names of the tags where they are numbers."""
    kind = getattr((features or {}).get("ner_tags"), "feature", None)
    return list(kind.names) if isinstance(kind, ClassLabel) else None


def _sentence(
    id: str, tokens: list[str], tags: list[Any], classes: list[str] | None, mapping: LabelMap | None
) -> Document:
    groups = conll.KAZNERD_GROUPS
    if classes:
        if unnamed := [tag for tag in tags if tag not in range(len(classes))]:
            raise Problem(id, "ner_tags", f"{unnamed[0]} is none of the {len(classes)} tags")
        tags = [classes[tag] for tag in tags]
        groups = frozenset(name[2:] for name in classes if name[2:])
    return conll.sentence(id, tokens, tags, groups, mapping)


def _text(id: str, fields: Mapping[str, Any], mapping: LabelMap | None) -> Document:
    known = {name: fields[name] for name in _Row.model_fields if fields.get(name) is not None}
    try:
        row = _Row.model_validate_json(json.dumps(known | {"id": id}, default=str))
    except ValidationError as error:
        raise Problem(id, *first_fault(error)) from None
    labels = identity() if mapping is None else mapping
    for number, span in enumerate(row.spans):
        if not 0 <= span.start < span.end <= len(row.text):
            why = f"{span.start} to {span.end} is no stretch of the text of {len(row.text)} characters"
            raise Problem(id, f"spans[{number}]", why)
        if span.label not in labels:
            raise Problem(id, f"spans[{number}].label", f"{span.label!r} is not one of {', '.join(labels)}")
    document = row.document(id, tuple(Span(span.start, span.end, span.label) for span in row.spans), ())
    return document if mapping is None else relabel(document, mapping)
