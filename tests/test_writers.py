"""What is written is what was read, in files that the usual tools open with its types."""

import csv
import json
from collections.abc import Callable
from datetime import date
from math import inf
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from pyarrow import parquet

from annotations.checks import Problem
from annotations.document import Document
from infer import columnar, writers
from infer.extractor import Extractor
from infer.metrics import COLUMNS
from infer.records import Article, Reading

NEEDED = [
    "id", "value", "number", "unit", "indicator", "action", "period_from", "period_to", "place", "subject", "speaker",
    "score",
]  # fmt: skip


@pytest.fixture(scope="module")
def reading() -> Reading:
    """The bundled article."""
    text = (ROOT / "examples" / "article.txt").read_text("utf-8")
    return Document("a1", text), Extractor.load(threads=1).extract(text, id="a1", title="Ауыл")


def numbered(reading: Reading, number: float) -> Reading:
    """The article with another first number."""
    document, article = reading
    first, *others = article.metrics
    return document, article.model_copy(update={"metrics": (first.model_copy(update={"number": number}), *others)})


def as_json(table: list[dict[str, Any]]) -> Any:
    """Rows as JSON values, days as text."""
    return json.loads(json.dumps(table, default=date.isoformat))


def test_articles_survive_json_lines_and_parquet(tmp_path: Path, reading: Reading) -> None:
    """Each row of the nested table is the article's JSON, none of it changed, more rows than one group included."""
    _, article = reading
    readings = [(reading[0], article.model_copy(update={"id": str(n)})) for n in range(columnar.ARTICLES + 3)]
    writers.write(readings, tmp_path / "all.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").open(encoding="utf-8")]
    with columnar.articles(tmp_path / "all.parquet") as put:
        for each in readings:
            put(each)
    table = parquet.ParquetFile(tmp_path / "all.parquet")
    assert table.num_row_groups == 2
    assert (
        as_json(table.read().to_pylist())
        == lines
        == [each.model_dump(mode="json", by_alias=True) for _, each in readings]
    )
    assert [Article.model_validate(row) for row in table.read().to_pylist()] == [each for _, each in readings]


def with_duckdb(path: Path) -> list[dict[str, Any]]:
    duckdb = pytest.importorskip("duckdb")
    return duckdb.sql(f"SELECT * FROM '{path}'").to_arrow_table().to_pylist()  # type: ignore[no-any-return]


def with_pandas(path: Path) -> list[dict[str, Any]]:
    pandas = pytest.importorskip("pandas")
    table = pandas.read_parquet(path, dtype_backend="pyarrow").astype(object)
    return table.where(table.notna(), None).to_dict("records")  # type: ignore[no-any-return]


def with_polars(path: Path) -> list[dict[str, Any]]:
    polars = pytest.importorskip("polars")
    return polars.read_parquet(path).to_dicts()  # type: ignore[no-any-return]


@pytest.mark.parametrize("read", [with_duckdb, with_pandas, with_polars])
def test_tools_open_both_tables(tmp_path: Path, reading: Reading, read: Callable[[Path], list[dict[str, Any]]]) -> None:
    with columnar.articles(tmp_path / "articles.parquet") as put, columnar.metrics(tmp_path / "metrics.parquet") as row:
        put(reading)
        row(reading)
    metrics = reading[1].metrics
    table = read(tmp_path / "metrics.parquet")
    assert set(NEEDED) <= set(table[0]) == set(COLUMNS)
    assert [(row["id"], row["value"], row["number"]) for row in table] == [
        ("a1", metric.value.text, metric.number) for metric in metrics
    ]
    assert [row["period_from"] for row in table] == [
        metric.period.from_ if metric.period else None for metric in metrics
    ]
    (article,) = read(tmp_path / "articles.parquet")
    assert [metric["value"]["text"] for metric in article["metrics"]] == [metric.value.text for metric in metrics]
    assert [span["label"] for span in article["spans"]] == [span.label for span in reading[1].spans]


def test_sql_over_all_parts(tmp_path: Path, reading: Reading) -> None:
    duckdb = pytest.importorskip("duckdb")
    for number in range(3):
        with columnar.metrics(tmp_path / f"part-{number:05}.parquet") as put:
            put(numbered(reading, number))
    found = duckdb.sql(
        f"SELECT id, sum(number) FROM '{tmp_path}/part-*.parquet' WHERE value = 'үш' OR number < 3 GROUP BY id"
    ).fetchall()
    assert found == [("a1", 3.0)]


@pytest.mark.parametrize(
    ("number", "stored"), [(2**53 + 1, 2.0**53), (12 * 10**15, 1.2e16), (10**400, inf), (0.1, 0.1), (-5, -5.0)]
)
def test_any_number_finds_its_place(tmp_path: Path, reading: Reading, number: float, stored: float) -> None:
    changed = numbered(reading, number)
    with columnar.articles(tmp_path / "articles.parquet") as put:
        put(changed)
    writers.write([changed], tmp_path / "metrics.parquet")
    assert parquet.read_table(tmp_path / "metrics.parquet").to_pylist()[0]["number"] == stored
    assert parquet.read_table(tmp_path / "articles.parquet").to_pylist()[0]["metrics"][0]["number"] == stored
    writers.write([changed], tmp_path / "all.jsonl")
    assert json.loads((tmp_path / "all.jsonl").read_text("utf-8"))["metrics"][0]["number"] == number


def test_no_articles_are_a_table_without_rows(tmp_path: Path) -> None:
    for suffix in writers.WRITERS:
        writers.write([], tmp_path / f"none{suffix}")
    assert parquet.read_table(tmp_path / "none.parquet").column_names == list(COLUMNS)
    assert (tmp_path / "none.csv").read_text().split() == [",".join(COLUMNS)]
    assert not (tmp_path / "none.jsonl").read_bytes()


def test_csv_has_the_rows_of_the_flat_table(tmp_path: Path, reading: Reading) -> None:
    for suffix in (".csv", ".parquet"):
        writers.write([reading], tmp_path / f"table{suffix}")
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = parquet.read_table(tmp_path / "table.parquet").to_pylist()
    for ours, theirs in zip(rows, table, strict=True):
        assert {name: value for name, value in ours.items() if "number" not in name} == {
            name: "" if value is None else str(value) for name, value in theirs.items() if "number" not in name
        }


@pytest.mark.parametrize("suffix", writers.WRITERS)
def test_a_file_is_whole_or_what_it_was(tmp_path: Path, reading: Reading, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_text("before")

    def failing() -> Any:
        yield reading
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        writers.write(failing(), path)
    assert [(found, found.read_text()) for found in tmp_path.iterdir()] == [(path, "before")]


def test_a_page_is_for_tens_of_articles(tmp_path: Path, reading: Reading) -> None:
    with pytest.raises(ValueError, match="a page is for tens of articles, 100 at most"):
        writers.write([reading] * 101, tmp_path / "out.html")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="records are written as"):
        writers.write([reading], tmp_path / "out.xlsx")


def test_rejects_are_counted_told_and_listed(tmp_path: Path) -> None:
    path, told = tmp_path / "out.rejects.jsonl", list[Problem]()
    problem = Problem("a", "line 3", "«ә» \ud800".encode("utf-8", "replace").decode())
    with writers.Rejects(path, told.append) as rejects:
        assert not path.exists()
        rejects(problem)
    assert (rejects.count, told) == (1, [problem])
    assert json.loads(path.read_text("utf-8")) == {"id": "a", "where": "line 3", "why": problem.why}
    with writers.Rejects(path, told.append):
        pass
    assert not path.exists()
