"""Every kind of input gives the same documents, and what cannot be read costs only itself."""

import csv
import gzip
import io
import json
import lzma
import random
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import datasets
import fsspec
import pyarrow
import pytest
from pyarrow import parquet

from annotations.checks import Problem
from annotations.document import Document
from infer import hub, rows
from infer.readers import LONGEST, read, stream
from infer.rows import DEFAULT, Columns
from infer.sources import fingerprint

ROWS: list[dict[str, Any]] = [
    {"id": "1", "text": "Биыл 14 жәрмеңке өтті.", "published": "2025-02-14", "title": "Жәрмеңке", "views": 12},
    {"id": "2", "text": "Екі жол:\n«5,5%» 😀", "published": None, "title": None, "views": 0},
]
DOCUMENTS = [Document(row["id"], row["text"], published=row["published"], title=row["title"]) for row in ROWS]


def json_lines(table: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table).encode()


def comma_separated(table: list[dict[str, Any]]) -> bytes:
    content = io.StringIO(newline="")
    writer = csv.DictWriter(content, table[0])
    writer.writeheader()
    writer.writerows(table)
    return content.getvalue().encode("utf-8-sig")


def columnar(table: list[dict[str, Any]]) -> bytes:
    content = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(table), content, row_group_size=1)
    return content.getvalue()


def zstandard(content: bytes) -> bytes:
    return pyarrow.compress(content, "zstd", asbytes=True)  # type: ignore[no-any-return]


FORMATS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "news.jsonl": json_lines,
    "news.jsonl.gz": lambda table: gzip.compress(json_lines(table)),
    "news.jsonl.xz": lambda table: lzma.compress(json_lines(table)),
    "news.jsonl.zst": lambda table: zstandard(json_lines(table)),
    "news.csv": comma_separated,
    "news.csv.gz": lambda table: gzip.compress(comma_separated(table)),
    "news.parquet": columnar,
}


def problems(*paths: object, columns: Columns = DEFAULT) -> list[tuple[str, str, str]]:
    found = [item for item in stream(map(str, paths), columns) if isinstance(item, Problem)]
    return [(problem.document, problem.where, problem.why) for problem in found]


def ids(*paths: object) -> list[str]:
    return [item.id for item in stream(map(str, paths)) if isinstance(item, Document)]


@pytest.fixture
def store() -> Iterator[str]:
    """An empty store at an address."""
    memory = fsspec.filesystem("memory")
    yield "memory://archive"
    memory.rm("/archive", recursive=True)


@pytest.mark.parametrize("name", FORMATS)
def test_files_of_every_format(tmp_path: Path, name: str, store: str) -> None:
    content = FORMATS[name](ROWS)
    (tmp_path / name).write_bytes(content)
    with fsspec.open(f"{store}/{name}", "wb") as file:
        file.write(content)
    for place in (tmp_path / name, tmp_path, f"file://{tmp_path}/{name}", store, f"{store}/{name}", f"{store}/n*"):
        assert list(read([place])) == DOCUMENTS


@pytest.mark.parametrize("name", FORMATS)
def test_columns_by_other_names(tmp_path: Path, name: str) -> None:
    table = [
        {"url": 1, "body": "Бір сөз.", "text": "", "id": None},
        {"url": 2, "body": "Екі сөз.", "text": "", "id": None},
    ]
    (tmp_path / name).write_bytes(FORMATS[name](table))
    found = list(read([tmp_path], columns=Columns(id="url", text="body")))
    assert [(document.id, document.text) for document in found] == [("1", "Бір сөз."), ("2", "Екі сөз.")]


@pytest.mark.parametrize("name", ["news.jsonl", "news.csv", "news.parquet"])
def test_a_missing_column_names_the_option(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FORMATS[name]([{"id": 1, "body": "Бір сөз."}]))
    ((_, _, why),) = problems(tmp_path)
    assert why == "there is no column 'text', only 'id', 'body': --text-column names another"


def test_a_saved_dataset(tmp_path: Path) -> None:
    saved = datasets.Dataset.from_list(ROWS)
    saved.save_to_disk(tmp_path / "one")
    datasets.DatasetDict(first=saved.select([0]), second=saved.select([1])).save_to_disk(tmp_path / "two")
    for place in ("one", "two"):
        assert list(read([tmp_path / place])) == DOCUMENTS
    assert fingerprint(str(tmp_path / "one")) != fingerprint(str(tmp_path / "two"))
    assert problems(tmp_path / "one", columns=Columns(text="body"))[0][:2] == ("one", "features")


def test_a_streamed_dataset(tmp_path: Path) -> None:
    (tmp_path / "news.parquet").write_bytes(columnar(ROWS))
    streamed = datasets.load_dataset(str(tmp_path), split="train", streaming=True, cache_dir=str(tmp_path / "cache"))
    found = list(hub.rows("owner/name/train", streamed, DEFAULT))
    assert [row.fields["text"] for row in found if isinstance(row, rows.Row)] == [row["text"] for row in ROWS]
    with pytest.raises(ValueError, match="hf://owner/name"):
        list(read(["hf://name"]))


