"""What a recipe's labelled sources teach and what they score: their documents cut into windows, counted and checked."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets import Dataset
from rich.console import Console
from rich.table import Table
from transformers import PreTrainedTokenizerFast

from annotations.document import Document
from annotations.labels import LabelSet
from models.encoding import WindowEncoder
from train.data import augmented, load
from train.devset import DevSet
from train.encoded import Encoded, encode
from train.recipe import Finetuning
from train.tokenised import tokenised

Counts = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Lessons:
    """The rows to learn from, those of augmented copies among them, which lie on disk; the dev documents by source,
    which are in memory.

    `counts` are documents, windows, spans and lost spans of the train documents and of each dev source, `labels` their
    spans by label, and `documents` how many each source of the recipe holds.
    """

    rows: Dataset
    dev: DevSet
    counts: Counts
    labels: dict[str, Counter[str]]
    documents: dict[str, int]


def prepare(
    recipe: Finetuning,
    *,
    tokenizer: PreTrainedTokenizerFast,
    labels: LabelSet,
    known: Collection[str],
    data: Path,
    seed: int,
    console: Console,
) -> Lessons:
    """Read a recipe's sources and cut them into windows, those to learn from only where this was not done before.
    `known` are the labels that the base model has learned before.

    Raises ValueError when there is nothing to learn from or to score, and for dev labels that nothing teaches.
    """
    encoder = WindowEncoder(tokenizer.backend_tokenizer, size=recipe.window)
    split = load(recipe.sources, data, reject=lambda problem: console.print(f"left out: {problem}"))
    held_out = [document for documents in split.dev.values() for document in documents]
    if not split.train or not held_out:
        raise ValueError("the recipe's sources leave nothing to learn from, or nothing held out to score")
    _check_labels(split.train, held_out, labels, {*known, *recipe.untaught}, console)
    train = [*split.train, *augmented(split.train, recipe.augment, seed)]
    rows = tokenised(train, encoder, labels, every_piece=recipe.every_piece)
    dev = {name: list(encode(documents, encoder, labels)) for name, documents in split.dev.items()}
    columns = {"train": train, **{f"dev {name}": documents for name, documents in split.dev.items()}}
    return Lessons(
        rows=rows.remove_columns("lost"),
        dev=DevSet(dev, labels),
        counts={"train": _count(train, len(rows), sum(rows["lost"]))}
        | {f"dev {name}": _count_encoded(documents) for name, documents in dev.items()},
        labels={name: label_counts(documents) for name, documents in columns.items()},
        documents=split.counts,
    )


def label_counts(documents: Iterable[Document]) -> Counter[str]:
    """Spans by label."""
    return Counter(span.label for document in documents for span in document.spans)


def _check_labels(
    train: Sequence[Document], dev: Sequence[Document], labels: LabelSet, excused: set[str], console: Console
) -> None:
    """A label that dev holds and nothing teaches scores zero whatever is learned, which is a mistake in the sources,
    unless the base model knows it or the recipe says that it is meant. What is missing from dev is only not scored."""
    taught, scored = label_counts(train), label_counts(dev)
    if missing := [name for name in labels.names() if scored[name] and not taught[name] and name not in excused]:
        raise ValueError(
            f"no training document holds {', '.join(missing)}, but the dev documents do, so the model could only score"
            " zero there. Add documents that teach these labels, start from a `base` that knows them, or name them in"
            " `finetuning.untaught`"
        )
    if unlearned := [name for name in labels.names() if not taught[name]]:
        console.print(f"no training document holds: {', '.join(unlearned)}")
    if unscored := [name for name in labels.names() if taught[name] and not scored[name]]:
        console.print(f"not scored, for no dev document holds: {', '.join(unscored)}")


def _count_encoded(documents: Sequence[Encoded]) -> dict[str, float]:
    windows = sum(len(each.windows) for each in documents)
    return _count([each.document for each in documents], windows, lost=sum(len(each.lost) for each in documents))


def _count(documents: Sequence[Document], windows: int, lost: int) -> dict[str, float]:
    """Documents, windows, spans, and the share of spans that words cannot represent."""
    spans = sum(len(document.spans) for document in documents)
    return {"documents": len(documents), "windows": windows, "spans": spans, "lost": lost / max(spans, 1)}


def counts_table(counts: Counts) -> Table:
    """The counts for people."""
    table = Table("", "documents", "windows", "spans", "lost spans", title="labelled data")
    for name, row in counts.items():
        table.add_row(name, *(f"{row[key]:,.0f}" for key in ("documents", "windows", "spans")), f"{row['lost']:.2%}")
    return table
