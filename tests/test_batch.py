"""A directory's job that is killed, at whatever moment, and started again ends as if nothing had happened; and what the
command line says of jobs."""

import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from conftest import SENTENCES
from typer.testing import CliRunner

from infer import batch
from infer.extractor import Extractor
from infer.partitions import Tally, claimed
from infer.readers import LONGEST, stream
from infer.rows import DEFAULT
from malimet.cli import app
from models import checkpoint

SIZE = 2  # items a part
KILLS = 30  # of each format
FILE_OPERATIONS = {"open", "os.mkdir", "os.rename", "os.remove"}

processes = multiprocessing.get_context("spawn")  # the killed ones are forked where no thread runs


def corpus_in(directory: Path) -> Path:
    """Two times six documents and, between them, one of each of some kinds of bad ones."""
    lines = [{"id": f"{half}{place}", "text": text} for half in "ab" for place, (text, _) in enumerate(SENTENCES)]
    lines[5:5] = [{"id": "a0", "text": "Бір сөз."}, {"id": "c", "text": 7}, {"id": "d", "text": "а" * (LONGEST + 1)}]
    corpus = directory / "corpus.jsonl"
    corpus.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines) + "{\n", "utf-8")
    return corpus


def run(extractor: Extractor, corpus: Path, directory: Path, format: str, size: int = SIZE) -> Tally:
    """A whole job."""
    places = [str(corpus)]
    claim = batch.manifest(places, DEFAULT, extractor, engine="onnx", unique=False, size=size)
    with claimed(directory, format, claim) as partitions:
        items = stream(places)
        steps = batch.to_directory(extractor, items, partitions, tell=lambda problem: None, unique=False, size=size)
        return sum(steps, Tally())


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def completed(directory: Path) -> dict[str, int]:
    """The files of completed parts and their inodes, which change when a file is written again."""
    parts = [path.stem for path in directory.glob("completions/part-*")]
    return {str(path): path.stat().st_ino for path in directory.rglob("part-*") if path.stem in parts}


def killed(work: Callable[[], object], directory: Path, moment: float | int) -> bool:
    """Work in a child that is killed after some seconds, or before its file operation of that number in a directory;
    whether it was."""
    child = os.fork()
    if not child:
        count = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal count
            if event in FILE_OPERATIONS and str(arguments[0]).startswith(str(directory)):
                count += 1
                if count == moment:
                    os.kill(os.getpid(), signal.SIGKILL)

        if isinstance(moment, int):
            sys.addaudithook(hook)
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    if isinstance(moment, float):
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0, "the job failed"
    return os.WIFSIGNALED(status)


def survive(corpus: Path, format: str, seed: int) -> None:
    """Kill jobs until enough have been killed; each directory, once complete, is that of an undisturbed job."""
    extractor = Extractor.load(threads=1)
    undisturbed = corpus.parent / "undisturbed"
    run(extractor, corpus, corpus.parent / "first", format)  # imports what it needs
    start = time.monotonic()
    run(extractor, corpus, undisturbed, format)
    seconds, expected = time.monotonic() - start, contents(undisturbed)
    operations = 2 * len(expected)  # fewer than a job makes: each file is opened and renamed
    chance, kills, number = random.Random(seed), 0, 0
    while kills < KILLS:
        number += 1
        directory = corpus.parent / f"disturbed{number}"
        complete = False
        while not complete:
            before = completed(directory)
            moment = chance.uniform(0, seconds / 2) if kills % 2 else chance.randint(1, operations)
            complete = not killed(partial(run, extractor, corpus, directory, format), directory, moment)
            kills += not complete
            now = completed(directory)
            assert all(now.get(path) == inode for path, inode in before.items()), "a finished part was written again"
        assert contents(directory) == expected
    print(f"{format}: {kills} kills, {number} jobs of {seconds:.2f} seconds, seed {seed}")


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_a_killed_job_ends_like_an_undisturbed_one(tmp_path: Path, format: str) -> None:
    """Half of the kills are at a random time, half before a random file operation. As a process takes too long to
    start, they are forked from one that has read the model."""
    seed = random.randrange(2**32)
    process = processes.Process(target=survive, args=(corpus_in(tmp_path), format, seed))
    process.start()
    process.join()
    assert process.exitcode == 0, f"seed {seed}"


def malimet(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "malimet", *map(str, arguments)]
    return subprocess.Popen(
        command,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs in the background ignores it
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """The exit code and standard error."""
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def ids(directory: Path) -> list[str]:
    return [
        json.loads(line)["id"] for path in sorted(directory.glob("*.jsonl")) for line in path.open(encoding="utf-8")
    ]


def test_ctrl_c_keeps_finished_parts_and_the_same_command_goes_on(tmp_path: Path) -> None:
    names = [str(number) for number in range(batch.SIZE + 700)]
    corpus, output = tmp_path / "corpus.jsonl", tmp_path / "out"
    texts = [""] * batch.SIZE + ["Сөз. " * 20] * 700  # the first part is written fast, the second is not
    lines = (json.dumps({"id": name, "text": text}) + "\n" for name, text in zip(names, texts, strict=True))
    corpus.write_text("".join(lines), "utf-8")
    process = malimet("extract", corpus, "-o", f"{output}/")
    while not (first := output / "completions" / "part-00000.json").exists():
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGSTOP)
    try:
        second = malimet("extract", corpus, "-o", f"{output}/")
        assert ended(second) == (2, f"malimet: {output}: another run is writing there\n")
        process.send_signal(signal.SIGINT)  # waits for the process to go on
    finally:
        process.send_signal(signal.SIGCONT)
    assert ended(process) == (130, "malimet: interrupted; the same command goes on after the last finished part\n")
    assert ids(output) == names[: batch.SIZE]
    assert not list(output.rglob(".*"))
    inode = first.stat().st_ino
    code, errors = ended(malimet("extract", corpus, "-o", output))  # it is a directory by now, slash or not
    assert (code, first.stat().st_ino, ids(output)) == (0, inode, names)
    assert "1,700 documents (1,000 of them by an earlier run), 0 records, 0 rejected" in errors


