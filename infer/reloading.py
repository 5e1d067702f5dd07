"""A model directory that is read again when a new model has been written to it, so that a server needs no restart."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from infer.extractor import Extractor
from models.checkpoint import DEFAULT

logger = logging.getLogger(__name__)

FILES = ("config.json", "tokenizer.json", "model.onnx")
PROBE = "Биыл 14 жәрмеңке өтті."  # a new model must read this before it replaces the old one

Fingerprint = tuple[tuple[int, int, int] | None, ...]  # of each file when it was written, its size and its inode


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is ready to read; `version` is its name and version, which changes with its weights."""

    extractor: Extractor
    version: str


class ReloadingModel:
    """The newest model of a directory. Safe to use from several threads."""

    def __init__(self, path: Path = DEFAULT, *, threads: int = 0) -> None:
        """Open a model directory; `threads` is for ONNX Runtime, 0 for all cores. Raises as Extractor.load does."""
        self._path = path
        self._threads = threads
        self._lock = threading.Lock()
        self._tried = _fingerprint(path)
        self._model = self._load()

    @property
    def loaded(self) -> Model:
        """The model that is in use. This never waits and looks at no file."""
        return self._model

    def latest(self) -> Model:
        """The model of the directory as it stands now, loaded first if its files have changed.

        A directory that cannot be loaded, or that changes while it is read, leaves the old model in use. The reason is
        logged once, and the next change of the files is the next attempt.
        """
        with self._lock:
            found = _fingerprint(self._path)
            if found != self._tried:
                self._tried = found
                try:
                    model = self._load()
                    if _fingerprint(self._path) != found:
                        raise ValueError("its files changed while they were read")
                except Exception as error:  # tokenizers and ONNX Runtime raise exceptions of many kinds
                    logger.error("%s: the new model is not used: %s: %s", self._path, type(error).__name__, error)
                else:
                    self._model = model
                    logger.info("%s: now using %s", self._path, model.version)
            return self._model

    def _load(self) -> Model:
        extractor = Extractor.load(self._path, threads=self._threads)
        extractor.extract(PROBE)
        return Model(extractor, f"{extractor.model.name}-{extractor.model.version}")


def _fingerprint(path: Path) -> Fingerprint:
    return tuple(_status(path / name) for name in FILES)


def _status(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
