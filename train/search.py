"""Search for better values of the fields that a recipe marks: Optuna's TPE proposes them, and a trial that falls behind
the median of the finished ones is stopped.

A trial is a fine-tuning from the recipe's base, or from its pre-trained encoder, which is made once; distillation is
left out, for it would cost a trial several. What is proposed depends only on the seed and the trials before, so a
search that was killed ends as if it had not been: the trial that it was in is proposed again and goes on from its last
checkpoint.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import optuna
import torch
import yaml
from datasets import disable_progress_bars
from optuna.importance import get_param_importances
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState
from rich.console import Console
from rich.table import Table
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.utils.logging import disable_progress_bar

from annotations.atomic import atomic_text
from annotations.labels import default_labels
from models.engine import TorchNetwork, run
from train.devset import mean_f1
from train.faults import full_disk_told
from train.finetune import finetune
from train.fingerprint import claim, fingerprint
from train.pretrain import pretrain
from train.processes import processes
from train.progress import Tracking, integrations
from train.recipe import Choice, Part, Range, Recipe, Source, Text, with_values
from train.sources import fetched

# mypy: allow-subclassing-any

DIRECTORY, STUDY, BEST = "search", "study.db", "best.yaml"
ENOUGH = 10  # scored trials: with fewer, chance decides which field seems to matter
WHY = "why"  # the attribute of a trial that could not be trained to its end


def search(recipe: Recipe, trials: int, console: Console) -> Path:
    """Run the trials that are left of so many, print them, and write best.yaml, the recipe with the best values, into
    the directory `search` of the recipe's output. Returns it.

    Raises ValueError for a recipe that marks nothing, for a range with a value that the recipe refuses, on several
    processes, where the output holds the search of another recipe, and when no trial came to its end.
    """
    _check(recipe)
    disable_progress_bars()
    disable_progress_bar()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    directory = recipe.output / DIRECTORY
    with full_disk_told(recipe.output):
        recipe = fetched(recipe, console)
        claim(directory, _fingerprint(recipe))
        study = optuna.create_study(
            storage=f"sqlite:///{directory / STUDY}",
            study_name=DIRECTORY,
            direction="maximize",
            pruner=MedianPruner(),
            load_if_exists=True,
        )
        tracking = Tracking(console, integrations(recipe.report_to))
        base = _base(recipe, tracking)
        while (done := len(finished(study))) < trials:
            study.sampler = TPESampler(seed=recipe.seed + done, constant_liar=False)
            trial, reported = _next(study)
            chosen = with_values(recipe, {key: _suggest(trial, key, values) for key, values in recipe.search.items()})
            console.rule(f"trial {done + 1} of {trials}: {_overrides(trial.params)}")
            output = directory / f"trial-{done + 1}"
            _try(study, trial, chosen, base=base, output=output, tracking=tracking, reported=reported)
            shutil.rmtree(output, ignore_errors=True)  # checkpoints are large, and the score is all that is wanted
        _print(study, console)
        return _write(recipe, study, directory / BEST)


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that count, in order: scored, or stopped because they did badly. An interrupted one is neither."""
    return study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))


def _check(recipe: Recipe) -> None:
    """Raise ValueError for what cannot be searched."""
    if not recipe.search:
        raise ValueError("the recipe marks nothing to search: give it a `search` with fields of `finetuning`")
    if processes().num_processes > 1:
        raise ValueError("one process searches: start it without torchrun and accelerate")
    for key, values in recipe.search.items():
        for value in (values.low, values.high) if isinstance(values, Range) else values:
            with_values(recipe, {key: value})


def _fingerprint(recipe: Recipe) -> dict[str, Any]:
    """All that decides how a search goes."""
    assert recipe.finetuning
    parts: list[Part] = [recipe.finetuning]
    inputs: list[Text | Source] = [*recipe.finetuning.sources]
    if recipe.pretraining:
        parts.append(recipe.pretraining)
        inputs.extend(recipe.pretraining.texts)
    decided = fingerprint(
        *parts,
        sources=inputs,
        data=recipe.data,
        seed=recipe.seed,
        base=recipe.finetuning.base,
        labels=default_labels(),
    )
    return decided | {"search": recipe.model_dump(mode="json")["search"]}


def _base(recipe: Recipe, tracking: Tracking) -> str:
    """The encoder that every trial starts from."""
    assert recipe.finetuning
    if not recipe.pretraining:
        return str(recipe.finetuning.base)
    output = recipe.output / "pretrained"
    return str(pretrain(recipe.pretraining, data=recipe.data, output=output, seed=recipe.seed, tracking=tracking))


