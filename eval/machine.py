"""The machine at hand, as far as it decides how fast a program is."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Self

from eval.figures import Part

PACKAGES = ("malimet", "onnxruntime", "tokenizers", "torch", "transformers", "gliner", "spacy")
CPU = Path("/proc/cpuinfo")


class Machine(Part):
    """Hardware and versions; None for a package that is not installed. `load` is how many processes have wanted to
    compute in the last minute: with more than a few tenths, figures are those of a busy machine."""

    cpu: str
    cores: int
    memory: int
    system: str
    python: str
    packages: dict[str, str | None]
    load: float

    @classmethod
    def here(cls) -> Self:
        """This machine, now. Linux and macOS."""
        return cls(
            cpu=_cpu(),
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
            system=platform.platform(),
            python=platform.python_version(),
            packages={name: _version(name) for name in PACKAGES},
            load=os.getloadavg()[0],
        )


def _cpu() -> str:
    lines = CPU.read_text("utf-8").splitlines() if CPU.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
