"""transformers' Trainer with the settings that every stage shares."""

import sys
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset, SequentialSampler
from transformers import PreTrainedModel, Trainer, TrainingArguments

from train.recipe import Optimisation

CHECKPOINT_STEPS = 250


class OrderedTrainer(Trainer):
    """A Trainer whose predictions come in the order of the rows, although training groups rows by length."""

    def _get_eval_sampler(self, eval_dataset: Dataset[Any]) -> SequentialSampler:
        return SequentialSampler(eval_dataset)


def trainer_for(
    *,
    model: PreTrainedModel,
    dataset: Any,
    collator: Any,
    optimisation: Optimisation,
    output: Path,
    seed: int,
    epochs_kept: int | None = None,
    **more: Any,
) -> Trainer:
    """A seeded Trainer that keeps its last two checkpoints under `output`; `more` goes to Trainer.

    With `epochs_kept` it evaluates after each epoch and keeps the checkpoints of so many last ones.
    """
    epoch = -(-len(dataset) // optimisation.batch_size)
    steps = optimisation.steps or round((optimisation.epochs or 1) * epoch)
    saving: dict[str, Any] = {"save_strategy": "steps", "save_steps": CHECKPOINT_STEPS, "save_total_limit": 2}
    if epochs_kept:
        saving = {"save_strategy": "epoch", "eval_strategy": "epoch", "save_total_limit": epochs_kept}
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
        report_to="none",
        disable_tqdm=not sys.stderr.isatty(),
        remove_unused_columns=False,
        label_names=["labels"],
        train_sampling_strategy="group_by_length",
        seed=seed,
        **saving,
    )
    return OrderedTrainer(model=model, args=arguments, train_dataset=dataset, data_collator=collator, **more)
