"""Token classification from documents whose annotators did not all look for the same labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from rich.console import Console
from rich.table import Table
from torch.optim.swa_utils import AveragedModel
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    AutoTokenizer,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    set_seed,
)

import models.tagger  # noqa: F401  registers our architecture
from annotations.labels import LabelSet
from models.encoding import WindowEncoder
from train.batches import Batches
from train.data import Encoded, augmented, encode, load, rows
from train.devset import DevSet, mean_f1
from train.loss import marginal_loss
from train.recipe import Finetuning
from train.trainer import trainer_for


@dataclass
class Tuned:
    """A fine-tuned model with what its export and card need."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    dev: DevSet
    window: int
    temperature: float
    counts: dict[str, Any]


def finetune(
    recipe: Finetuning, *, labels: LabelSet, data: Path, base: str, output: Path, seed: int, console: Console
) -> Tuned:
    """Fine-tune `base` on the recipe's sources. The dev documents teach nothing and choose nothing: they are scored
    after each epoch, and the temperature is fitted on them.

    An interrupted run goes on from its last checkpoint. Raises ValueError when there is nothing to learn from or to
    score.
    """
    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(base)
    encoder = WindowEncoder(tokenizer.backend_tokenizer, size=recipe.window)
    split = load(recipe.sources, data, reject=lambda problem: console.print(f"left out: {problem}"))
    documents = [*split.train, *augmented(split.train, recipe.augment, seed)]
    train = list(encode(documents, encoder, labels))
    dev = DevSet({name: list(encode(documents, encoder, labels)) for name, documents in split.dev.items()}, labels)
    if not train or not dev.documents:
        raise ValueError("the recipe's sources leave nothing to learn from, or nothing held out to score")
    counts = {"train": _count(train), **{f"dev {name}": _count(documents) for name, documents in dev.sources.items()}}
    console.print(_table(counts))

    def metrics(prediction: EvalPrediction) -> dict[str, float]:
        reports = dev.reports(dev.decode(list(prediction.predictions)))
        by_source = {f"f1_{name}": report["micro avg"]["f1-score"] for name, report in reports.items()}
        return by_source | {"f1": mean_f1(reports)}

    model = classifier(base, labels, recipe.dropout)
    trainer = trainer_for(
        model=model,
        dataset=Dataset.from_list(list(rows(train, every_piece=recipe.every_piece))),
        collator=Batches(tokenizer.pad_token_id, len(labels.tags)),
        optimisation=recipe.optimisation,
        output=output,
        seed=seed,
        epochs_kept=recipe.average,
        eval_dataset=Dataset.from_list(list(rows(dev.documents, every_piece=False))),
        compute_loss_func=lambda outputs, allowed, **_: marginal_loss(outputs.logits, allowed),
        compute_metrics=metrics,
    )
    trainer.train(resume_from_checkpoint=any(output.glob("checkpoint-*")) or None)
    model.load_state_dict(_average(model, output).state_dict())
    logits = trainer.predict(trainer.eval_dataset).predictions
    return Tuned(model, tokenizer, dev, recipe.window, dev.temperature(list(logits)), counts)


def classifier(base: str, labels: LabelSet, dropout: float) -> PreTrainedModel:
    """An encoder with a head for the tags of `labels`: the head that it has, or else a new one."""
    config = AutoConfig.from_pretrained(base)
    config.id2label = dict(enumerate(labels.tags))
    config.label2id = {name: number for number, name in enumerate(labels.tags)}
    if hasattr(config, "dropout"):
        config.dropout = dropout
    return AutoModelForTokenClassification.from_pretrained(base, config=config, ignore_mismatched_sizes=True)


def _average(model: PreTrainedModel, output: Path) -> PreTrainedModel:
    """The mean of the weights of all checkpoints in `output` (Izmailov et al., UAI 2018)."""
    mean = AveragedModel(model)
    for checkpoint in sorted(output.glob("checkpoint-*")):
        mean.update_parameters(AutoModelForTokenClassification.from_pretrained(checkpoint))
    return mean.module


def _count(documents: Sequence[Encoded]) -> dict[str, float]:
    """Documents, windows, spans, and the share of spans that words cannot represent."""
    spans = sum(len(document.document.spans) for document in documents)
    return {
        "documents": len(documents),
        "windows": sum(len(document.windows) for document in documents),
        "spans": spans,
        "lost": sum(len(document.lost) for document in documents) / max(spans, 1),
    }


def _table(counts: dict[str, dict[str, float]]) -> Table:
    table = Table("", "documents", "windows", "spans", "lost spans", title="labelled data")
    for name, row in counts.items():
        table.add_row(name, *(f"{row[key]:,.0f}" for key in ("documents", "windows", "spans")), f"{row['lost']:.2%}")
    return table
