"""run.json: what a model was made from, with what, where, in what time, and how well it does."""

import json
import platform
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from annotations.atomic import atomic_text
from train.fingerprint import digests
from train.processes import processes
from train.recipe import Recipe

FILE = "run.json"
PACKAGES = ("malimet", "torch", "transformers", "datasets", "tokenizers", "accelerate", "numpy")


class RunRecord:
    """The record of a run, kept in its output directory from the start on.

    `sessions` are the starts of the run; one that was killed has no `seconds`. `metrics`, and `documents`, how many
    each source gave, stay None until the end.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._path = recipe.output / FILE
        self._started = time.monotonic()
        before = json.loads(self._path.read_text("utf-8")).get("sessions", []) if self._path.exists() else []
        self.content: dict[str, Any] = {
            "recipe": json.loads(recipe.model_dump_json()),
            "seed": recipe.seed,
            "data": digests(recipe.inputs(), recipe.data),
            "commit": commit(),
            "versions": versions(),
            "machine": machine(),
            "sessions": [*before, {"started": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": None}],
            "documents": None,
            "metrics": None,
        }
        self._write()

    def finish(self, metrics: dict[str, Any], documents: dict[str, int] | None = None) -> dict[str, Any]:
        """Add the figures, the documents of each source and the time of this session. Returns the whole record."""
        self.content["documents"] = documents
        self.content["metrics"] = metrics
        self.content["sessions"][-1]["seconds"] = round(time.monotonic() - self._started, 1)
        self._write()
        return self.content

    def _write(self) -> None:
        if not processes().is_main_process:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_text(self._path) as file:
            json.dump(self.content, file, ensure_ascii=False, indent=2)


def commit() -> str | None:
    """The commit of the code that runs, with `-dirty` where files differ from it; None outside of a repository."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:  # no git
        return None
    return done.stdout.strip() or None


def versions() -> dict[str, str]:
    """Python's version and those of the packages that have a say in the weights."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # run from a directory, not installed
            continue
    return found


def machine() -> dict[str, Any]:
    """The processor, how many threads torch takes, the processes, and the GPU if torch sees one."""
    return {
        "system": platform.platform(),
        "cpu": _processor(),
        "threads": torch.get_num_threads(),
        "processes": processes().num_processes,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _processor() -> str:
    """The processor's name, which Python knows on no Linux."""
    names = Path("/proc/cpuinfo")
    lines = names.read_text("utf-8").splitlines() if names.exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
