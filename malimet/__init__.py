"""Malimet: Kazakh news articles to structured records."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infer.extractor import Extractor

__all__ = ["Extractor"]


def __getattr__(name: str) -> Any:
    """Import what reads articles when it is asked for (PEP 562), so that the command line starts at once."""
    if name != "Extractor":
        raise AttributeError(f"module 'malimet' has no attribute {name!r}")
    from infer.extractor import Extractor

    return Extractor
