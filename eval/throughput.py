"""How fast training is: pieces a second, ours beside transformers' `run_ner.py` with its defaults, and the share of the
card's peak that they use.

`python -m eval.throughput` makes rows of random pieces and a network of XLM-RoBERTa base's shape with random weights,
so nothing is downloaded. `--peak` gives the card's dense bf16 peak where it is not known.
"""

# mypy: allow-subclassing-any

import math
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import Tensor
from transformers import (
    AutoModelForTokenClassification,
    DataCollatorForTokenClassification,
    PreTrainedConfig,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    XLMRobertaConfig,
)

from annotations.labels import default_labels
from models.checkpoint import DEFAULT
from train.base import open_tokenizer
from train.batches import Batches
from train.loss import marginal_loss
from train.progress import Tracking
from train.recipe import Optimisation
from train.trainer import trainer_for

XLM_ROBERTA_BASE = {
    "vocab_size": 250002,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
}
# FLOP/s in bf16 without sparsity, from NVIDIA's data sheets, by a part of the name that torch gives a card.
PEAKS = {"A100": 312e12, "H100 PCIe": 756e12, "H100 80GB HBM3": 989e12, "H200": 989e12, "L4": 121e12}
MEDIAN, MEAN, LONGEST = 21, 64, 256  # pieces a window of the default recipe's labelled documents

Rows = list[dict[str, Any]]
Collator = Callable[[Rows], dict[str, Tensor]]


@dataclass(frozen=True)
class Speed:
    """Pieces a second that are no padding, the share of padding, and FLOPs a second that the pieces need."""

    pieces: float
    padding: float
    flops: float


class Watch(TrainerCallback):
    """Counts the pieces of batches, one a step, and takes the time from the end of step `warm` to that of `last`."""

    def __init__(self, collator: Collator, warm: int, last: int) -> None:
        self._collator = collator
        self._steps = (warm, last)
        self._times: list[float] = []
        self._batches: list[tuple[int, int]] = []

    def collate(self, rows: Rows) -> dict[str, Tensor]:
        """A batch of rows."""
        batch = self._collator(rows)
        self._batches.append((int(batch["attention_mask"].sum()), batch["attention_mask"].numel()))
        return batch

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Look at the clock when the device has done what it was asked for."""
        if state.global_step in self._steps:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self._times.append(time.perf_counter())

    def speed(self, flops_a_piece: float) -> Speed:
        """What was seen."""
        pieces, positions = map(sum, zip(*self._batches[slice(*self._steps)], strict=True))
        a_second = pieces / (self._times[1] - self._times[0])
        return Speed(a_second, 1 - pieces / positions, a_second * flops_a_piece)


def random_rows(count: int, tags: int, vocabulary: int) -> Rows:
    """Windows as long as those of the default recipe: log-normal, cut at LONGEST."""
    chance = random.Random(0)  # noqa: S311
    spread = math.sqrt(2 * math.log(MEAN / MEDIAN))
    lengths = [min(max(3, round(chance.lognormvariate(math.log(MEDIAN), spread))), LONGEST) for _ in range(count)]
    return [
        {
            "input_ids": [chance.randrange(5, vocabulary) for _ in range(length)],
            "labels": [chance.randrange(tags) for _ in range(length)],
        }
        for length in lengths
    ]


def flops_of(model: Any, rows: Rows) -> float:
    """FLOPs a piece, forwards and backwards: 6 for each parameter outside of the embeddings, and 12 · layers · width ·
    length for attention (Chowdhery et al. 2022, appendix B)."""
    lengths = [len(row["input_ids"]) for row in rows]
    mean = sum(length**2 for length in lengths) / sum(lengths)
    config = model.config
    attention = 12 * config.num_hidden_layers * config.hidden_size * mean
    return float(6 * model.num_parameters(exclude_embeddings=True) + attention)


def ours(config: PreTrainedConfig, rows: Rows, optimisation: Optimisation, warm: int, directory: Path) -> Speed:
    """Our fine-tuning, as a recipe with this optimisation does it."""
    model = AutoModelForTokenClassification.from_config(config)
    watch = Watch(Batches(config.pad_token_id, config.num_labels), warm, optimisation.steps or warm)
    trainer = trainer_for(
        title="ours",
        model=model,
        tokenizer=open_tokenizer(str(DEFAULT)),
        dataset=[{"input_ids": row["input_ids"], "allowed": [[tag] for tag in row["labels"]]} for row in rows],
        collator=watch.collate,
        optimisation=optimisation,
        output=directory,
        seed=1,
        tracking=Tracking(Console(quiet=True)),
        compute_loss_func=lambda outputs, allowed, **_: marginal_loss(outputs.logits, allowed),
    )
    trainer.add_callback(watch)
    trainer.args.save_strategy = "no"
    trainer.train()
    return watch.speed(flops_of(model, rows))


def run_ner(config: PreTrainedConfig, rows: Rows, steps: int, warm: int, directory: Path) -> Speed:
    """The Trainer of transformers' examples/pytorch/token-classification/run_ner.py, of whose arguments only the number
    of steps is given: eight rows a step in any order, padded to the longest, in fp32."""
    model = AutoModelForTokenClassification.from_config(config)
    watch = Watch(DataCollatorForTokenClassification(open_tokenizer(str(DEFAULT))), warm, steps)
    settings = {"max_steps": steps, "save_strategy": "no", "report_to": [], "disable_tqdm": True}
    trainer = Trainer(
        model=model,
        args=TrainingArguments(output_dir=str(directory), **settings),
        train_dataset=rows,
        data_collator=watch.collate,
        callbacks=[watch],
    )
    trainer.train()
    return watch.speed(flops_of(model, rows))


def compare(
    config: PreTrainedConfig, optimisation: Optimisation, *, warm: int, count: int = 20000
) -> tuple[Speed, Speed]:
    """Ours and run_ner.py's on the same rows."""
    rows = random_rows(count, config.num_labels, config.vocab_size)
    steps = optimisation.steps or warm
    with tempfile.TemporaryDirectory() as directory:
        theirs = run_ner(config, rows, steps, warm, Path(directory) / "run_ner")
        return ours(config, rows, optimisation, warm, Path(directory) / "ours"), theirs


