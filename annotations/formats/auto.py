"""The reader that a file's name asks for."""

from collections.abc import Iterator
from pathlib import Path

from annotations.checks import fail
from annotations.document import Document
from annotations.formats import Reject, conll, jsonl, label_studio

READERS = {
    ".json": label_studio.read,
    ".jsonl": jsonl.read,
    ".conll": conll.read,
    ".iob2": conll.read,
}


def read(path: Path, reject: Reject = fail) -> Iterator[Document]:
    """The documents of a labelled file, packed (.xz, .gz) or not. Raises ValueError for a name that tells no format."""
    suffix = path.with_suffix("").suffix if path.suffix in {".xz", ".gz"} else path.suffix
    if suffix not in READERS:
        raise ValueError(f"{path}: labelled documents come as {', '.join(READERS)}, packed or not, not as {suffix!r}")
    return READERS[suffix](path, reject)
