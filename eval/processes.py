"""Commands in processes of their own: how long they take and how much memory they need."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile

_BYTES = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss
_KILLED = -signal.SIGKILL
_THREADS = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"}


@dataclass(frozen=True)
class Ended:
    """A process that has ended: when it began (as time.monotonic counts, which all processes share), how long it took,
    the most memory that it held in bytes, what it wrote."""

    code: int
    began: float
    seconds: float
    peak: int
    output: str
    errors: str

    @property
    def failure(self) -> str | None:
        """Why it failed, None if it did not: what it wrote last, as Python does of an exception."""
        if self.code == 0:
            return None
        if self.code < 0:
            return f"ended by {signal.Signals(-self.code).name}{', as when memory runs out' * (self.code == _KILLED)}"
        return next(reversed(self.errors.strip().splitlines()), f"exit code {self.code}")


def run(command: Sequence[str], given: str = "") -> Ended:
    """Run a command to its end, with `given` on its standard input. Its libraries use all cores, whatever the
    environment says, for not all of them heed it, and download nothing.

    The system counts the memory of the process that calls this to the child's until the command starts, so whoever
    measures small commands must itself be small. Raises ValueError where the system tells no process's memory.
    """
    if not hasattr(os, "wait4"):
        raise ValueError("the memory of processes is measured on Linux and macOS only")
    environment = {name: value for name, value in os.environ.items() if name not in _THREADS}
    environment |= {"HF_HUB_OFFLINE": "1"}
    with TemporaryFile() as stdin, TemporaryFile() as stdout, TemporaryFile() as stderr:
        stdin.write(given.encode())
        stdin.seek(0)
        began = time.monotonic()
        with subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, env=environment) as process:  # noqa: S603  our own commands
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        stderr.seek(0)
        return Ended(
            code=process.returncode,
            began=began,
            seconds=seconds,
            peak=usage.ru_maxrss * _BYTES,
            output=stdout.read().decode(errors="replace"),
            errors=stderr.read().decode(errors="replace"),
        )