def _next(study: optuna.Study) -> tuple[Trial, dict[int, float]]:
    """A new trial, and the scores of those of its epochs that an interrupted search has seen already."""
    interrupted = study.get_trials(states=(TrialState.RUNNING,))
    trial = study.ask()
    reported = {epoch: f1 for each in interrupted for epoch, f1 in each.intermediate_values.items()}
    for epoch, f1 in reported.items():
        trial.report(f1, epoch)
    for each in interrupted:  # only now, so that its scores are never lost
        study.tell(each.number, state=TrialState.FAIL)
    return trial, reported


def _suggest(trial: Trial, key: str, values: Range | tuple[Choice, ...]) -> Choice:
    """A trial's value of a field."""
    if not isinstance(values, Range):
        return trial.suggest_categorical(key, values)
    if isinstance(values.low, int) and isinstance(values.high, int):
        return trial.suggest_int(key, values.low, values.high, log=values.log)
    return trial.suggest_float(key, values.low, values.high, log=values.log)


class Pruning(TrainerCallback):
    """Reports the mean dev F1 of each epoch, and stops a trial whose epochs are all below the median of the others."""

    def __init__(self, trial: Trial, reported: dict[int, float]) -> None:
        self._trial = trial
        self._reported = reported

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Raises optuna.TrialPruned, but not after the last epoch, when there is nothing to save."""
        scores = [entry["eval_f1"] for entry in state.log_history if "eval_f1" in entry]
        if len(scores) not in self._reported:
            self._trial.report(scores[-1], len(scores))
        if state.global_step < state.max_steps and self._trial.should_prune():
            raise optuna.TrialPruned


def _try(
    study: optuna.Study,
    trial: Trial,
    recipe: Recipe,
    *,
    base: str,
    output: Path,
    tracking: Tracking,
    reported: dict[int, float],
) -> None:
    """Fine-tune with a trial's values and tell the study how it ended."""
    assert recipe.finetuning
    try:
        tuned = finetune(
            recipe.finetuning,
            labels=default_labels(),
            data=recipe.data,
            base=base,
            output=output,
            seed=recipe.seed,
            tracking=tracking,
            callbacks=[Pruning(trial, reported)],
        )
    except optuna.TrialPruned:
        tracking.console.print("stopped: it is below the median of the trials before")
        study.tell(trial, state=TrialState.PRUNED)
    except (ValueError, torch.OutOfMemoryError) as error:  # other values may do
        tracking.console.print(f"failed: {error}", highlight=False, markup=False)
        trial.set_user_attr(WHY, str(error))
        study.tell(trial, state=TrialState.PRUNED)  # so that TPE keeps away from such values, which FAIL does not
    else:
        study.tell(
            trial, mean_f1(tuned.dev.reports(tuned.dev.decode(run(TorchNetwork(tuned.model), tuned.dev.windows))))
        )


def _print(study: optuna.Study, console: Console) -> None:
    """Print all trials, and what each field is worth as far as that can be told.

    Raises ValueError when none came to its end.
    """
    trials = finished(study)
    scored = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if not scored:
        why = next((trial.user_attrs[WHY] for trial in trials if WHY in trial.user_attrs), "stopped")
        raise ValueError(f"none of {len(trials)} trials came to its end: {why}")
    fields = list(study.best_params)
    table = Table(
        "trial", "epochs done", "mean dev F1", *(field.rpartition(".")[2] for field in fields), title="search"
    )
    for number, trial in enumerate(trials, 1):
        ended = f"{trial.value:.4f}" if trial in scored else "failed" if WHY in trial.user_attrs else "stopped"
        table.add_row(
            str(number), str(len(trial.intermediate_values)), ended, *(_short(trial.params[field]) for field in fields)
        )
    console.print(table)
    if len(fields) > 1 and len(scored) >= ENOUGH:
        importance = get_param_importances(study)
        told = ", ".join(f"{field.rpartition('.')[2]} {share:.0%}" for field, share in importance.items())
        console.print(f"How much each field decides (PED-ANOVA): {told}.", highlight=False, soft_wrap=True)
    console.print(
        f"Best mean dev F1: {study.best_value:.4f} with {_overrides(study.best_params)}. It is the highest of"
        f" {len(scored)} scores on the same dev documents, so it flatters: score the model on others.",
        highlight=False,
        soft_wrap=True,
    )


def _write(recipe: Recipe, study: optuna.Study, path: Path) -> Path:
    """Write the recipe with the best values."""
    best = with_values(recipe, study.best_params).model_dump(mode="json", exclude_defaults=True)
    with atomic_text(path) as file:
        yaml.safe_dump(best, file, allow_unicode=True, sort_keys=False)
    return path


def _overrides(values: dict[str, Choice]) -> str:
    """Values as `malimet train` takes them."""
    return " ".join(f"{key}={json.dumps(value)}" for key, value in values.items())


def _short(value: Choice) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
