"""Distillation: a student learns what several teachers think of unlabelled text, on the mean (Turc et al. 2019)."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax
from transformers import set_seed

from annotations.labels import LabelSet
from models.decoding import Floats
from models.encoding import Window, WindowEncoder
from models.engine import Network, TorchNetwork, run
from models.export import whole_directory
from train.base import open_tokenizer
from train.batches import SoftBatches
from train.devset import DevSet, mean_f1
from train.finetune import classifier, finetune
from train.fingerprint import claim, fingerprint, write
from train.loss import distillation_loss
from train.pretrain import read_texts, working_directory
from train.processes import processes
from train.progress import Tracking
from train.recipe import Distillation, Finetuning
from train.trainer import trainer_for

LINES_AT_ONCE = 2000
REPORT = "teachers.json"

Scores = dict[str, dict[str, float]]  # of each teacher: micro-F1 by dev source, and the mean


def distil(
    recipe: Distillation,
    finetuning: Finetuning,
    *,
    labels: LabelSet,
    data: Path,
    base: str,
    output: Path,
    seed: int,
    tracking: Tracking,
) -> tuple[Path, Scores]:
    """Fine-tune the teachers from `base` and teach a student of the same sizes.

    Returns the student's directory and the dev micro-F1 of each teacher and of all together. An interrupted run goes on
    from its checkpoints. Raises ValueError when a directory holds the work of another recipe.
    """
    made_from = fingerprint(
        recipe,
        finetuning,
        sources=[*recipe.texts, *finetuning.sources],
        data=data,
        seed=seed,
        base=base,
        labels=labels,
    )
    if output.exists():
        claim(output, made_from)
        return output, json.loads((output / REPORT).read_text("utf-8"))
    runs = working_directory(output)
    with processes().main_process_first():
        claim(runs, made_from)
    tuned = [
        finetune(
            finetuning,
            labels=labels,
            data=data,
            base=base,
            output=output.with_name("teachers") / str(number),
            seed=seed + number,
            tracking=tracking,
        )
        for number in range(1, recipe.teachers + 1)
    ]
    teachers = [TorchNetwork(each.model) for each in tuned]
    dev = tuned[0].dev
    scores = {
        f"teacher {number}": _f1(dev, run(teacher, dev.windows)) for number, teacher in enumerate(teachers, 1)
    } | {"their mean": _f1(dev, [np.log(window) for window in _mean(teachers, dev.windows)])}
    tracking.console.print(scores)

    set_seed(seed)
    tokenizer = open_tokenizer(base)
    encoder = WindowEncoder(tokenizer.backend_tokenizer, size=finetuning.window)
    student = classifier(base, labels, finetuning.dropout)
    trainer = trainer_for(
        title="distillation",
        model=student,
        tokenizer=tokenizer,
        dataset=list(_rows(read_texts(recipe.texts, data, seed), encoder, teachers)),
        collator=SoftBatches(tokenizer.pad_token_id, len(labels.tags)),
        optimisation=recipe.optimisation,
        output=runs,
        seed=seed,
        tracking=tracking,
        compute_loss_func=lambda outputs, probabilities, **_: distillation_loss(outputs.logits, probabilities),
    )
    trainer.learn()
    if processes().is_main_process:
        with whole_directory(output) as directory:
            tokenizer.save_pretrained(directory)
            student.save_pretrained(directory)
            (directory / REPORT).write_text(json.dumps(scores, indent=2), "utf-8")
            write(directory, made_from)
    processes().wait_for_everyone()
    return output, scores


def _rows(lines: Iterator[str], encoder: WindowEncoder, teachers: Sequence[Network]) -> Iterator[dict[str, Any]]:
    """A row a window: `input_ids` [pieces], `firsts` [words], `probabilities` [words, tags]."""
    while some := list(islice(lines, LINES_AT_ONCE)):
        windows = [window for line in some for window in encoder.encode(line)]
        for window, probabilities in zip(windows, _mean(teachers, windows), strict=True):
            words = probabilities[window.firsts].astype(np.float16)
            yield {"input_ids": window.ids, "firsts": window.firsts, "probabilities": words}


def _mean(teachers: Sequence[Network], windows: Sequence[Window]) -> list[Floats]:
    """The teachers' mean probabilities [pieces, tags] of each window."""
    opinions = [[softmax(logits, axis=-1) for logits in run(teacher, windows)] for teacher in teachers]
    return [np.mean(opinion, axis=0) for opinion in zip(*opinions, strict=True)]


def _f1(dev: DevSet, logits: Iterable[Floats]) -> dict[str, float]:
    """Micro-F1 of each dev source, and their mean."""
    reports = dev.reports(dev.decode(logits))
    return {name: report["micro avg"]["f1-score"] for name, report in reports.items()} | {"mean": mean_f1(reports)}
