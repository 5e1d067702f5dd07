"""Faults that a library reports in a way of its own, as sentences that say what to do."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT}
LEFT = 2**20  # bytes: a disk with less is full, whatever the error said


@contextmanager
def full_disk_told(output: Path) -> Iterator[None]:
    """Raise OSError with a sentence for whatever torch, safetensors or datasets raise when the disk is full."""
    try:
        yield
    except Exception as error:
        if _says_full(error) or shutil.disk_usage(_existing(output)).free < LEFT:
            raise OSError(
                f"the disk that holds {output} is full. Make room and start again: the run goes on from its last"
                " whole checkpoint"
            ) from error
        raise


def _says_full(error: BaseException) -> bool:
    """Whether an error, or one that led to it, tells of a full disk. safetensors tells it in words alone."""
    chain: BaseException | None = error
    while chain:
        if (isinstance(chain, OSError) and chain.errno in FULL) or os.strerror(errno.ENOSPC) in str(chain):
            return True
        chain = chain.__cause__ or chain.__context__
    return False


def _existing(path: Path) -> Path:
    """A path, or the nearest directory above it that exists."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
