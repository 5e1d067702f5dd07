"""Optuna's search in the fields that a recipe marks."""

import io
import multiprocessing
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
import pytest
import yaml
from conftest import tiny_recipe
from rich.console import Console
from typer.testing import CliRunner

from annotations.document import Document
from malimet.cli import app
from train.pipeline import train
from train.recipe import Range, Recipe, load_recipe, with_values
from train.search import finished, search

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

RATE, BATCH = "finetuning.optimisation.learning_rate", "finetuning.optimisation.batch_size"
FIELDS: dict[str, Any] = {RATE: {"low": 1.0e-4, "high": 3.0e-2, "log": True}, BATCH: [2, 6]}

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["train.search"])


def recipe_of(directory: Path, documents: list[Document], marked: dict[str, Any]) -> Recipe:
    """A recipe of three epochs that marks fields."""
    directory.mkdir(exist_ok=True)
    dev = [replace(document, id=f"dev {document.id}") for document in documents]
    path = tiny_recipe(
        directory, documents, dev, optimisation={"epochs": 3, "batch_size": 2, "learning_rate": 0.01}, dropout=0.2
    )
    tree = yaml.safe_load(path.read_text("utf-8"))
    path.write_text(yaml.safe_dump(tree | {"search": marked, "report_to": []}, allow_unicode=True), "utf-8")
    return load_recipe(path)


def outcome(recipe: Recipe) -> list[tuple[object, ...]]:
    """What the study holds of each trial that counts."""
    study = optuna.load_study(study_name="search", storage=f"sqlite:///{recipe.output / 'search' / 'study.db'}")
    return [(trial.params, trial.state, trial.value, trial.intermediate_values) for trial in finished(study)]


def test_ranges_and_choices(tmp_path: Path, documents: list[Document]) -> None:
    marked = FIELDS | {"finetuning.average": {"low": 1, "high": 3}, "finetuning.augment": [None, "case"]}
    recipe = recipe_of(tmp_path, documents, marked)
    assert recipe.search == {
        RATE: Range(low=1e-4, high=3e-2, log=True),
        BATCH: (2, 6),
        "finetuning.average": Range(low=1, high=3),
        "finetuning.augment": (None, "case"),
    }
    assert isinstance(recipe.search["finetuning.average"], Range)
    assert isinstance(recipe.search["finetuning.average"].low, int), "so that whole numbers are proposed"
    other = with_values(recipe, {BATCH: 6, "finetuning.dropout": 0.0})
    assert other.finetuning and other.finetuning.optimisation.batch_size == 6 and other.finetuning.dropout == 0.0
    assert other.search == {} and other.pretraining == recipe.pretraining


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        ({}, "marks nothing to search"),
        ({"seed": [1, 2]}, "seed: only fields of `finetuning` are searched"),
        ({"finetuning.droput": [0.1]}, "droput"),
        ({"finetuning.dropout": []}, "finetuning.dropout: there is nothing to choose from"),
        ({"finetuning.dropout": {"low": 0.5, "high": 0.1}}, r"low is 0\.5, which is more than high"),
        ({RATE: {"low": 0.0, "high": 0.1, "log": True}}, "of which there is no logarithm"),
        ({RATE: {"low": 0.1, "hihg": 0.2}}, "hihg"),
        ({"finetuning.average": [1, 0]}, "greater than or equal to 1"),
        ({"finetuning.dropout.rate": [1, 0]}, "the recipe has no fields below dropout"),
    ],
)
def test_what_cannot_be_searched_is_refused_at_once(
    marked: dict[str, Any], reason: str, tmp_path: Path, documents: list[Document]
) -> None:
    with pytest.raises(ValueError, match=reason):
        search(recipe_of(tmp_path, documents, marked), 2, Console(quiet=True))
    assert not (tmp_path / "run").exists()


def searched(recipe: Recipe, count: "Synchronized[int]", last: int) -> None:
    """Search with three trials. `count` is of the file operations in the second; the process is killed at `last`."""
    import torch

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in {"open", "os.mkdir", "os.rename", "os.remove"} and "/trial-2/" in str(arguments[0]):
            count.value += 1
            if count.value == last:
                os.kill(os.getpid(), signal.SIGKILL)

    torch.set_num_threads(1)
    sys.addaudithook(watch)
    search(recipe, 3, Console(quiet=True))


