"""The rows of documents: cut into windows once, kept on disk as Arrow, and mapped into memory from there."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple

from datasets import Dataset, Features, List, Value

from annotations.document import Document
from annotations.labels import LabelSet
from models.encoding import WindowEncoder
from train.cache import cache
from train.encoded import encode, rows

FORMAT = 1  # to be raised when a change of the code makes other rows of the same documents
FEATURES = Features(
    {
        "input_ids": List(Value("int32")),
        "allowed": List(List(Value("int16"))),
        "length": Value("int32"),
        "lost": Value("int32"),
    }
)


def tokenised(documents: Sequence[Document], encoder: WindowEncoder, labels: LabelSet, *, every_piece: bool) -> Dataset:
    """The rows of train.encoded.rows. Documents that were cut by the same tokenizer into windows of the same size
    before, with the same labels, whatever recipe asked for it, are not cut again.

    In the cache rows are whole or absent: a process that is killed leaves none that count.
    """
    return Dataset.from_generator(
        lambda: rows(encode(documents, encoder, labels), every_piece=every_piece),
        features=FEATURES,
        cache_dir=str(cache() / "rows"),
        fingerprint=_fingerprint(documents, encoder, labels, every_piece),
    )


def _fingerprint(documents: Sequence[Document], encoder: WindowEncoder, labels: LabelSet, every_piece: bool) -> str:
    """A digest of all that decides the rows."""
    settings = [FORMAT, encoder.size, encoder.tokenizer.to_str(), every_piece, labels.model_dump(mode="json")]
    digest = hashlib.sha256(json.dumps(settings).encode())
    for document in documents:
        seen = [document.text, [astuple(span)[:3] for span in document.spans], sorted(document.groups)]
        digest.update(json.dumps(seen).encode())
    return digest.hexdigest()
