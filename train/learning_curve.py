"""How F1 grows with the labelled documents: a recipe's fine-tuning on growing shares of them, scored on the same dev.

Each share holds the smaller ones, and a group of documents is in or out whole. All shares start from the same encoder:
pre-training runs once. Distillation is left out, for its teachers would have seen all documents. A share is trained as
the recipe says, so with `epochs` a smaller one takes fewer steps too.
"""

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from datasets import disable_progress_bars
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from transformers.utils.logging import disable_progress_bar

from annotations.atomic import atomic_bytes, atomic_text
from annotations.document import Document
from annotations.formats import jsonl
from annotations.labels import default_labels
from annotations.scores import counts, f1, interval, middle, resampled
from models.engine import TorchNetwork, run
from train.data import Split, load
from train.faults import full_disk_told
from train.finetune import finetune
from train.fingerprint import claim, fingerprint
from train.lessons import label_counts
from train.pretrain import pretrain
from train.processes import processes
from train.progress import Tracking, integrations
from train.recipe import Finetuning, Recipe, Source
from train.sources import fetched

SHARES = (Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(1))
FEWEST = 3  # shares that a line is fitted to
NAME = "learning-curve"
MEAN = "mean"
STYLE: list[str | dict[str, Any]] = [
    "default",
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "malimet",  # the same ids in every drawing
        "text.parse_math": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
    },
]

Draws = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """A share of the training documents and what it reaches: for each dev source the number of `right` spans of each
    document, and of its gold and predicted `spans` together."""

    share: Fraction
    documents: int
    labelled: int
    right: dict[str, list[int]]
    spans: dict[str, list[int]]

    def scores(self) -> dict[str, tuple[float, float, float]]:
        """F1 and the ends of its 95 % interval for each dev source, and for their mean."""
        found = {}
        for source, right in self.right.items():
            agreeing, spans = np.array(right), np.array(self.spans[source])
            found[source] = (2 * agreeing.sum() / max(spans.sum(), 1), *interval(agreeing, spans))
        return found | {MEAN: (float(np.mean([each[0] for each in found.values()])), *middle(self.drawn()))}

    def drawn(self) -> Draws:
        """The mean F1 in each bootstrap draw of dev documents; all points of a curve see the same draws."""
        sums = (resampled(np.array([right, self.spans[source]]).T) for source, right in self.right.items())
        drawn: Draws = np.mean([f1(each[:, 0], each[:, 1]) for each in sums], axis=0)
        return drawn


@dataclass(frozen=True)
class Doubling:
    """What twice the documents would bring, or why that cannot be said. F1s are those of the fitted curve."""

    why_not: str | None
    reached: float | None = None
    expected: float | None = None
    gain: tuple[float, float, float] | None = None


def learning_curve(recipe: Recipe, console: Console) -> Path:
    """Train the shares that are not trained yet, print what they reach, and write learning-curve.json and .svg into the
    recipe's output. Returns the latter.

    An interrupted run goes on from its last checkpoint. Raises ValueError for a recipe without fine-tuning, on
    several processes, and where the output holds shares of another recipe.
    """
    if processes().num_processes > 1:
        raise ValueError("a learning curve is drawn by one process: start it without torchrun and accelerate")
    disable_progress_bars()
    disable_progress_bar()
    with full_disk_told(recipe.output):
        recipe = fetched(recipe, console)
        if not recipe.finetuning:
            raise ValueError("the recipe has no `finetuning`, so there are no labelled documents to take shares of")
        points = list(_points(recipe, recipe.finetuning, Tracking(console, integrations(recipe.report_to))))
        further = doubling(points)
        _print(points, further, console)
        with atomic_text(recipe.output / f"{NAME}.json") as file:
            json.dump(_report(points, further), file, ensure_ascii=False, indent=2)
        drawing = recipe.output / f"{NAME}.svg"
        with atomic_bytes(drawing) as file:
            _plot(points, further, file)
    return drawing


