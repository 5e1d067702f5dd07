"""The reader that a file's name asks for, and for a directory or tar archive the names in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from posixpath import splitext

from annotations.checks import fail
from annotations.document import Document
from annotations.formats import Reject, brat, conll, factrueval, files, jsonl, label_studio
from annotations.mapping import LabelMap

Mapped = Callable[[Path, Reject, LabelMap | None], Iterator[Document]]

OURS = {".json": label_studio.read, ".jsonl": jsonl.read}
MAPPED: dict[str, Mapped] = {".conll": conll.read, ".iob2": conll.read, ".txt": conll.read}
COLLECTIONS: dict[str, Mapped] = {".ann": brat.read, ".objects": factrueval.read}


def read(path: Path, reject: Reject = fail, mapping: LabelMap | None = None) -> Iterator[Document]:
    """The documents of a labelled file, packed (.xz, .gz) or not, of a directory or of a tar archive.

    `mapping` gives our labels for those of another scheme: see annotations.mapping.relabel. Raises ValueError for a
    name that tells no format, for a format of ours with a mapping, and for a broken archive.
    """
    suffix = path.with_suffix("").suffix if path.suffix in {".xz", ".gz"} else path.suffix
    if path.is_dir() or suffix == ".tar":
        return _collection(path)(path, reject, mapping)
    if suffix in MAPPED:
        return MAPPED[suffix](path, reject, mapping)
    if suffix not in OURS:
        known = ", ".join((*OURS, *MAPPED, ".tar"))
        raise ValueError(f"{path}: labelled documents come as {known}, packed or not, not as {suffix!r}")
    if mapping is not None:
        raise ValueError(f"{path}: a {suffix} file is in our labels, so none of them is mapped")
    return OURS[suffix](path, reject)


def _collection(path: Path) -> Mapped:
    for name, _ in files(path, COLLECTIONS):
        return COLLECTIONS[splitext(name)[1]]
    raise ValueError(f"{path}: there is no file in it that ends in {' or '.join(COLLECTIONS)}")
