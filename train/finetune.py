"""Token classification from documents whose annotators did not all look for the same labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from rich.console import Console
from rich.table import Table
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    AutoTokenizer,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    set_seed,
)

from annotations.labels import LabelSet
from models.encoding import WindowEncoder
from train.data import Encoded, encode, load, rows
from train.devset import DevSet, mean_f1
from train.loss import marginal_loss
from train.recipe import Finetuning
from train.trainer import trainer_for


@dataclass
class Batches:
    """Pads rows; `labels` [rows, longest, tags] tells which tags each piece may have, none where it gives no lesson."""

    pad: int
    tags: int

    def __call__(self, batch: list[dict[str, Any]]) -> dict[str, Tensor]:
        longest = max(len(row["input_ids"]) for row in batch)
        ids = torch.full((len(batch), longest), self.pad)
        mask = torch.zeros_like(ids)
        allowed = torch.zeros((len(batch), longest, self.tags), dtype=torch.bool)
        for number, row in enumerate(batch):
            length = len(row["input_ids"])
            ids[number, :length] = torch.tensor(row["input_ids"])
            mask[number, :length] = 1
            for piece, tags in enumerate(row["allowed"]):
                allowed[number, piece, tags] = True
        return {"input_ids": ids, "attention_mask": mask, "labels": allowed}


@dataclass
class Tuned:
    """A fine-tuned model with what its export and card need."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    dev: DevSet
    temperature: float
    counts: dict[str, Any]


def finetune(
    recipe: Finetuning, *, labels: LabelSet, data: Path, base: str, output: Path, seed: int, console: Console
) -> Tuned:
    """Fine-tune `base` on the recipe's sources and keep the epoch with the best mean dev F1 over the dev sources.

    An interrupted run goes on from its last checkpoint. Raises ValueError when there is nothing to learn from or to
    choose by.
    """
    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(base)
    encoder = WindowEncoder(tokenizer.backend_tokenizer, size=recipe.window)
    split = load(recipe.sources, data)
    train = list(encode(split.train, encoder, labels))
    dev = DevSet({name: list(encode(documents, encoder, labels)) for name, documents in split.dev.items()}, labels)
    if not train or not dev.documents:
        raise ValueError("the recipe's sources leave nothing to learn from, or nothing held out to choose by")
    counts = {"train": _count(train), **{f"dev {name}": _count(documents) for name, documents in dev.sources.items()}}
    console.print(_table(counts))

    def metrics(prediction: EvalPrediction) -> dict[str, float]:
        reports = dev.reports(dev.decode(list(prediction.predictions)))
        by_source = {f"f1_{name}": report["micro avg"]["f1-score"] for name, report in reports.items()}
        return by_source | {"f1": mean_f1(reports)}

    model = _model(base, labels, recipe.dropout)
    trainer = trainer_for(
        model=model,
        dataset=Dataset.from_list(list(rows(train, every_piece=recipe.every_piece))),
        collator=Batches(tokenizer.pad_token_id, len(labels.tags)),
        optimisation=recipe.optimisation,
        output=output,
        seed=seed,
        best="f1",
        eval_dataset=Dataset.from_list(list(rows(dev.documents, every_piece=False))),
        compute_loss_func=lambda outputs, allowed, **_: marginal_loss(outputs.logits, allowed),
        compute_metrics=metrics,
    )
    trainer.train(resume_from_checkpoint=any(output.glob("checkpoint-*")) or None)
    logits = trainer.predict(trainer.eval_dataset).predictions
    return Tuned(model, tokenizer, dev, dev.temperature(list(logits)), counts)


def _model(base: str, labels: LabelSet, dropout: float) -> PreTrainedModel:
    config = AutoConfig.from_pretrained(base)
    config.id2label = dict(enumerate(labels.tags))
    config.label2id = {name: number for number, name in enumerate(labels.tags)}
    if hasattr(config, "dropout"):
        config.dropout = dropout
    return AutoModelForTokenClassification.from_pretrained(base, config=config, ignore_mismatched_sizes=True)


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
