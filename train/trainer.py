"""transformers' Trainer with the settings that every stage shares."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset, SequentialSampler
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, Trainer, TrainingArguments

from train.checkpoints import Checkpoints, Collator, step_of, tidy
from train.progress import Progress, Tracking
from train.recipe import Optimisation

CHECKPOINT_STEPS = 250


class StageTrainer(Trainer):
    """A Trainer that goes on from its last whole checkpoint, stops at a loss that is no number, and gives predictions
    in the order of the rows, although training groups rows by length."""

    checkpoints: Checkpoints
    progress: Progress
    keep: int

    def learn(self) -> list[Path]:
        """Train to the last step, or take the weights of the checkpoint that was written there.

        Returns the checkpoints that are kept.

        Raises ValueError when the loss is no number.
        """
        directory = Path(self.args.output_dir)
        found = tidy(directory, self.keep)
        if found and step_of(found[-1]) == self.args.max_steps:
            self._load_from_checkpoint(str(found[-1]))
            return found
        if found:
            self.checkpoints.resume(found[-1])
        with self.progress:
            self.train(resume_from_checkpoint=str(found[-1]) if found else None)
        return tidy(directory, self.keep)

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        """As transformers does it, but a loss that is no number ends the run."""
        loss: Tensor = super().training_step(*args, **kwargs)
        if not torch.isfinite(loss):
            raise ValueError(
                f"step {self.state.global_step + 1}: the loss is {loss.item()}, so nothing more can be learned."
                f" Try a smaller learning_rate (it is {self.args.learning_rate:g}) or a longer warmup"
                f" (it is {self.args.warmup_steps:g} steps)"
            )
        return loss

    def _get_eval_sampler(self, eval_dataset: Dataset[Any]) -> SequentialSampler:
        return SequentialSampler(eval_dataset)


def steps_of(optimisation: Optimisation, rows: int) -> int:
    """How many steps a stage takes over so many rows."""
    return optimisation.steps or round((optimisation.epochs or 1) * -(-rows // optimisation.batch_size))


def trainer_for(
    *,
    title: str,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    dataset: Any,
    collator: Collator,
    optimisation: Optimisation,
    output: Path,
    seed: int,
    tracking: Tracking,
    epochs_kept: int | None = None,
    **more: Any,
) -> StageTrainer:
    """A seeded Trainer that keeps its last two checkpoints under `output`; `more` goes to Trainer.

    With `epochs_kept` it evaluates after each epoch and keeps the checkpoints of so many last ones.
    """
    steps = steps_of(optimisation, len(dataset))
    saving: dict[str, Any] = {"save_strategy": "steps", "save_steps": CHECKPOINT_STEPS}
    if epochs_kept:
        saving = {"save_strategy": "epoch", "eval_strategy": "epoch"}
    arguments = TrainingArguments(
        output_dir=str(output),
        max_steps=steps,
        per_device_train_batch_size=optimisation.batch_size,
        per_device_eval_batch_size=4 * optimisation.batch_size,
        learning_rate=optimisation.learning_rate,
        warmup_steps=round(optimisation.warmup * steps),
        weight_decay=optimisation.weight_decay,
        lr_scheduler_type=optimisation.scheduler,
        adam_beta2=0.98,
        logging_steps=50,
        logging_nan_inf_filter=False,  # the loss is looked at in every step
        report_to=tracking.integrations,
        dataloader_pin_memory=torch.cuda.is_available(),
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
        train_sampling_strategy="group_by_length",
        seed=seed,
        **saving,
    )
    keep = epochs_kept or 2
    checkpoints = Checkpoints(collator, tokenizer, keep)
    progress = Progress(tracking.console, title)
    trainer = StageTrainer(
        model=model,
        args=arguments,
        train_dataset=dataset,
        data_collator=checkpoints.collate,
        callbacks=[checkpoints, progress],
        **more,
    )
    trainer.checkpoints, trainer.progress, trainer.keep = checkpoints, progress, keep
    trainer.remove_callback(PrinterCallback)
    return trainer
