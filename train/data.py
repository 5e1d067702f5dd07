"""Labelled documents from a recipe's sources, split so that no group of documents stands on both sides."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from annotations.checks import Problem, fail
from annotations.document import Document
from annotations.formats import Reject, auto
from annotations.labels import default_labels
from train import huggingface
from train.augment import Kind, augmentations
from train.recipe import Source, find

OWN_LETTERS = frozenset("әғқңөұүһі")  # of Kazakh's Cyrillic, which Russian lacks


@dataclass(frozen=True)
class Split:
    """Documents to learn from, and to choose by, the latter by the title of their source; how many each source holds,
    by its name."""

    train: list[Document]
    dev: dict[str, list[Document]]
    counts: dict[str, int]


def load(sources: Sequence[Source], data: Path, reject: Reject = fail) -> Split:
    """Read all sources, whose paths are looked up in `data`, then in the working directory.

    All documents are in memory together: a group may be spread over sources, and names for augmentation come from all
    documents. It is their windows that are many times as large, which train.tokenised keeps on disk.

    Documents of a group that any source holds out are never learned from, and of documents with the same id the one
    annotated for the most labels is kept. Malformed documents, and all but one annotator's marking of a text, are left
    out, and `reject` is told of each.

    Raises ValueError for a source without a document, for one that should hold some out and holds out none, and for two
    whose dev documents would go by the same title.
    """
    titles = Counter(source.title for source in sources if source.dev)
    if twice := [title for title, count in titles.items() if count > 1]:
        raise ValueError(f"several sources with dev documents are called {twice[0]}: rename the files of all but one")
    read = [(source, list(_read(source, find(source, data), reject))) for source in sources]
    for source, documents in read:
        if not documents:
            raise ValueError(f"{find(source, data)} holds no document that can be learned from")
        if source.dev and not any(_held_out(source, document) for document in documents):
            raise ValueError(
                f"{find(source, data)}: `dev: {source.dev:g}` holds out none of its {len(documents)} documents;"
                " raise it, or leave it out"
            )
    dev = {
        source.title: [document for document in documents if _held_out(source, document)]
        for source, documents in read
        if source.dev
    }
    held = {_group(source, d) for source, documents in read for d in documents if _held_out(source, d)}
    train: dict[str, tuple[Document, float]] = {}
    for source, documents in read:
        for document in documents:
            known = train.get(document.id)
            if known and len({known[0].annotator, document.annotator} - {None}) > 1:
                why = "several people marked it: settle that first, with `malimet label agree --gold`"
                reject(Problem(document.id, f"annotator {document.annotator}", why))
            elif _group(source, document) not in held and (not known or _breadth(known[0]) < _breadth(document)):
                train[document.id] = document, source.weight
    return Split(
        train=[document for document, weight in train.values() for _ in range(_times(document, weight))],
        dev=dev,
        counts={source.name: len(documents) for source, documents in read},
    )


def augmented(documents: Iterable[Document], shares: Mapping[Kind, float], seed: int) -> Iterator[Document]:
    """Changed copies of documents: for each kind of augmentation of the stated share of them, drawn by `seed`.
    Augmentation has rules of Kazakh, so documents without a letter of Kazakh's own, such as Russian ones, get none."""
    kazakh = [document for document in documents if not OWN_LETTERS.isdisjoint(document.text.lower())]
    kinds = augmentations(kazakh)
    for kind, share in shares.items():
        random = Random(f"{seed} {kind}")  # noqa: S311  a sample, not a secret
        for document in kazakh:
            if random.random() < share and (copy := kinds[kind](document, random)):
                yield copy


def _read(source: Source, path: Path, reject: Reject) -> Iterator[Document]:
    if huggingface.is_dataset(path, source.split):
        return huggingface.read(path, source.split, reject, source.labels)
    if source.split:
        raise ValueError(f"{path}: `split` goes with a dataset, which this is not")
    return auto.read(path, reject, source.labels)


def _breadth(document: Document) -> int:
    """How many labels its annotators looked for."""
    return len(default_labels().names(document.groups))


def _group(source: Source, document: Document) -> str:
    found = re.search(source.group, document.id) if source.group else None
    return found[1] if found else document.id


def _held_out(source: Source, document: Document) -> bool:
    """Decided by the group's name alone, so that a document stays on its side when others come or go."""
    return _draw(_group(source, document)) < source.dev


def _times(document: Document, weight: float) -> int:
    """How often a document is seen in an epoch. Who gets the fraction is decided by the id alone."""
    return int(weight) + (_draw(f"weight {document.id}") < weight % 1)


def _draw(name: str) -> float:
    """A number in [0, 1) that a name always gets."""
    return (int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 11) / 2**53
