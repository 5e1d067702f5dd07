"""transformers' Trainer with the settings that every stage shares."""

from pathlib import Path
from typing import Any

import datasets
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, SequentialSampler
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

from models.encoding import IGNORED
from train.checkpoints import Checkpoints, Collator, step_of, tidy
from train.processes import CPU
from train.progress import Progress, Tracking
from train.recipe import Optimisation
from train.steps import Parts, parts_of, steps_of

CHECKPOINT_STEPS = 250
LOGGING_STEPS = 50


class StageTrainer(Trainer):
    """A Trainer that goes on from its last whole checkpoint, stops at a loss that is no number, and gives predictions
    in the order of the rows, although training groups rows by length.

    A step is the same on one process and on several, with accumulation and without: it sees the same rows, and its loss
    is the mean over all that they teach. The loss of a batch has to be a mean: see `taught`.
    """

    loss_is_scaled_for_ga = True  # by compute_loss: transformers has nothing to divide for accumulation
    checkpoints: Checkpoints
    progress: Progress
    optimisation: Optimisation
    keep: int

    def learn(self) -> list[Path]:
        """Train to the last step, or take the weights of the checkpoint that was written there.

        Returns the checkpoints that are kept.

        Raises ValueError when the loss is no number.
        """
        directory = Path(self.args.output_dir)
        with self.accelerator.main_process_first():
            found = tidy(directory, self.keep)
        if found and step_of(found[-1]) == self.args.max_steps:
            self._load_from_checkpoint(str(found[-1]))
            return found
        if found:
            self.checkpoints.resume(found[-1])
        if self.args.process_index:
            set_seed(self.args.seed + self.args.process_index)  # each process drops and masks in its own way
        with self.progress:
            self.train(resume_from_checkpoint=str(found[-1]) if found else None)
        with self.accelerator.main_process_first():
            return tidy(directory, self.keep)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The rows of each step, dealt to the processes and to the parts of accumulation."""
        rows = self.train_dataset
        pieces = rows["input_ids"] if isinstance(rows, datasets.Dataset) else (row["input_ids"] for row in rows)
        loader = DataLoader(
            rows,
            batch_sampler=Parts(
                [len(each) for each in pieces], self.optimisation.batch_size, parts_of(self.optimisation)
            ),
            collate_fn=self.data_collator,
            pin_memory=self.args.dataloader_pin_memory,
        )
        return self.accelerator.prepare(loader)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """In training, what a batch adds to the mean over all that its step teaches.

        A mean of the batches' means is another thing: they do not teach the same number of words. Accumulation adds the
        gradients of batches, and processes average theirs, so each is multiplied by their number.
        """
        share = taught(inputs["labels"]) / num_items_in_batch * self.args.world_size if model.training else 1
        loss, outputs = super().compute_loss(model, inputs, return_outputs=True)
        return (share * loss, outputs) if return_outputs else share * loss

    def _get_num_items_in_batch(self, batch_samples: list[dict[str, Tensor]], device: torch.device) -> Tensor:
        """What a step teaches, in all of its parts on all processes; at least one, for it is divided by."""
        ours = torch.stack([taught(batch["labels"]) for batch in batch_samples]).sum()
        total: Tensor = self.accelerator.gather(ours.to(device)).sum()
        return total.clamp(min=1)

    def compute_loss_context_manager(self) -> Any:
        """Training computes in the recipe's precision, scoring always in fp32."""
        contexts = super().compute_loss_context_manager()
        if self.optimisation.precision == "bf16" and self.model.training:
            contexts.enter_context(torch.autocast(self.args.device.type, torch.bfloat16))
        return contexts

    def prediction_step(self, *args: Any, **kwargs: Any) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """As transformers does it, but of the labels only whether there are any: no score looks at them, and several
        processes could not exchange truth values of different lengths, which accelerate pads with −100."""
        loss, logits, labels = super().prediction_step(*args, **kwargs)
        return loss, logits, labels if labels is None else labels.any(-1).long()

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


def taught(labels: Tensor) -> Tensor:
    """Over how many pieces the mean goes that is a batch's loss: those with a tag or a probability in labels
    [rows, longest, tags], or those asked for in [rows, longest]."""
    return (labels.any(-1) if labels.dim() == 3 else labels != IGNORED).sum()


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

    With `epochs_kept` it evaluates after each epoch and keeps the checkpoints of so many last ones. Raises ValueError
    for rows a step that cannot be dealt evenly to the processes.
    """
    rows = optimisation.batch_size // parts_of(optimisation)
    steps = steps_of(optimisation, len(dataset))
    saving: dict[str, Any] = {"save_strategy": "steps", "save_steps": CHECKPOINT_STEPS}
    if epochs_kept:
        saving = {"save_strategy": "epoch", "eval_strategy": "epoch"}
    arguments = TrainingArguments(
        output_dir=str(output),
        max_steps=steps,
        per_device_train_batch_size=rows,
        per_device_eval_batch_size=4 * rows,
        gradient_accumulation_steps=optimisation.accumulate,
        torch_compile=optimisation.compile,
        use_cpu=CPU,
        learning_rate=optimisation.learning_rate,
        warmup_steps=round(optimisation.warmup * steps),
        weight_decay=optimisation.weight_decay,
        lr_scheduler_type=optimisation.scheduler,
        adam_beta2=0.98,
        logging_steps=LOGGING_STEPS,
        logging_nan_inf_filter=False,  # the loss is looked at in every step
        report_to=tracking.integrations,
        dataloader_pin_memory=torch.cuda.is_available(),
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
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
    trainer.optimisation = optimisation
    trainer.remove_callback(PrinterCallback)
    return trainer