def shares_of(documents: Sequence[Document], sources: Sequence[Source], seed: int) -> dict[Fraction, list[Document]]:
    """Growing shares of the documents by whole groups, in an order drawn by `seed`, each the beginning of the next.

    A group is what the `group` expressions of the sources find in an id. A share holds as many documents as it says, or
    up to a group more; one that is no larger than the share before it is left out.
    """
    patterns = [re.compile(source.group) for source in sources if source.group]
    groups: dict[str, list[Document]] = {}
    for document in documents:
        found = next(filter(None, (pattern.search(document.id) for pattern in patterns)), None)
        groups.setdefault(found[1] if found else document.id, []).append(document)
    order = sorted(groups, key=lambda group: hashlib.sha256(f"{seed} {group}".encode()).digest())
    shares: dict[Fraction, list[Document]] = {}
    taken: set[str] = set()
    for share in SHARES:
        before = len(taken)
        while len(taken) < share * len(documents):
            taken.update(document.id for document in groups[order.pop(0)])
        if len(taken) > before:
            shares[share] = [document for document in documents if document.id in taken]
    return shares


def doubling(points: Sequence[Point]) -> Doubling:
    """Fit the power law 1 − F1 = a · documents⁻ᵇ by least squares on logarithms (Hestness et al. 2017), and read it at
    twice the documents. The gain's interval is that of fits to bootstrap draws of the dev documents.

    Nothing is said where there are too few shares, where the law misses a share's interval, and where the gain's
    interval holds zero.
    """
    if len(points) < FEWEST:
        return Doubling(f"{len(points)} shares are too few to see a trend")
    scores = [point.scores()[MEAN] for point in points]
    if max(score[0] for score in scores) == 1:
        return Doubling("nothing is wrong on the dev documents, so there is nothing to gain")
    sizes = np.log([point.documents for point in points])
    errors = _power_law(sizes, 1 - np.array([score[0] for score in scores]))
    reached, expected = (float(1 - errors(size)) for size in (sizes[-1], sizes[-1] + np.log(2)))
    for point, size, (_, low, high) in zip(points, sizes, scores, strict=True):
        if not low <= 1 - errors(size) <= high:
            return Doubling(f"a power law does not fit: it misses the interval of the share {point.share}")
    drawn = 1 - np.array([point.drawn() for point in points])
    fits = _power_law(sizes, np.where(drawn > 0, drawn, np.nan))
    gain = expected - reached, *middle(fits(sizes[-1]) - fits(sizes[-1] + np.log(2)))
    if gain[1] <= 0:
        return Doubling(f"the gain would be {_signed(gain)}, which may be none")
    return Doubling(None, reached, expected, gain)


def _power_law(sizes: Draws, errors: Draws) -> Callable[[float], Any]:
    """The fit of errors [shares] or [shares, draws] at the logarithms of so many documents, a function of such a
    logarithm."""
    around = sizes - sizes.mean()
    slope = around @ np.log(errors) / (around @ around)
    middle_height = np.log(errors).mean(axis=0)
    return lambda size: np.exp(middle_height + slope * (size - sizes.mean()))


def _points(recipe: Recipe, finetuning: Finetuning, tracking: Tracking) -> Iterator[Point]:
    common: dict[str, Any] = {"seed": recipe.seed, "tracking": tracking}
    base = str(finetuning.base)
    if recipe.pretraining:
        base = str(pretrain(recipe.pretraining, data=recipe.data, output=recipe.output / "pretrained", **common))
    console = tracking.console
    split = load(finetuning.sources, recipe.data, lambda problem: console.print(f"left out: {problem}"))
    times = Counter(document.id for document in split.train)
    documents = list({document.id: document for document in split.train}.values())
    taught = sorted(label_counts(documents))  # a small share may lack what a larger one teaches
    shares = shares_of(documents, finetuning.sources, recipe.seed)
    for share, chosen in shares.items():
        console.rule(f"share {share}: {len(chosen)} of {len(documents)} documents")
        directory = recipe.output / NAME / f"{share.numerator}-{share.denominator}"
        part = finetuning.model_copy(
            update={
                "sources": tuple(_write(replace(split, train=chosen), times, _data(directory))),
                "untaught": (*finetuning.untaught, *taught),
            }
        )
        yield _point(share, chosen, part, base=base, directory=directory, **common)


def _data(directory: Path) -> Path:
    """Where a share's documents are, beside the directory of its work."""
    return directory.with_name(f"{directory.name}.data")


def _write(split: Split, times: Counter[str], directory: Path) -> Iterator[Source]:
    """Write a split into files, those that are seen equally often in an epoch into one, and return them as sources."""
    directory.mkdir(parents=True, exist_ok=True)
    for count in sorted({times[document.id] for document in split.train}):
        path = Path(f"train-{count}.jsonl")
        jsonl.write([document for document in split.train if times[document.id] == count], directory / path)
        yield Source.model_validate({"path": path, "weight": count})
    for name, documents in split.dev.items():
        path = Path(f"{name}.jsonl")
        jsonl.write(documents, directory / path)
        yield Source.model_validate({"path": path, "dev": 1})