@pytest.mark.parametrize("options", [["--format", "jsonl"], ["--format", "table"], ["--explain"]])
def test_a_closed_pipe_ends_silently(tmp_path: Path, options: list[str]) -> None:
    process = malimet("extract", corpus_in(tmp_path), *options)
    assert process.stdout and process.stderr
    process.stdout.close()
    errors = process.stderr.read().splitlines()
    assert process.wait(60) == 0
    assert all(line.startswith("rejected: ") for line in errors)


def extract(*arguments: object) -> tuple[int, str]:
    """The exit code and all output of the command."""
    done = CliRunner().invoke(app, ["extract", *map(str, arguments)])
    return done.exit_code, done.output


def test_the_summary_and_the_rejects_of_a_directory(tmp_path: Path) -> None:
    corpus, output = corpus_in(tmp_path), tmp_path / "out"
    code, told = extract(corpus, "-o", f"{output}/")
    assert code == 1
    assert told.count("rejected: ") == 4
    assert "12 documents, 10 records, 4 rejected" in told
    assert f"listed in {output}/rejects" in told
    rejects = [json.loads(line) for line in (output / "rejects" / "part-00000.jsonl").open(encoding="utf-8")]
    assert [(reject["id"], reject["where"]) for reject in rejects] == [
        ("a0", "id, corpus.jsonl line 6"),
        ("c", "text, corpus.jsonl line 7"),
        ("d", "text, corpus.jsonl line 8"),
        ("corpus.jsonl", "line 16"),
    ]
    again = extract(corpus, "-o", f"{output}/")
    assert again[0] == 1
    assert "12 documents (12 of them by an earlier run), 10 records, 4 rejected" in again[1]


def test_a_directory_belongs_to_one_job(tmp_path: Path) -> None:
    """Other documents, options or models are told and stop the job; what has been written stays."""
    corpus, output = corpus_in(tmp_path), f"{tmp_path}/out/"
    extract(corpus, "-o", output)
    before = contents(tmp_path / "out")
    model = tmp_path / "model"
    shutil.copytree(checkpoint.DEFAULT, model)
    config = (model / "config.json").read_text("utf-8")
    version = json.loads(config)["malimet"]["version"]
    (model / "config.json").write_text(config.replace(version, "other"), "utf-8")
    for options, change in [
        (["--unique"], "unique was False and is True"),
        (["--format", "parquet"], "format was jsonl and is parquet"),
        (["--text-column", "body"], "text column was text and is body"),
        (["--model", model], f"model was malimet-small {version} and is malimet-small other"),
        ([corpus], f"input 2 was nothing and is {corpus}"),
    ]:
        code, told = extract(corpus, *options, "-o", output)
        assert code == 2
        assert change in told
    os.utime(corpus, (1, 1))
    code, told = extract(corpus, "-o", output)
    assert (code, f"input 1 was {corpus} (files: 1" in told) == (2, True)
    assert contents(tmp_path / "out") == before


def test_a_part_whose_file_was_lost_is_written_again(tmp_path: Path) -> None:
    corpus, output = corpus_in(tmp_path), tmp_path / "out"
    extract(corpus, "-o", f"{output}/")
    before = contents(output)
    (output / "part-00000.jsonl").unlink()
    extract(corpus, "-o", f"{output}/")
    assert contents(output) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in", "-o", "in/out/"], "in/out/ lies in in, which is read"),
        (["in", "-o", "in/out.jsonl"], "in/out.jsonl lies in in, which is read"),
        (["in/a.jsonl", "-o", "in/a.jsonl"], "in/a.jsonl lies in in/a.jsonl, which is read"),
        (["in", "-o", "in"], "in lies in in, which is read"),
        (["in", "-o", "full/"], "full holds files, but no manifest.json of a job"),
        (["in", "-o", "s3://bucket/out/"], "local files and directories only"),
        (["-", "-o", "out/"], "standard input cannot be read again"),
        (["in", "-o", "out/", "--format", "table"], "--format is jsonl or parquet"),
        (["in", "-o", "out.csv", "--format", "jsonl"], "--format jsonl says another"),
        (["in", "--format", "parquet"], "goes with -o and a directory"),
        (["in", "-o", "out.jsonl", "--engine", "ray"], "--engine ray writes parts into a directory"),
        (["in", "-o", "out"], "or into a directory, which ends in /"),
        (["in", "missing.txt"], "missing.txt does not exist"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in ("in/a.jsonl", "full/notes.txt"):
        Path(path).parent.mkdir()
        Path(path).write_text('{"id": "a", "text": "Сөз."}', "utf-8")
    before = contents(tmp_path)
    code, told = extract(*arguments)
    assert (code, contents(tmp_path)) == (2, before)
    assert message in told


def test_ray_without_its_extra(tmp_path: Path) -> None:
    program = "import sys; sys.modules['ray'] = None; from malimet.cli import app; app()"
    arguments = ["extract", str(corpus_in(tmp_path)), "-o", f"{tmp_path}/out/", "--engine", "ray"]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)
    assert (done.returncode, (tmp_path / "out").exists()) == (2, False)
    assert "pip install 'malimet[ray]'" in done.stderr