def test_a_tree_comes_in_the_order_of_names(tmp_path: Path, store: str) -> None:
    names = ["a/b.txt", "a/c/d.txt", "a.txt", "b.txt", "Ә.txt"]
    for name in [*names, "a/README.md", "notes"]:
        for place in (str(tmp_path), store):
            with fsspec.open(f"{place}/{name}", "wb", auto_mkdir=True) as file:
                file.write(name.encode())
    expected = [name.removesuffix(".txt") for name in names]
    assert ids(tmp_path) == ids(store) == expected
    assert [document.text for document in read([tmp_path])] == names


@pytest.mark.parametrize(
    ("fields", "where", "why"),
    [
        ({"id": "a"}, "", "no column 'text'"),
        ({"id": "a", "text": None}, "text, ", "valid string"),
        ({"id": "a", "text": 7}, "text, ", "valid string"),
        ({"id": "a", "text": ["Сөз"]}, "text, ", "valid string"),
        ({"id": "a", "text": "Сөз\0"}, "text, ", "NUL"),
        ({"id": "a", "text": "ә" * (LONGEST + 1)}, "text, ", "it has 200,001 characters"),
        ({"id": "a", "text": "Сөз", "published": "кеше"}, "published, ", "'кеше' is not an ISO date"),
        ({"id": "a", "text": "Сөз", "published": 2025.5}, "published, ", "not an ISO date"),
        ({"id": "a", "text": "Сөз", "title": ["х"]}, "title, ", "valid string"),
    ],
)  # fmt: skip
def test_a_bad_line_is_told_and_passed_over(tmp_path: Path, fields: dict[str, Any], where: str, why: str) -> None:
    lines = [{"id": "b", "text": "Сөз"}, fields, {"id": "c", "text": "Сөз"}]
    (tmp_path / "news.jsonl").write_bytes(json_lines(lines))
    ((id, place, reason),) = problems(tmp_path)
    assert (id, place) == ("a", f"{where}news.jsonl line 2")
    assert why in reason
    assert ids(tmp_path) == ["b", "c"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"id": "\xff", "text": ""}', "not JSON"),
        (b'{"id": "\\ud800", "text": ""}', "not JSON"),
        (b'{"id": null, "text": ""}', "valid string"),
        (b'{"id": "", "text": ""}', "it is empty"),
        (b'{"text": ""}', "no column 'id'"),
        (b" " * (rows.LINE + 1), "longer than 16,777,216 bytes"),
    ],
)
def test_a_line_without_an_id_is_told_by_its_number(tmp_path: Path, line: bytes, why: str) -> None:
    path = tmp_path / "news.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json_lines(ROWS[:1]) + line + b"\n\n" + json_lines(ROWS[1:]))
    ((id, where, reason),) = problems(path)
    assert id == "news.jsonl"
    assert "line 2" in where
    assert why in reason
    assert ids(path) == ["1", "2"]


