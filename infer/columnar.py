"""Parquet: articles as they are, nested and typed, and their metrics as a flat table. Rows are written in groups, so
that memory holds one group whatever the size of the file.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from math import inf
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from annotations.atomic import atomic_bytes
from infer.metrics import COLUMNS, rows
from infer.records import Article, Reading

if TYPE_CHECKING:
    import pyarrow

GROUP = 4096  # rows of the metrics' table
ARTICLES = 256  # rows of the articles' table

Put = Callable[[Reading], None]


@contextmanager
def metrics(path: Path) -> Iterator[Put]:
    """Write the flat table: a row for each metric. The file appears whole or not at all.

    Raises ImportError that names the extra where pyarrow is missing.
    """
    arrow = _pyarrow()
    schema = arrow.schema([(name, getattr(arrow, kind)()) for name, kind in COLUMNS.items()])
    with _table(path, schema, GROUP) as add:

        def put(reading: Reading) -> None:
            for row in rows(reading):
                add(_numbers_as_floats(row))

        yield put


@contextmanager
def articles(path: Path) -> Iterator[Put]:
    """Write the nested table: a row for each article, with the fields of its JSON. Appears and raises as `metrics`."""
    schema = _pyarrow().schema(list(arrow_type(Article)))
    with _table(path, schema, ARTICLES) as add:

        def put(reading: Reading) -> None:
            _, article = reading
            row = article.model_dump(by_alias=True)
            row["metrics"] = [_numbers_as_floats(metric) for metric in row["metrics"]]
            add(row)

        yield put


def arrow_type(annotation: Any) -> "pyarrow.DataType":
    """The Arrow type of a field of a pydantic model: text, numbers, days, models, tuples of them, or None."""
    arrow = _pyarrow()
    options, origin = get_args(annotation), get_origin(annotation)
    if origin in (Union, UnionType):
        (kind, *others) = [option for option in options if option is not NoneType]
        return arrow.float64() if float in others else arrow_type(kind)
    if origin is Literal:
        return arrow.string()
    if origin is tuple:
        return arrow.list_(arrow_type(options[0]))
    if issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return arrow.struct([(field.alias or name, arrow_type(field.annotation)) for name, field in fields])
    return {str: arrow.string, int: arrow.int64, float: arrow.float64, date: arrow.date32}[annotation]()


def _numbers_as_floats(metric: dict[str, Any]) -> dict[str, Any]:
    return metric | {name: _float(metric[name]) for name in ("number", "number_high")}


def _float(number: float | None) -> float | None:
    """A column holds doubles, of which the largest numbers of a text can be told only roughly, or as infinite."""
    try:
        return None if number is None else float(number)
    except OverflowError:
        return inf


@contextmanager
def _table(path: Path, schema: "pyarrow.Schema", group: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    arrow = _pyarrow()
    waiting: list[dict[str, Any]] = []
    with atomic_bytes(path) as file, arrow.parquet.ParquetWriter(file, schema) as writer:

        def flush() -> None:
            writer.write_table(arrow.Table.from_pylist(waiting, schema=schema))
            waiting.clear()

        def add(row: dict[str, Any]) -> None:
            waiting.append(row)
            if len(waiting) == group:
                flush()

        yield add
        if waiting:
            flush()


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError("Parquet needs the `parquet` extra: pip install 'malimet[parquet]'") from error
    return pyarrow