def _point(
    share: Fraction,
    documents: Sequence[Document],
    part: Finetuning,
    *,
    base: str,
    directory: Path,
    seed: int,
    tracking: Tracking,
) -> Point:
    """Train a share and score it, or read its scores where that is done."""
    labels, data = default_labels(), _data(directory)
    claim(directory, fingerprint(part, sources=part.sources, data=data, seed=seed, base=base, labels=labels))
    done, runs = directory / "scores.json", directory / "finetuning"
    if not done.exists():
        tuned = finetune(part, labels=labels, data=data, base=base, output=runs, seed=seed, tracking=tracking)
        found = tuned.dev.decode(run(TorchNetwork(tuned.model), tuned.dev.windows))
        told: dict[str, dict[str, list[int]]] = {"right": {}, "spans": {}}
        for source, gold in tuned.dev.sources.items():
            right, spans = counts([own.document.spans for own in gold], found[source])
            told["right"][source], told["spans"][source] = right.tolist(), spans.tolist()
        with atomic_text(done) as file:
            json.dump(told, file)
    shutil.rmtree(runs, ignore_errors=True)  # checkpoints are large, and the scores are all that is wanted
    labelled = sum(len(document.spans) for document in documents)
    return Point(share, len(documents), labelled, **json.loads(done.read_text("utf-8")))


def _report(points: Sequence[Point], further: Doubling) -> dict[str, Any]:
    return {
        "points": [
            {
                "share": str(point.share),
                "documents": point.documents,
                "spans": point.labelled,
                "dev": {
                    source: dict(zip(("f1-score", "low", "high"), scores, strict=True))
                    for source, scores in point.scores().items()
                },
            }
            for point in points
        ],
        "doubling": {
            "why_not": further.why_not,
            "reached": further.reached,
            "expected": further.expected,
            "gain": further.gain,
        },
    }


def _print(points: Sequence[Point], further: Doubling, console: Console) -> None:
    columns = [*points[0].right, MEAN] if len(points[0].right) > 1 else list(points[0].right)
    table = Table("share", "documents", "spans", *columns, title="strict F1 on dev, 95 % interval")
    for point in points:
        scores = point.scores()
        cells = ("{:.3f} ({:.3f}–{:.3f})".format(*scores[column]) for column in columns)
        table.add_row(str(point.share), f"{point.documents:,}", f"{point.labelled:,}", *cells)
    console.print(table)
    if further.gain:
        told = (
            f"Twice the documents would bring {_signed(further.gain)} mean F1, if the power law"
            " 1 − F1 = a · documents⁻ᵇ goes on. The interval is that of the dev documents; another seed may move it too"
        )
    else:
        told = f"What twice the documents would bring cannot be said: {further.why_not}"
    console.print(f"{told}.", highlight=False)


def _signed(gain: tuple[float, float, float]) -> str:
    return f"{gain[0]:+.3f} ({gain[1]:+.3f} to {gain[2]:+.3f})"


@style.context(STYLE)
def _plot(points: Sequence[Point], further: Doubling, file: BinaryIO) -> None:
    """F1 over documents on a logarithmic axis: the mean of the dev sources with its interval, and each of several.

    SVG whose bytes are always the same.
    """
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    documents = [point.documents for point in points]
    scores = [point.scores() for point in points]
    sources = list(points[0].right)
    if len(sources) > 1:
        for source in sources:
            axes.plot(documents, [each[source][0] for each in scores], linewidth=1, alpha=0.6, label=source)
    means = [each[MEAN] for each in scores]
    spread = [[mean - low for mean, low, _ in means], [high - mean for mean, _, high in means]]
    label = f"{MEAN} of the sources" if len(sources) > 1 else sources[0]
    axes.errorbar(documents, [mean for mean, _, _ in means], spread, color="black", marker="o", capsize=3, label=label)
    if further.reached is not None and further.expected is not None:
        ends = [documents[-1], 2 * documents[-1]]
        axes.plot(ends, [further.reached, further.expected], color="black", linestyle=":", label="twice as many")
        documents = [*documents, ends[1]]
    axes.set(xscale="log", xlabel="labelled documents to learn from", ylabel="strict F1 on dev, 95 % interval")
    axes.set_xticks(documents, [f"{number:,}" for number in documents])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(visible=True, color="#dddddd")
    axes.legend(frameon=False)
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
