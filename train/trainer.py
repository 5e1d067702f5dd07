"""transformers' Trainer with the settings that every stage shares."""

import sys
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset, SequentialSampler
from transformers import PreTrainedModel, Trainer, TrainingArguments

from train.recipe import Optimisation

CHECKPOINT_STEPS = 250


class OrderedTrainer(Trainer):
    """A Trainer whose predictions come in the order of the rows, also where training groups rows by length."""

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
    best: str | None = None,
    **more: Any,
) -> Trainer:
    """A seeded Trainer that keeps two checkpoints under `output`; `more` goes to Trainer.

    With `best` it evaluates after each epoch and ends with the weights of the epoch that has the highest such metric.
    """
    epoch = -(-len(dataset) // optimisation.batch_size)
    steps = optimisation.steps or round((optimisation.epochs or 1) * epoch)
    choice: dict[str, Any] = {"save_strategy": "steps", "save_steps": CHECKPOINT_STEPS}
    if best:
        choice = {
            "save_strategy": "epoch",
            "eval_strategy": "epoch",
            "load_best_model_at_end": True,
            "metric_for_best_model": best,
            "train_sampling_strategy": "group_by_length",
        }
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
        save_total_limit=2,
        logging_steps=50,
        report_to="none",
        disable_tqdm=not sys.stderr.isatty(),
        remove_unused_columns=False,
        label_names=["labels"],
        seed=seed,
        **choice,
    )
    return OrderedTrainer(model=model, args=arguments, train_dataset=dataset, data_collator=collator, **more)
