"""How a stage tells of its progress: a bar on a terminal, a line every few steps elsewhere, and what a recipe asks of
transformers' own integrations."""

# mypy: allow-subclassing-any

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations import get_available_reporting_integrations

TENSORBOARD = "tensorboard"


@dataclass(frozen=True)
class Tracking:
    """Where training is followed: a console, and integrations of transformers' Trainer by name."""

    console: Console
    integrations: list[str] = field(default_factory=list)


def integrations(wanted: Sequence[str] | None) -> list[str]:
    """The integrations that a recipe names, or else TensorBoard where it is installed.

    Raises ValueError for one that is not installed or not known.
    """
    available = get_available_reporting_integrations()
    if wanted is None:
        return [TENSORBOARD] if TENSORBOARD in available else []
    if missing := [name for name in wanted if name not in available]:
        installed = ", ".join(available) or "none"
        raise ValueError(
            f"report_to: {', '.join(missing)} cannot be used: it is not installed, or transformers has no such"
            f" integration. Those that can: {installed}"
        )
    return list(wanted)


class Progress(TrainerCallback):
    """Shows steps, time left and the last figures. Has to be entered before training and left after it."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._training: TaskID | None = None
        self._scoring: TaskID | None = None

    def __enter__(self) -> "Progress":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin, or go on after the step of a checkpoint."""
        if state.global_step:
            self._console.print(
                f"{self._title}: goes on after step {state.global_step:,} of {state.max_steps:,}", highlight=False
            )
        self._training = self._bars.add_task(
            self._title, total=state.max_steps, completed=state.global_step, figures=""
        )

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """One step more."""
        if self._training is not None:
            self._bars.update(self._training, completed=state.global_step)

    def on_prediction_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """One batch of the dev documents more."""
        if self._scoring is None:
            self._scoring = self._bars.add_task("scoring", total=len(kwargs["eval_dataloader"]), figures="")
        self._bars.advance(self._scoring)

    def on_evaluate(self, *args: Any, **kwargs: Any) -> None:
        """The dev documents are scored."""
        if self._scoring is not None:
            self._bars.remove_task(self._scoring)
            self._scoring = None

    on_predict = on_evaluate

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: dict[str, Any], **kwargs: Any
    ) -> None:
        """Show the loss, and the F1 of an epoch."""
        figures = ", ".join(
            f"{name.removeprefix('eval_').replace('_', ' ')} {value:.4g}"
            for name, value in logs.items()
            if name in {"loss", "learning_rate", "eval_loss"} or name.startswith("eval_f1")
        )
        if not figures:
            return
        if self._console.is_terminal and self._training is not None and "loss" in logs:
            self._bars.update(self._training, figures=figures)
        else:
            self._console.print(
                f"{self._title}: step {state.global_step:,} of {state.max_steps:,}: {figures}", highlight=False
            )
