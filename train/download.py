"""Files from the network, checked against the SHA-256 that they must have."""

import shutil
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from annotations.atomic import atomic_bytes
from train.fingerprint import digest
from train.recipe import Download

TIMEOUT = 60  # seconds without a byte


def download(wanted: Download, file: Path) -> None:
    """Put a file to its place, whole and checked, or not at all.

    Raises OSError where it cannot be had, ValueError where it is not the one that is wanted.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_bytes(file) as target:
        try:
            with urlopen(wanted.url, timeout=TIMEOUT) as answer:  # noqa: S310  a recipe's addresses are http or https
                shutil.copyfileobj(answer, target)
        except (OSError, HTTPException) as error:
            raise OSError(f"{wanted.url} cannot be downloaded: {error or type(error).__name__}") from error
        target.flush()
        got = digest(Path(target.name))
        if got != wanted.sha256:
            raise ValueError(
                f"{wanted.url}: the SHA-256 of what came is {got}, and the recipe wants {wanted.sha256}. It was cut off"
                " on its way or is another file, so it is not kept"
            )
