"""A job on a Ray cluster writes the bytes of a job without one, whoever is killed, and either goes on with the other's
directory."""

import json
import multiprocessing
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from conftest import ROOT, SENTENCES
from test_batch import completed, contents

from infer import batch
from infer.extractor import Extractor
from infer.partitions import Tally, claimed
from infer.readers import stream
from infer.rows import DEFAULT
from models import checkpoint

ray = pytest.importorskip("ray", reason="the `ray` extra is not installed")
import psutil  # noqa: E402  ray brings it

from infer import cluster  # noqa: E402

pytestmark = pytest.mark.slow

SIZE = 4  # items a part

processes = multiprocessing.get_context("spawn")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where a cluster of three workers listens, to which this process is connected."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_worker_niceness", "0")  # workers that give way to all others never end on busy machines
        environment.setenv("RAY_ADDRESS", "local")
        with cluster.connected(cores=3):
            yield ray.get_runtime_context().gcs_address


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty documents, some of them longer, and among them one with an earlier one's id, one without text, one of no
    day, and a line that is no JSON."""
    sentences = [text for text, _ in SENTENCES]
    lines = [{"id": str(number), "text": " ".join(sentences * (1 + number % 5))} for number in range(40)]
    lines[17:17] = [{"id": "3", "text": "Бір сөз."}, {"id": "none", "text": 7}]
    lines[30:30] = [{"id": "day", "text": "Бір сөз.", "published": "2025-02-30"}]
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines) + "{\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def undisturbed(corpus: Path) -> dict[str, bytes]:
    """What a job without Ray writes."""
    directory = corpus.parent / "undisturbed"
    total(run("onnx", corpus, directory))
    return contents(directory)


def run(engine: str, corpus: Path, directory: Path, format: str = "jsonl", unique: bool = False) -> Iterator[Tally]:
    """A whole job, on the cluster that this process is connected to or without one."""
    extractor, places = Extractor.load(threads=1), [str(corpus)]
    claim = batch.manifest(places, DEFAULT, extractor, engine="onnx", unique=unique, size=SIZE)
    with claimed(directory, format, claim) as partitions:
        if engine == "ray":
            made_with = batch.made_with(extractor)
            job = cluster.Job(places, DEFAULT, checkpoint.DEFAULT, format, unique, made_with, SIZE)
            yield from cluster.to_directory(job, partitions, tell=lambda problem: None)
        else:
            yield from batch.to_directory(
                extractor, stream(places), partitions, tell=lambda problem: None, unique=unique, size=SIZE
            )


def total(steps: Iterator[Tally]) -> Tally:
    return sum(steps, Tally())


def work(engine: str, corpus: Path, directory: Path, address: str) -> None:
    """A whole job in a process of its own."""
    os.environ["RAY_ADDRESS"] = address
    with cluster.connected() if engine == "ray" else nullcontext():
        total(run(engine, corpus, directory))


def workers() -> list[psutil.Process]:
    """The processes of the pool that live."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended since
            if process.cmdline()[0].startswith("ray::MapWorker"):
                found.append(process)
    return found


@pytest.mark.parametrize(("format", "unique"), [("jsonl", False), ("parquet", True)])
def test_the_bytes_of_a_job_without_ray(address: str, corpus: Path, tmp_path: Path, format: str, unique: bool) -> None:
    tallies = [total(run(engine, corpus, tmp_path / engine, format, unique)) for engine in ("onnx", "ray")]
    assert tallies[0] == tallies[1]
    assert (tallies[0].documents, tallies[0].rejected) == (40, 4)
    assert contents(tmp_path / "ray") == contents(tmp_path / "onnx")


def test_a_killed_worker_s_part_is_read_again(
    address: str, corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    steps = run("ray", corpus, tmp_path / "out")
    next(steps)
    busiest = max(workers(), key=lambda process: process.cpu_percent(0.2))
    busiest.kill()
    total(steps)
    assert contents(tmp_path / "out") == undisturbed


@pytest.mark.parametrize(("first", "second"), [("ray", "onnx"), ("onnx", "ray")])
def test_one_engine_goes_on_where_the_other_was_killed(
    address: str, corpus: Path, undisturbed: dict[str, bytes], tmp_path: Path, first: str, second: str
) -> None:
    directory = tmp_path / "out"
    process = processes.Process(target=work, args=(first, corpus, directory, address))
    process.start()
    while len(list(directory.glob("completions/part-*"))) < 2:
        assert process.is_alive()
        time.sleep(0.01)
    process.kill()
    process.join()
    before = completed(directory)
    assert len(list(directory.glob("completions/part-*"))) < 11, "there is nothing left to do"
    assert total(run(second, corpus, directory)).earlier > 0
    assert contents(directory) == undisturbed
    assert completed(directory).items() >= before.items()


def test_a_machine_with_another_version_is_refused(address: str, corpus: Path, tmp_path: Path) -> None:
    other = {"malimet": "0", "model": "another"}
    job = cluster.Job([str(corpus)], DEFAULT, checkpoint.DEFAULT, "jsonl", False, other, SIZE)
    with (
        claimed(tmp_path / "out", "jsonl", other) as partitions,
        pytest.raises(ray.exceptions.RayError, match="another"),
    ):
        total(cluster.to_directory(job, partitions, tell=lambda problem: None))


def test_the_command_starts_a_cluster_of_its_own(corpus: Path, tmp_path: Path) -> None:
    """Relative paths are this process's; what is said is what the command says without Ray, but for a line of Ray's
    about its log level."""
    said = []
    for engine in ("onnx", "ray"):
        command = [
            sys.executable,
            "-m",
            "malimet",
            "extract",
            corpus.name,
            "-o",
            f"{tmp_path}/{engine}/",
            "--engine",
            engine,
        ]
        environment = os.environ | {"RAY_ADDRESS": "local", "RAY_worker_niceness": "0", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=corpus.parent, env=environment, capture_output=True, text=True)
        assert done.returncode == 1
        own = "".join(line for line in done.stderr.splitlines(True) if "Set ray log level" not in line)
        said.append(re.sub(r"[\d.]+ (seconds|documents/second)", "", own).replace(f"/{engine}/", "/"))
    assert said[0] == said[1]
    assert contents(tmp_path / "ray") == contents(tmp_path / "onnx")
