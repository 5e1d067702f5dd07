"""Hostile input: the promises of eval.hostile, for inputs that broke one, for random ones, and for giants.

`python -m eval.fuzz` looks for more of them with the guidance of coverage.
"""

import gzip
import json
import logging
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from annotations.checks import Problem
from annotations.formats import jsonl, label_studio
from eval.fuzz import SEEDS, seeds
from eval.hostile import TARGETS
from infer import rows
from infer.readers import stream

BROKE = yaml.safe_load(Path(__file__).with_name("hostile.yaml").read_text("utf-8"))
WORDS = [word.encode() for word in yaml.safe_load(SEEDS.read_text("utf-8"))["words"]]
SLOW = {"extractor", "HTTP body", "articles .html"}


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """No lines about the encodings of thousands of files."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(("target", "data"), [(target, data) for target, table in BROKE.items() for data in table])
def test_what_once_broke(target: str, data: str) -> None:
    TARGETS[target](data.encode("latin-1"))


@pytest.mark.parametrize("target", TARGETS)
def test_random_input(target: str) -> None:
    """Bytes, letters, and seeds that are cut and joined with words at random."""
    starts = list(seeds(target))
    pieces = st.sampled_from(WORDS) | st.binary(max_size=4) | st.text(max_size=4).map(str.encode)
    cut = st.tuples(st.sampled_from(starts), st.integers(0, max(map(len, starts)))).map(lambda pair: pair[0][: pair[1]])
    spliced = st.tuples(cut, st.lists(pieces, max_size=8).map(b"".join), cut).map(b"".join)

    @settings(max_examples=10 if target in SLOW else 100, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode) | spliced)
    def check(data: bytes) -> None:
        TARGETS[target](data)

    check()


@pytest.mark.parametrize("name", ["a.txt.gz", "a.jsonl.gz", "a.csv.gz"])
def test_what_unpacks_to_a_giant_is_refused_in_bounded_memory(tmp_path: Path, name: str) -> None:
    with gzip.open(tmp_path / name, "wb", 1) as file:
        file.write(b"id,text\n1,")
        for _ in range(9):
            file.write(b"x" * rows.LINE)
    tracemalloc.start()
    *_, problem = stream([str(tmp_path)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(problem, Problem)
    assert "16,777,216" in problem.why
    assert peak < 6 * rows.LINE


def test_a_giant_that_a_parquet_file_holds_once_is_not_held_for_each_row(tmp_path: Path) -> None:
    text = "x" * 1_000_000
    table = pyarrow.table({"id": [str(number) for number in range(rows.BATCH)], "text": [text] * rows.BATCH})
    parquet.write_table(table, tmp_path / "a.parquet")
    del table
    before = pyarrow.total_allocated_bytes()
    found = stream([str(tmp_path)])
    assert isinstance(next(found), Problem)
    assert pyarrow.total_allocated_bytes() - before < 10 * len(text)
    assert sum(isinstance(item, Problem) for item in found) == rows.BATCH - 1


DEEP = b"[" * 100_000
DIGITS = b"7" * 1_000_000


@pytest.mark.parametrize("value", [DEEP, b'{"a":' * 100_000, DIGITS, b'"\\ud800"'])
def test_json_that_no_parser_likes(tmp_path: Path, value: bytes) -> None:
    """Deep, or with a number of a million digits, or half of a surrogate pair: a line is refused, the next one read."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id": %b, "text": "a"}\n{"id": "2", "text": "b"}\n' % value)
    first, second = stream([str(path)])
    assert isinstance(first, Problem)
    assert not isinstance(second, Problem)
    for reader, content in ((jsonl, path.read_bytes()), (label_studio, b'[{"id": %b}]' % value)):
        path.write_bytes(content)
        problems: list[Any] = []
        assert [document.id for document in reader.read(path, problems.append)] == (["2"] if reader is jsonl else [])
        assert len(problems) == 1
    TARGETS["HTTP body"](b'{"tasks": %b}' % value)
    TARGETS["HTTP body"](json.dumps({"tasks": [{"id": 1, "data": {"text": "\ud800"}}]}).encode())