def show(speeds: Sequence[tuple[str, Speed]], peak: float | None) -> Table:
    """The speeds for people."""
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "the CPU"
    table = Table("", "pieces a second", "padding", "TFLOP/s", "of the bf16 peak", title=f"training on {card}")
    for name, speed in speeds:
        share = f"{speed.flops / peak:.1%}" if peak else "peak not known"
        table.add_row(name, f"{speed.pieces:,.0f}", f"{speed.padding:.1%}", f"{speed.flops / 1e12:.2f}", share)
    return table


def main(
    batch_size: Annotated[int, typer.Option(help="our rows a step")] = 32,
    precision: Annotated[str, typer.Option(help="ours: fp32 or bf16")] = "bf16",
    compile: Annotated[bool, typer.Option("--compile", help="ours with torch.compile")] = False,
    steps: Annotated[int, typer.Option(help="steps that are timed, after a quarter as many that are not")] = 200,
    peak: Annotated[float | None, typer.Option(help="the card's dense bf16 peak in TFLOP/s")] = None,
) -> None:
    """Train for some steps both ways and print how fast it went."""
    tags = default_labels().tags
    config = XLMRobertaConfig(**XLM_ROBERTA_BASE, pad_token_id=0, num_labels=len(tags))
    optimisation = Optimisation.model_validate(
        {
            "steps": steps + steps // 4,
            "batch_size": batch_size,
            "learning_rate": 5e-5,
            "precision": precision,
            "compile": compile,
        }
    )
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    known = next((flops for name, flops in PEAKS.items() if name in card), None)
    us, them = compare(config, optimisation, warm=steps // 4)
    console = Console()
    console.print(show([("malimet", us), ("run_ner.py", them)], peak * 1e12 if peak else known))
    console.print(f"{us.pieces / them.pieces:.2f} times as many pieces a second", highlight=False)


if __name__ == "__main__":
    typer.run(main)