def ended(recipe: Recipe, last: int = 0) -> tuple[int | None, int]:
    """How a search ended, and how many file operations its second trial made."""
    count = processes.Value("i", 0)
    process = processes.Process(target=searched, args=(recipe, count, last))
    process.start()
    process.join()
    return process.exitcode, count.value


@pytest.mark.slow
def test_a_killed_search_ends_like_an_undisturbed_one(tmp_path: Path, documents: list[Document]) -> None:
    """It has the same trials, none counted twice, and the same best recipe; more trials can be added."""
    whole = recipe_of(tmp_path / "whole", documents, FIELDS)
    encoder = train(whole.model_copy(update={"finetuning": None}), Console(quiet=True))
    assert whole.finetuning
    tuned = whole.finetuning.model_copy(update={"base": str(encoder)})
    whole = whole.model_copy(update={"pretraining": None, "finetuning": tuned})
    broken = whole.model_copy(update={"output": tmp_path / "broken"})
    code, operations = ended(whole)
    assert code == 0 and operations > 100
    for share in (0.5, 0.2):  # the second time it goes on from a checkpoint, so there is less to do
        assert ended(broken, round(share * operations))[0] == -signal.SIGKILL
        assert len(outcome(broken)) == 1 and list((broken.output / "search").glob("trial-2/checkpoint-*"))
    console = Console(file=io.StringIO(), width=160)
    best = search(broken, 3, console)
    assert outcome(broken) == outcome(whole)
    assert len({str(params) for params, *_ in outcome(whole)}) == 3
    assert not list((broken.output / "search").glob("trial-*")), "checkpoints are large"
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "trial 2 of 3" in told and "goes on after step" in told and "trial 1 of 3" not in told
    assert "it flatters" in told and "How much each field decides" not in told

    values, _, score, _ = max(outcome(whole), key=lambda trial: trial[2])  # type: ignore[arg-type,return-value]
    assert f"Best mean dev F1: {score:.4f}" in told
    found = load_recipe(best).finetuning
    assert found and isinstance(values, dict)
    assert (found.optimisation.learning_rate, found.optimisation.batch_size) == (values[RATE], values[BATCH])
    assert load_recipe(best).output == broken.output
    search(broken, 4, Console(quiet=True))
    assert len(outcome(broken)) == 4 and outcome(broken)[:3] == outcome(whole)
    study = optuna.load_study(study_name="search", storage=f"sqlite:///{broken.output / 'search' / 'study.db'}")
    study.add_trials([trial for trial in study.trials if trial.value is not None] * 2)
    search(broken, 12, console)
    assert "How much each field decides" in console.file.getvalue()  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=r"search was made from something else: search\."):
        search(broken.model_copy(update={"search": {BATCH: (2, 4)}}), 4, Console(quiet=True))


@pytest.mark.slow
def test_what_does_badly_is_stopped_or_told(tmp_path: Path, documents: list[Document]) -> None:
    """A rate that learns nothing is below the median of five good trials; one that diverges says so."""
    recipe = recipe_of(tmp_path, documents, {RATE: [1.0e30]})
    command = ["search", str(tmp_path / "recipe.yaml"), "--trials", "1"]
    failed = CliRunner().invoke(app, command)
    assert failed.exit_code == 2 and "none of 1 trials came to its end: step" in failed.output.replace("\n", " ")
    useless = recipe.model_copy(update={"search": {RATE: (1.0e-9,)}, "output": tmp_path / "second"})
    search(useless, 1, Console(quiet=True))
    study = optuna.load_study(study_name="search", storage=f"sqlite:///{tmp_path / 'second' / 'search' / 'study.db'}")
    good = study.trials[0]
    good.value, good.intermediate_values = 1.0, {1: 1.0, 2: 1.0, 3: 1.0}
    for _ in range(5):
        study.add_trial(good)
    search(useless, 7, Console(quiet=True))
    _, state, _, epochs = outcome(useless)[-1]
    assert state == optuna.trial.TrialState.PRUNED and len(epochs) == 1  # type: ignore[arg-type]
