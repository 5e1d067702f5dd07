"""Where downloads and tokenised rows are kept between runs. All of it may be deleted: what is wanted is made again."""

import os
from pathlib import Path


def cache() -> Path:
    """The directory that MALIMET_CACHE names, or `malimet` in the user's own (XDG base directories)."""
    named, user = os.environ.get("MALIMET_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named else (Path(user) if user else Path.home() / ".cache") / "malimet"
