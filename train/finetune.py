"""Token classification from documents whose annotators did not all look for the same labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from datasets import Dataset
from torch import nn
from torch.optim.swa_utils import AveragedModel
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    TrainerCallback,
    set_seed,
)

import models.tagger  # noqa: F401  registers our architecture
from annotations.labels import LabelSet
from train.base import known_labels, known_tags, open_tokenizer
from train.batches import Batches
from train.devset import DevSet, mean_f1
from train.encoded import rows
from train.fingerprint import claim, fingerprint
from train.lessons import Counts, counts_table, prepare
from train.loss import marginal_loss
from train.processes import processes
from train.progress import Tracking
from train.recipe import Finetuning
from train.trainer import trainer_for


@dataclass
class Tuned:
    """A fine-tuned model, on the CPU, with what its export and card need."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    dev: DevSet
    window: int
    temperature: float
    counts: Counts
    documents: dict[str, int]


def finetune(
    recipe: Finetuning,
    *,
    labels: LabelSet,
    data: Path,
    base: str,
    output: Path,
    seed: int,
    tracking: Tracking,
    callbacks: Sequence[TrainerCallback] = (),
) -> Tuned:
    """Fine-tune `base` on the recipe's sources. The dev documents teach nothing and choose nothing: they are scored
    after each epoch, and the temperature is fitted on them. `callbacks` are the Trainer's.

    An interrupted run goes on from its last checkpoint. Raises ValueError when there is nothing to learn from or to
    score, and when `output` holds the work of another recipe.
    """
    set_seed(seed)
    tokenizer = open_tokenizer(base)
    with processes().main_process_first():  # the others find its rows
        claim(output, fingerprint(recipe, sources=recipe.sources, data=data, seed=seed, base=base, labels=labels))
        lessons = prepare(
            recipe,
            tokenizer=tokenizer,
            labels=labels,
            known=known_labels(base),
            data=data,
            seed=seed,
            console=tracking.console,
        )
    dev = lessons.dev
    tracking.console.print(counts_table(lessons.counts))

    def metrics(prediction: EvalPrediction) -> dict[str, float]:
        reports = dev.reports(dev.decode(list(prediction.predictions)))
        by_source = {f"f1_{name}": report["micro avg"]["f1-score"] for name, report in reports.items()}
        return by_source | {"f1": mean_f1(reports)}

    model = classifier(base, labels, recipe.dropout)
    trainer = trainer_for(
        title=f"fine-tuning {output.name}" if output.name.isdigit() else "fine-tuning",
        model=model,
        tokenizer=tokenizer,
        dataset=lessons.rows,
        collator=Batches(tokenizer.pad_token_id, len(labels.tags)),
        optimisation=recipe.optimisation,
        output=output,
        seed=seed,
        tracking=tracking,
        epochs_kept=recipe.average,
        eval_dataset=Dataset.from_list(list(rows(dev.documents, every_piece=False))),
        compute_loss_func=lambda outputs, allowed, **_: marginal_loss(outputs.logits, allowed),
        compute_metrics=metrics,
    )
    for callback in callbacks:
        trainer.add_callback(callback)
    model.load_state_dict(_average(model, trainer.learn()).state_dict())
    logits = trainer.predict(trainer.eval_dataset).predictions
    return Tuned(
        model=model.cpu(),
        tokenizer=tokenizer,
        dev=dev,
        window=recipe.window,
        temperature=dev.temperature(list(logits)),
        counts=lessons.counts,
        documents=lessons.documents,
    )


def classifier(base: str, labels: LabelSet, dropout: float) -> PreTrainedModel:
    """An encoder with a head for the tags of `labels`. Of a head that `base` has, the rows of these tags are kept, and
    those of other tags begin anew."""
    config = AutoConfig.from_pretrained(base)
    config.id2label = dict(enumerate(labels.tags))
    config.label2id = {name: number for number, name in enumerate(labels.tags)}
    if hasattr(config, "dropout"):
        config.dropout = dropout
    model = AutoModelForTokenClassification.from_pretrained(base, config=config, ignore_mismatched_sizes=True)
    known = known_tags(base)
    if known != list(labels.tags) and not set(known).isdisjoint(labels.tags):
        _carry_over(AutoModelForTokenClassification.from_pretrained(base), model, known, labels.tags)
    return model


def _carry_over(old: PreTrainedModel, new: PreTrainedModel, known: Sequence[str], tags: Sequence[str]) -> None:
    """Give a new head the rows of the tags that the old one knows."""
    before, after = _head(old, len(known)), _head(new, len(tags))
    with torch.no_grad():
        nn.init.normal_(after.weight, std=0.02)
        nn.init.zeros_(after.bias)
        for row, tag in enumerate(tags):
            if tag in known:
                after.weight[row] = before.weight[known.index(tag)]
                after.bias[row] = before.bias[known.index(tag)]


def _head(model: PreTrainedModel, tags: int) -> nn.Linear:
    """The layer that gives the logits: the last with as many outputs as there are tags."""
    return [layer for layer in model.modules() if isinstance(layer, nn.Linear) and layer.out_features == tags][-1]


def _average(model: PreTrainedModel, checkpoints: Sequence[Path]) -> PreTrainedModel:
    """The mean of the weights of checkpoints (Izmailov et al., UAI 2018)."""
    mean = AveragedModel(model)
    for checkpoint in checkpoints:
        mean.update_parameters(AutoModelForTokenClassification.from_pretrained(checkpoint))
    return mean.module
