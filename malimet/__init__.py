"""Malimet: Kazakh news articles to structured records."""

from infer.extractor import Extractor

__all__ = ["Extractor"]
