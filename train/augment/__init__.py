"""Augmentation: labelled documents once more in other words, so that a model meets more ways to write the same.

Each kind changes a copy of a document and keeps its labels true, or answers None where it has nothing to change.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Literal

from annotations.document import Document
from train.augment.names import names_of, renamed
from train.augment.numbers import respelled
from train.augment.typography import recased, requoted, respaced

Kind = Literal["numbers", "names", "case", "spaces", "quotes"]
Augmentation = Callable[[Document, Random], Document | None]


def augmentations(documents: Iterable[Document]) -> dict[Kind, Augmentation]:
    """The augmentation of each kind. Names are swapped for those of the documents, which are those to learn from.

    A copy has the document's id with the kind behind it: `a1+names`.
    """
    kinds: dict[Kind, Augmentation] = {
        "numbers": respelled,
        "names": partial(renamed, names=names_of(documents)),
        "case": recased,
        "spaces": respaced,
        "quotes": requoted,
    }
    return {kind: partial(_named, kind, change) for kind, change in kinds.items()}


def _named(kind: Kind, change: Augmentation, document: Document, random: Random) -> Document | None:
    copy = change(document, random)
    return None if copy is None else replace(copy, id=f"{document.id}+{kind}")
