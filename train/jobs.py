"""Training runs that a server starts: one at a time, each a process of its own with its own log.

A request while a run waits to start makes no second one: the waiting run will see all that the request wants seen, for
it reads its data when it starts. A request while a run is in progress does queue one, which reads newer data.

`runs.json` in the queue's directory lists all runs and is written whole at every change, so that a new server knows the
runs of the one before. Runs that had not ended then are marked as interrupted. When a server was killed outright, its
last training goes on in a session of its own and is not waited for.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypedDict

from annotations.atomic import atomic_text

logger = logging.getLogger(__name__)

Status = Literal["queued", "running", "done", "failed", "interrupted"]

TAIL = 8192  # bytes at the end of a log in which its last line is looked for
LINE = 500  # characters of that line that are shown


@dataclass(frozen=True, slots=True)
class Run:
    """One training. Times are ISO 8601 in UTC; `last_line` is what its log ends with, or why it could not start."""

    number: int
    status: Status
    queued: str
    log: str
    started: str | None = None
    finished: str | None = None
    exit_code: int | None = None
    last_line: str | None = None


class Answer(TypedDict):
    """What a request for training led to; `coalesced` says that it joined a run that was already waiting."""

    run: dict[str, object]
    coalesced: bool


class State(TypedDict):
    """All runs, the oldest first."""

    runs: list[dict[str, object]]


def train_command(recipe: Path, overrides: Sequence[str] = ()) -> tuple[str, ...]:
    """The command that trains by a recipe; `overrides` are `key=value`, as for `malimet train`."""
    return (sys.executable, "-m", "malimet", "train", str(recipe), *overrides)


class TrainingQueue:
    """Starts a command when it is asked to, one process at a time. Safe to use from several threads.

    Call `close` in the end: it stops the process.
    """

    def __init__(self, command: Sequence[str], directory: Path, *, grace: float = 10.0) -> None:
        """A queue that keeps its state and its logs in a directory, and gives a process `grace` seconds to stop.

        Raises ValueError for a directory whose `runs.json` is not one of ours, OSError for one that cannot be made.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._command = tuple(command)
        self._directory = directory
        self._grace = grace
        self._changed = threading.Condition()
        self._runs = {run.number: _ended(run) for run in _read(directory / "runs.json")}
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._save()
        self._worker = threading.Thread(target=self._work, name="training", daemon=True)
        self._worker.start()

    def trigger(self) -> Answer:
        """Ask for a run. While one waits to start, that one is the answer. Raises RuntimeError after `close`."""
        with self._changed:
            if self._closed:
                raise RuntimeError("the training queue is closed")
            if waiting := self._waiting():
                return {"run": asdict(waiting), "coalesced": True}
            number = max(self._runs, default=0) + 1
            run = Run(number, "queued", queued=_now(), log=str(self._directory / f"run-{number}.log"))
            self._keep(run)
            self._changed.notify_all()
            return {"run": asdict(run), "coalesced": False}

    def state(self) -> State:
        """All runs, the oldest first; that in progress with the line that its log ends with now."""
        with self._changed:
            runs = list(self._runs.values())
        live = (replace(run, last_line=_last_line(Path(run.log))) if run.status == "running" else run for run in runs)
        return {"runs": [asdict(run) for run in live]}

    def close(self) -> None:
        """Stop the process, by force when it has not stopped after the time of grace, and start no other."""
        with self._changed:
            self._closed = True
            if waiting := self._waiting():
                self._keep(_ended(waiting))
            self._changed.notify_all()
            process = self._process
        if process:
            _signal(process, signal.SIGTERM)
            try:
                process.wait(self._grace)
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
        self._worker.join()

    def _work(self) -> None:
        while run := self._start():
            if self._process:
                self._finish(run, self._process.wait())

    def _start(self) -> Run | None:
        """The next run, started or failed to start, as soon as one waits; None when the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting())
            waiting = self._waiting()
            if self._closed or waiting is None:
                return None
            run = replace(waiting, status="running", started=_now())
            try:
                with Path(run.log).open("wb") as log:
                    self._process = subprocess.Popen(  # noqa: S603  the command is the operator's, no part of a request
                        self._command,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
            except OSError as error:
                run = replace(run, status="failed", finished=_now(), last_line=str(error))
            self._keep(run)
            return run

    def _finish(self, run: Run, code: int) -> None:
        with self._changed:
            self._process = None
            status: Status = "done" if code == 0 else "interrupted" if self._closed else "failed"
            line = _last_line(Path(run.log))
            self._keep(replace(run, status=status, finished=_now(), exit_code=code, last_line=line))

    def _waiting(self) -> Run | None:
        return next((run for run in self._runs.values() if run.status == "queued"), None)

    def _keep(self, run: Run) -> None:
        self._runs[run.number] = run
        self._save()

    def _save(self) -> None:
        """Write the state; that it cannot be written stops no training."""
        try:
            with atomic_text(self._directory / "runs.json") as file:
                json.dump([asdict(run) for run in self._runs.values()], file, ensure_ascii=False, indent=1)
        except OSError as error:
            logger.error("%s: the state of the training runs is not saved: %s", self._directory, error)


def _read(path: Path) -> list[Run]:
    """The runs of a state file, none where there is no file. Raises ValueError for a file that is not ours."""
    if not path.exists():
        return []
    try:
        return [Run(**run) for run in json.loads(path.read_text("utf-8"))]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is no list of training runs ({error}): move it away") from None


def _ended(run: Run) -> Run:
    """The run as it stands once its server has stopped."""
    return run if run.finished else replace(run, status="interrupted", finished=_now())


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Send a signal to the process and those that it started, which are the group of its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _last_line(path: Path) -> str | None:
    """The last line of a log that is not blank, None where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    return next((line.strip()[:LINE] for line in reversed(lines) if line.strip()), None)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
