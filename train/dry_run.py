"""What a recipe would do, stage by stage, without doing it: its data, steps, sizes and costs.

Writes nothing, but for what transformers keeps of the hub in its cache, and the rows of the documents in ours.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datasets import Dataset, disable_progress_bars
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForTokenClassification,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
)

from annotations.labels import LabelSet, default_labels
from models.encoding import WindowEncoder
from models.tokenization import train_tokenizer
from train.base import known_labels, open_tokenizer
from train.batches import Batches
from train.checkpoints import step_of, whole
from train.estimate import Cost, measure
from train.fingerprint import Fingerprint, disagreement, fingerprint
from train.lessons import Lessons, counts_table, prepare
from train.loss import marginal_loss
from train.pretrain import (
    WholeWordMasking,
    config_of,
    for_transformers,
    new_encoder,
    pack,
    read_texts,
    working_directory,
)
from train.progress import integrations
from train.recipe import Distillation, Finetuning, Optimisation, Pretraining, Recipe, Source, Text
from train.sources import awaited, fetched
from train.steps import padding, parts_of, steps_of

SAMPLE = 2000  # lines of unlabelled text that are cut into pieces; the others are counted in characters


@dataclass(frozen=True)
class Beginning:
    """The tokenizer and the sizes of the encoder; `weights` are its directory or hub name once they are there."""

    tokenizer: PreTrainedTokenizerFast
    config: PreTrainedConfig
    weights: str | None


@dataclass(frozen=True)
class Stage:
    """What a stage would do: `done` of its `steps` are behind it. A `problem` would stop it. `padding` is a share."""

    name: str
    rows: int
    padding: float
    steps: int
    done: int
    cost: Cost
    problem: str | None


def dry_run(recipe: Recipe, console: Console) -> None:
    """Print what training would do. Raises ValueError and OSError for what would stop it before its first step."""
    integrations(recipe.report_to)
    disable_progress_bars()
    if missing := awaited(recipe):
        console.print(*missing, sep="\n", highlight=False)
        console.print("What they hold decides the steps: they can be told once it is there.")
        return
    recipe = fetched(recipe, console)
    if recipe.pretraining:
        lines = list(read_texts(recipe.pretraining.texts, recipe.data, recipe.seed))
        start = _encoder(recipe.pretraining, recipe.output / "pretrained", lines, console)
        stages = [_pretraining(recipe, recipe.pretraining, start, lines)]
    else:
        base = str(recipe.finetuning and recipe.finetuning.base)
        start = Beginning(open_tokenizer(base), AutoConfig.from_pretrained(base), base)
        stages = []
    if recipe.finetuning:
        labels = default_labels()
        lessons = prepare(
            recipe.finetuning,
            tokenizer=start.tokenizer,
            labels=labels,
            known=known_labels(start.weights) if start.weights else (),
            data=recipe.data,
            seed=recipe.seed,
            console=console,
        )
        console.print(counts_table(lessons.counts))
        console.print(_labels_table(lessons.labels, labels))
        stages += _labelled(recipe, recipe.finetuning, start, lessons, labels)
    console.print(_stages_table(stages))
    for stage in stages:
        if stage.problem:
            console.print(f"{stage.name} would stop: {stage.problem}", highlight=False)


def _encoder(recipe: Pretraining, output: Path, lines: Sequence[str], console: Console) -> Beginning:
    """The encoder that pre-training has made, goes on from, or would make."""
    made = str(output) if output.exists() else None
    if base := made or recipe.base:
        return Beginning(open_tokenizer(base), AutoConfig.from_pretrained(base), made)
    sizes = new_encoder(recipe)
    learned = working_directory(output) / "tokenizer.json"
    if learned.exists():
        pieces = Tokenizer.from_file(str(learned))
    else:
        console.print(f"no tokenizer is learned yet: one of {SAMPLE:,} lines stands in for it, so windows are a guess")
        pieces = train_tokenizer(_sample(lines), vocab_size=sizes.vocab_size, kind=sizes.tokenizer)
    tokenizer = for_transformers(pieces)
    return Beginning(tokenizer, config_of(sizes, tokenizer), None)


def _pretraining(recipe: Recipe, part: Pretraining, start: Beginning, lines: Sequence[str]) -> Stage:
    packed = list(pack(_sample(lines), start.tokenizer.backend_tokenizer, part.row))
    count = round(len(packed) * _share(lines))
    parts = parts_of(part.optimisation)
    batch = WholeWordMasking(start.tokenizer, part.masked)(packed[: part.optimisation.batch_size // parts])
    cost = measure(AutoModelForMaskedLM.from_config(start.config), batch)
    output = recipe.output / "pretrained"
    return _stage(
        "pre-training",
        rows=count,
        padding=_padding([len(row["input_ids"]) for row in packed], part.optimisation),
        steps=steps_of(part.optimisation, count),
        cost=replace(cost, seconds=part.optimisation.accumulate * cost.seconds),
        runs=working_directory(output),
        result=output,
        made_from=fingerprint(part, sources=part.texts, data=recipe.data, seed=recipe.seed, base=part.base),
    )


def _labelled(
    recipe: Recipe, part: Finetuning, start: Beginning, lessons: Lessons, labels: LabelSet
) -> Iterator[Stage]:
    """Teachers, student and fine-tuning, whose networks have the same sizes."""
    config = deepcopy(start.config)
    config.id2label = dict(enumerate(labels.tags))
    network = AutoModelForTokenClassification.from_config(config)
    collator = Batches(start.tokenizer.pad_token_id, len(labels.tags))
    once = _cost(network, lessons.rows, collator, part.optimisation)
    padded = _padding(lessons.rows["length"], part.optimisation)

    def tuned(name: str, runs: Path, base: str | None, seed: int) -> Stage:
        known: dict[str, Any] = {
            "sources": part.sources,
            "data": recipe.data,
            "seed": seed,
            "base": base,
            "labels": labels,
        }
        return _stage(
            name,
            rows=len(lessons.rows),
            padding=padded,
            steps=steps_of(part.optimisation, len(lessons.rows)),
            cost=once,
            runs=runs,
            made_from=fingerprint(part, **known) if base else None,
        )

    base = start.weights
    if recipe.distillation:
        for number in range(1, recipe.distillation.teachers + 1):
            yield tuned(f"teacher {number}", recipe.output / "teachers" / str(number), base, recipe.seed + number)
        yield _student(recipe, recipe.distillation, part, start, network, collator, labels)
        student = recipe.output / "student"
        base = str(student) if student.exists() else None
    yield tuned("fine-tuning", recipe.output / "finetuning", base, recipe.seed)


def _student(
    recipe: Recipe,
    part: Distillation,
    finetuning: Finetuning,
    start: Beginning,
    network: Any,
    collator: Batches,
    labels: LabelSet,
) -> Stage:
    """Distillation. What the teachers think of the texts is thought once, forwards alone."""
    lines = list(read_texts(part.texts, recipe.data, recipe.seed))
    encoder = WindowEncoder(start.tokenizer.backend_tokenizer, size=finetuning.window)
    windows = [window.ids for line in _sample(lines) for window in encoder.encode(line)]
    seen = Dataset.from_list([{"input_ids": ids, "allowed": [[0]] * len(ids), "length": len(ids)} for ids in windows])
    count = round(len(seen) * _share(lines))
    cost = _cost(network, seen, collator, part.optimisation)
    steps = steps_of(part.optimisation, count)
    thinking = part.teachers * (count / part.optimisation.batch_size) * cost.seconds / 3
    output = recipe.output / "student"
    sources: list[Text | Source] = [*part.texts, *finetuning.sources]
    known: dict[str, Any] = {"data": recipe.data, "seed": recipe.seed, "base": start.weights, "labels": labels}
    return _stage(
        "distillation",
        rows=count,
        padding=_padding(seen["length"], part.optimisation),
        steps=steps,
        cost=replace(cost, seconds=cost.seconds + thinking / steps),
        runs=working_directory(output),
        result=output,
        made_from=fingerprint(part, finetuning, sources=sources, **known) if start.weights else None,
    )


def _stage(
    name: str,
    *,
    rows: int,
    padding: float,
    steps: int,
    cost: Cost,
    runs: Path,
    made_from: Fingerprint | None,
    result: Path | None = None,
) -> Stage:
    """A stage with what its directories hold; without `made_from`, what it goes on from is not there yet."""
    places = [place for place in (result, runs) if place and made_from]
    problems = [disagreement(place, made_from) for place in places if made_from]
    found = whole(runs)
    done = steps if result and result.exists() else step_of(found[-1]) if found else 0
    return Stage(name, rows, padding, steps, done, cost, next(filter(None, problems), None))


def _cost(network: Any, some: Dataset, collator: Batches, optimisation: Optimisation) -> Cost:
    """The memory of a part of a step over the longest rows, and the time of a step's parts over rows of mean length."""
    lengths = list(some["length"])
    size = optimisation.batch_size // parts_of(optimisation)
    longest = sorted(range(len(lengths)), key=lengths.__getitem__)[-size:]
    cost = measure(
        network,
        collator([some[number] for number in longest]),
        lambda outputs, allowed: marginal_loss(outputs.logits, allowed),
    )
    mean = sum(lengths) / len(lengths)
    return replace(cost, seconds=optimisation.accumulate * cost.seconds * mean / lengths[longest[-1]])


