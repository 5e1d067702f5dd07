"""A stage's checkpoints: each is whole or absent, and a run that goes on from one ends as if it had never stopped.

transformers writes the files of `checkpoint-N` one after another under their final names, so that a run killed in the
middle leaves a part of them; its own resume then takes the directory with the highest number. Here a marker, written
when all files are on the disk, tells a checkpoint that is whole, and the others are removed before anything is read.
"""

# mypy: allow-subclassing-any

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from models.export import sync
from train.processes import processes

WHOLE = "whole"

Collator = Callable[[list[dict[str, Any]]], dict[str, Tensor]]


def step_of(checkpoint: Path) -> int:
    """The number of steps after which a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def whole(directory: Path) -> list[Path]:
    """The whole checkpoints in a directory, the oldest first."""
    return sorted((marker.parent for marker in directory.glob(f"{PREFIX_CHECKPOINT_DIR}-*/{WHOLE}")), key=step_of)


def tidy(directory: Path, keep: int) -> list[Path]:
    """Remove all checkpoints but the last `keep` whole ones, and return those."""
    kept = whole(directory)[-keep:]
    for checkpoint in directory.glob(f"{PREFIX_CHECKPOINT_DIR}-*"):
        if checkpoint not in kept:
            (checkpoint / WHOLE).unlink(missing_ok=True)  # first: what is half removed is not whole
            shutil.rmtree(checkpoint)
    return kept


def _states(checkpoint: Path) -> Path:
    """Where this process keeps its random states."""
    number = processes().process_index
    return checkpoint / (f"random_states_{number}.pt" if number else "random_states.pt")


class Checkpoints(TrainerCallback):
    """Marks checkpoints as whole, keeps the last `keep`, and lets a run repeat the random draws of the run before it.

    transformers restores the random state of the end of a step. But the order of an epoch's rows was drawn when the
    epoch began, and the batch of the next step was put together before the checkpoint was written, because accelerate
    reads one batch ahead. So the states before those draws are saved too. Only torch's CPU generator takes part in
    them, and each process has its own. The collator has to be `collate`.
    """

    def __init__(self, collator: Collator, tokenizer: PreTrainedTokenizerBase, keep: int) -> None:
        self._collator = collator
        self._tokenizer = tokenizer
        self._keep = keep
        self._before_epoch = self._before_batch = self._after_batch = torch.get_rng_state()
        self._replayed: list[Tensor] | None = None

    def resume(self, checkpoint: Path) -> None:
        """Repeat the draws that a run made around a checkpoint; a process that had no part in it makes new ones."""
        if (states := _states(checkpoint)).exists():
            self._before_epoch, *self._replayed = torch.load(states, weights_only=True)

    def collate(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        """A batch of rows."""
        if self._replayed:
            torch.set_rng_state(self._replayed.pop(0))
        self._before_batch = torch.get_rng_state()
        batch = self._collator(rows)
        self._after_batch = torch.get_rng_state()
        return batch

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """The rows of an epoch that a checkpoint stands in come in the same order again."""
        batches = state.global_step * args.gradient_accumulation_steps
        if self._replayed and batches % len(kwargs["train_dataloader"]):
            torch.set_rng_state(self._before_epoch)
        elif self._replayed:
            self._before_epoch = self._replayed[-1]  # the checkpoint stands at an epoch's end: transformers sets this
            self._replayed = None
        else:
            self._before_epoch = torch.get_rng_state()

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        """Go on after the last replayed draw; what was not drawn again is the state of the checkpoint itself."""
        if self._replayed is not None:
            torch.set_rng_state(self._replayed[0] if self._replayed else self._after_batch)
            self._replayed = None

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Complete a checkpoint, mark it when each process has written its part, and only then remove an older one."""
        checkpoint = Path(args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
        torch.save([self._before_epoch, self._before_batch, torch.get_rng_state()], _states(checkpoint))
        processes().wait_for_everyone()
        if not args.should_save:
            return
        self._tokenizer.save_pretrained(checkpoint)
        sync(checkpoint)
        (checkpoint / WHOLE).touch()
        sync(checkpoint)
        tidy(checkpoint.parent, self._keep)
