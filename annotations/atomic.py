"""Files that appear whole or not at all: written under a temporary name, synced, then renamed over the target."""

import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def atomic_bytes(path: Path) -> Iterator[io.BufferedWriter]:
    """Open a binary file that takes the place of `path` when the block ends, and vanishes when the block raises."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_text(path: Path) -> Iterator[TextIO]:
    """The same for UTF-8 text; line ends are written as given, never translated."""
    with atomic_bytes(path) as binary:
        text = io.TextIOWrapper(binary, encoding="utf-8", newline="")
        yield text
        text.detach()