def test_ids_are_told_apart_over_all_inputs(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.csv"):
        (tmp_path / name).write_bytes(FORMATS[f"news.{name[2:]}"](ROWS))
    assert ids(tmp_path) == ["1", "2"]
    assert [problem[:2] for problem in problems(tmp_path)] == [("1", "id, b.csv line 2"), ("2", "id, b.csv line 3")]


@pytest.mark.parametrize(
    ("content", "where", "why", "read_ids"),
    [
        (b"id,text\na,x\nb,y,z\nc,w\n", "line 3", "it has 3 cells, and the header has 2", ["a", "c"]),
        (b'id,text\na,"x\ny"\nb,\xff\nc,w\n', "line 4", "bytes that are no text", ["a", "c"]),
        (b'id,text\na,x\nb,"y\nc,w\n', "after row 1", "the file is broken", ["a"]),
        (b'id,text\na,x\nb,"y"z\nc,w\n', "after row 1", "the file is broken", ["a"]),
        (b"id,text\na,x\n" + b"b," * (rows.LINE // 2) + b"\n", "after row 1", "a row is longer", ["a"]),
        (
            b"id,text\na,x\n" + (b'"' + b"x" * 1000 + b'\n",') * (rows.LINE // 1000) + b"\n",
            "after row 1",
            "a row is longer",
            ["a"],
        ),
        (b'id,text\r\na,x\r\n\r\nb,"' + b"y" * (rows.LINE + 1) + b'"\r\n', "after row 1", "a row is longer", ["a"]),
    ],
)
def test_faults_of_a_csv_file(tmp_path: Path, content: bytes, where: str, why: str, read_ids: list[str]) -> None:
    (tmp_path / "news.csv").write_bytes(content)
    ((id, place, reason),) = problems(tmp_path)
    assert (id, place) == ("news.csv", where)
    assert why in reason
    assert ids(tmp_path) == read_ids


def test_a_table_s_types(tmp_path: Path) -> None:
    """Days and times are days; ids are numbers too; bytes and text that is not UTF-8 are told."""
    table = pyarrow.table(
        {
            "id": [1, 2, 3],
            "text": pyarrow.array([b"x", b"\xff", None], pyarrow.binary()).view(pyarrow.string()),
            "published": [datetime(2025, 2, 14, 23, 59), None, None],
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    parquet.write_table(pyarrow.table({"id": [4], "text": [b"x"]}), tmp_path / "b.parquet")
    parquet.write_table(
        pyarrow.table({"id": [5], "text": ["x"], "published": [date(2025, 2, 14)]}), tmp_path / "c.parquet"
    )
    found = list(read([tmp_path], lambda problem: None))
    assert [(document.id, document.published) for document in found] == [("1", "2025-02-14"), ("5", "2025-02-14")]
    assert [problem[:2] for problem in problems(tmp_path)] == [
        ("a.parquet", "row 2"),
        ("3", "text, a.parquet row 3"),
        ("4", "text, b.parquet row 1"),
    ]


@pytest.mark.parametrize(
    "published", ["2025-02-14", "2025-02-14T23:30:00+05:00", "2025-02-14 08:00", "2025-02-14T01:02:03Z"]
)
def test_a_time_is_a_day(tmp_path: Path, published: str) -> None:
    (tmp_path / "news.jsonl").write_bytes(json_lines([{"id": "a", "text": "Сөз", "published": published}]))
    assert [document.published for document in read([tmp_path])] == ["2025-02-14"]


@pytest.mark.parametrize("name", ["b.jsonl.gz", "b.jsonl.xz", "b.jsonl.zst", "b.parquet"])
def test_a_broken_file_costs_only_the_rest_of_itself(tmp_path: Path, name: str) -> None:
    """Cut off, or something else: what could be read stays, the other files are read, and nothing is lost silently."""
    noise = random.Random(3)
    table = [
        {"id": f"{n}", "text": "".join(chr(noise.randrange(0x400, 0x500)) for _ in range(900))} for n in range(300)
    ]
    content = FORMATS[f"news.{name[2:]}"](table)
    for whole in ("a.txt", "c.txt"):
        (tmp_path / whole).write_text("Сөз", "utf-8")
    for broken in (content[: len(content) * 3 // 4], content[:-3], b"not what it says" * 99):
        (tmp_path / name).write_bytes(broken)
        ((id, _, why),) = [problem for problem in problems(tmp_path) if "broken" in problem[2]]
        assert id == name
        assert "the rest of it is not read" in why
        found = ids(tmp_path)
        assert (found[0], found[-1]) == ("a", "c")
        assert found[1:-1] == [row["id"] for row in table[: len(found) - 2]]


def test_text_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\r\n«Сөз»\u00a0".encode())
    (tmp_path / "b.txt").write_bytes("Сурет".encode("cp866"))
    (tmp_path / "c.txt").write_bytes(b"x" * (rows.LINE + 1))
    (tmp_path / "d.txt.gz").write_bytes(gzip.compress("Сөз".encode()))
    assert [(document.id, document.text) for document in read([tmp_path], lambda problem: None)] == [
        ("a", "\r\n«Сөз»\u00a0"),
        ("d", "Сөз"),
    ]
    assert [problem[:2] for problem in problems(tmp_path)] == [("b", "byte 0"), ("c", "text")]


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a\udcff.txt"
    path.write_text("Сөз", "utf-8")
    assert ids(tmp_path) == ["a?"]
    assert "a?.txt (files: 1" in fingerprint(str(path))


def test_memory_is_that_of_a_batch(tmp_path: Path) -> None:
    """Of 8 MB in each format, less than 1 MB is in memory at a time."""
    table = [{"id": str(number), "text": "Бір сөз. " * 300} for number in range(2000)]
    for name in ("news.jsonl", "news.csv"):
        (tmp_path / name).write_bytes(FORMATS[name](table))
        tracemalloc.start()
        assert sum(1 for _ in read([tmp_path / name])) == len(table)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1e6


def test_places_that_cannot_be_read() -> None:
    for place, error, message in [
        ("missing", FileNotFoundError, "missing does not exist"),
        (__file__, ValueError, "articles are read from .txt, .jsonl, .csv, .parquet"),
        ("memory://nothing/here", FileNotFoundError, "does not exist, or holds no"),
        ("nowhere://x", ValueError, "nowhere"),
    ]:
        with pytest.raises(error, match=message):
            list(stream([place]))


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("news.parquet", "pyarrow.parquet", "parquet"),
        ("news.jsonl.zst", "pyarrow", "parquet"),
        ("memory://archive/news.jsonl", "fsspec.core", "remote"),
        ("saved", "datasets", "datasets"),
        ("hf://owner/name", "datasets", "datasets"),
    ],
)
def test_a_missing_library_is_told_by_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str, extra: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "saved":
        datasets.Dataset.from_list(ROWS).save_to_disk(name)
    elif "://" not in name:
        Path(name).write_bytes(FORMATS[name](ROWS))
    monkeypatch.setitem(sys.modules, module, None)  # what Python takes for a module that is not installed
    with pytest.raises(ImportError, match=rf"pip install 'malimet\[{extra}\]'"):
        list(stream([name]))
