"""The training queue: one run at a time, its state on disk, requests that join a waiting run, and a clean stop."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from train.jobs import TrainingQueue, train_command


@contextmanager
def queue(directory: Path, code: str, **options: float) -> Iterator[TrainingQueue]:
    """A queue whose runs are a Python program."""
    runs = TrainingQueue([sys.executable, "-c", code], directory, **options)
    try:
        yield runs
    finally:
        runs.close()


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def runs_of(jobs: TrainingQueue) -> list[Any]:
    return list(jobs.state()["runs"])


def statuses(jobs: TrainingQueue) -> list[str]:
    return [run["status"] for run in runs_of(jobs)]


def saved(directory: Path) -> list[Any]:
    return list(json.loads((directory / "runs.json").read_text("utf-8")))


def test_command_of_a_recipe() -> None:
    expected = (sys.executable, "-m", "malimet", "train", "recipe.yaml", "seed=2")
    assert train_command(Path("recipe.yaml"), ["seed=2"]) == expected


@pytest.mark.parametrize(
    ("code", "status", "exit_code", "last_line"),
    [
        ("print('бірінші\\nекінші\\n')", "done", 0, "екінші"),
        ("import sys; sys.exit('it broke')", "failed", 1, "it broke"),
        ("import sys; sys.stdout.buffer.write(b'10%\\r90%\\r\\xff\\n')", "done", 0, "\N{REPLACEMENT CHARACTER}"),
        ("print('x' * 9000)", "done", 0, "x" * 500),
        ("pass", "done", 0, None),
    ],
)
def test_outcomes(tmp_path: Path, code: str, status: str, exit_code: int, last_line: str | None) -> None:
    with queue(tmp_path, code) as jobs:
        answer = jobs.trigger()
        assert (answer["run"]["status"], answer["coalesced"]) == ("queued", False)
        until(lambda: statuses(jobs) == [status])
        (run,) = runs_of(jobs)
    assert (run["exit_code"], run["last_line"]) == (exit_code, last_line)
    assert run["queued"] <= run["started"] <= run["finished"]
    assert Path(run["log"]).parent == tmp_path
    assert saved(tmp_path) == [run]


def test_a_command_that_cannot_start(tmp_path: Path) -> None:
    jobs = TrainingQueue([str(tmp_path / "nowhere")], tmp_path)
    jobs.trigger()
    until(lambda: statuses(jobs) == ["failed"])
    jobs.close()
    assert "nowhere" in runs_of(jobs)[0]["last_line"]


def test_one_at_a_time_and_requests_join_the_waiting_run(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    code = (
        "import pathlib, time\n"
        "print('started', flush=True)\n"
        f"while not pathlib.Path({str(gate)!r}).exists(): time.sleep(.02)"
    )
    with queue(tmp_path, code) as jobs:
        jobs.trigger()
        until(lambda: runs_of(jobs)[0]["last_line"] == "started")  # the line of a run in progress
        second, third = jobs.trigger(), jobs.trigger()
        assert (second["coalesced"], third["coalesced"]) == (False, True)
        assert second["run"]["number"] == third["run"]["number"] == 2
        assert statuses(jobs) == ["running", "queued"]
        gate.touch()
        until(lambda: statuses(jobs) == ["done", "done"])
        first, last = runs_of(jobs)
        assert first["finished"] <= last["started"]


def test_closing_stops_the_process_and_all_that_it_started(tmp_path: Path) -> None:
    child = "import time; time.sleep(60)"
    code = (
        "import subprocess, sys, os\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "print(os.getsid(0), child.pid, flush=True)\n"
        "child.wait()"
    )
    with queue(tmp_path, code) as jobs:
        jobs.trigger()
        until(lambda: runs_of(jobs)[0]["last_line"])
        session, pid = map(int, runs_of(jobs)[0]["last_line"].split())
        assert session != os.getsid(0)
        jobs.trigger()
    assert statuses(jobs) == ["interrupted", "interrupted"]
    assert [run["started"] is None for run in saved(tmp_path)] == [False, True]
    until(lambda: not alive(pid))
    with pytest.raises(RuntimeError):
        jobs.trigger()


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_closing_kills_what_does_not_stop(tmp_path: Path) -> None:
    code = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(60)"
    )
    with queue(tmp_path, code, grace=0.2) as jobs:
        jobs.trigger()
        until(lambda: runs_of(jobs)[0]["last_line"] == "deaf")
        start = time.monotonic()
    assert time.monotonic() - start < 10
    assert [(run["status"], run["exit_code"]) for run in runs_of(jobs)] == [("interrupted", -9)]


def test_a_new_server_knows_the_runs_of_the_last(tmp_path: Path) -> None:
    with queue(tmp_path, "print('ready')") as jobs:
        jobs.trigger()
        until(lambda: statuses(jobs) == ["done"])
    done = saved(tmp_path)[0]
    cut = done | {"number": 2, "status": "running", "finished": None, "exit_code": None, "last_line": None}
    (tmp_path / "runs.json").write_text(json.dumps([done, cut]), "utf-8")  # as a server leaves it that was killed
    with queue(tmp_path, "pass") as jobs:
        assert statuses(jobs) == ["done", "interrupted"]
        assert jobs.trigger()["run"]["number"] == 3
        until(lambda: statuses(jobs) == ["done", "interrupted", "done"])


@pytest.mark.parametrize("content", ["", "{}x", '[{"number": 1}]', "[3]", "7"])
def test_a_state_file_of_something_else(tmp_path: Path, content: str) -> None:
    (tmp_path / "runs.json").write_text(content, "utf-8")
    with pytest.raises(ValueError, match=r"runs\.json is no list of training runs"):
        TrainingQueue(["true"], tmp_path)
    assert (tmp_path / "runs.json").read_text("utf-8") == content