def _padding(lengths: Iterable[int], optimisation: Optimisation) -> float:
    """The share of padding in batches of rows of such lengths, as they are drawn for an epoch."""
    return padding(list(lengths), optimisation.batch_size, parts_of(optimisation))


def _sample(lines: Sequence[str]) -> list[str]:
    return random.Random(0).sample(lines, min(SAMPLE, len(lines)))  # noqa: S311  a sample, not a secret


def _share(lines: Sequence[str]) -> float:
    """How many times as many characters all lines have as the sample of them."""
    return sum(map(len, lines)) / sum(map(len, _sample(lines)))


def _labels_table(counts: dict[str, Counter[str]], labels: LabelSet) -> Table:
    """Spans by label, in the order of the label set."""
    table = Table("label", *counts, title="spans")
    for label in labels.names():
        table.add_row(label, *(f"{count[label]:,}" for count in counts.values()))
    return table


def _stages_table(stages: Sequence[Stage]) -> Table:
    """What is done and what is to be done, and the estimates."""
    table = Table(
        "stage",
        "windows",
        "steps",
        "done",
        "padding",
        "parameters",
        "memory",
        "time",
        title="stages",
        caption="memory and time are estimates from one batch on this machine",
    )
    for stage in stages:
        left = stage.cost.seconds * (stage.steps - stage.done)
        table.add_row(
            stage.name,
            f"{stage.rows:,}",
            f"{stage.steps:,}",
            "all" if stage.done == stage.steps else f"{stage.done:,}",
            f"{stage.padding:.1%}",
            f"{stage.cost.parameters / 1e6:.1f} M",
            f"{stage.cost.memory / 2**30:.1f} GB",
            _time(left),
        )
    table.add_section()
    table.add_row("all", *6 * [""], _time(sum(s.cost.seconds * (s.steps - s.done) for s in stages)))
    return table


def _time(seconds: float) -> str:
    """Hours and minutes, or seconds where it is less than a minute."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"
