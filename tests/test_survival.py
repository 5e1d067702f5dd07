"""A training that is killed, at whatever moment, and started again ends as if nothing had happened."""

import multiprocessing
import os
import random
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import tiny_recipe

from annotations.document import Document
from models.export import whole_directory
from train.checkpoints import WHOLE, step_of, tidy, whole

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import SynchronizedArray

STAGES = ("/pretrained.run/", "/teachers/1/", "/student.run/", "/finetuning/")
LAST_FILE = "/trainer_state.json"  # that transformers writes of a checkpoint
PLACES = (*STAGES, LAST_FILE)
RESULTS = ("pretrained/model.safetensors", "student/model.safetensors", "model/model.safetensors", "model/model.onnx")
FILE_OPERATIONS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"}
READING = (None, "r", "rb")  # modes of opening; None is os.open, which syncs
CHANGES = [
    "pretraining.optimisation.steps=12",
    "distillation={teachers: 1, texts: [{path: text.txt}]}",
    "distillation.optimisation={steps: 12, batch_size: 16, learning_rate: 0.01}",
    "finetuning.dropout=0.2",
    "finetuning.augment={case: 0.5}",
    "finetuning.average=2",
    "finetuning.optimisation.epochs=4",
]

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["train.pipeline"])


def run(recipe: Path, changes: list[str], counts: "SynchronizedArray[int]", place: str | None, last: int) -> None:
    """Train, with a checkpoint every two steps. `counts` are the file operations at each of PLACES; the process is
    killed at the `last` at `place`."""
    import torch
    from rich.console import Console
    from transformers.utils.logging import set_verbosity_error

    import train.trainer
    from train.pipeline import train as run_stages
    from train.recipe import load_recipe

    def count(event: str, arguments: tuple[object, ...]) -> None:
        writes = event in FILE_OPERATIONS and not (event == "open" and arguments[1] in READING)
        if writes and str(arguments[0]).startswith(str(recipe.parent)):
            for number, each in enumerate(PLACES):
                if each in str(arguments[0]):
                    counts[number] += 1
                    if (each, counts[number]) == (place, last):
                        os.kill(os.getpid(), signal.SIGKILL)

    set_verbosity_error()
    torch.set_num_threads(1)
    train.trainer.CHECKPOINT_STEPS = 2
    sys.addaudithook(count)
    run_stages(load_recipe(recipe, changes), Console(quiet=True))


def ended(
    recipe: Path, changes: list[str], place: str | None = None, last: int = 0
) -> tuple[int | None, dict[str, int]]:
    """How a training ended, and how many file operations it made at each place."""
    counts = processes.Array("i", len(PLACES))
    process = processes.Process(target=run, args=(recipe, changes, counts, place, last))
    process.start()
    process.join()
    return process.exitcode, dict(zip(PLACES, counts, strict=True))


@pytest.fixture
def twins(tmp_path: Path, documents: list[Document]) -> tuple[Path, Path]:
    """The same recipe twice, to be trained in peace and to be disturbed."""
    dev = [replace(document, id=f"dev {document.id}") for document in documents]
    recipes = []
    for name in ("undisturbed", "disturbed"):
        (tmp_path / name).mkdir()
        recipes.append(tiny_recipe(tmp_path / name, documents, dev))
    return recipes[0], recipes[1]


def share_tokenizer(undisturbed: Path, disturbed: Path) -> None:
    """tokenizers breaks ties by chance, so the disturbed run is as if killed first when its tokenizer was learned."""
    shutil.copytree(
        undisturbed.parent / "run" / "pretrained.run",
        disturbed.parent / "run" / "pretrained.run",
        ignore=lambda _, names: set(names) - {"stage.json", "tokenizer.json"},
    )


def differing(names: Sequence[str], undisturbed: Path, disturbed: Path) -> list[str]:
    """The results that are not the same byte for byte."""
    sides = (undisturbed.parent / "run", disturbed.parent / "run")
    return [name for name in names if (sides[0] / name).read_bytes() != (sides[1] / name).read_bytes()]


@pytest.mark.slow
def test_a_killed_run_ends_like_an_undisturbed_one(twins: tuple[Path, Path]) -> None:
    """Weights and ONNX model are the same byte for byte. What a killed run leaves behind is on the disk, so it is
    killed in each stage at random among its file operations, most of which write a checkpoint or remove one."""
    undisturbed, disturbed = twins
    code, counts = ended(undisturbed, CHANGES)
    assert code == 0
    share_tokenizer(*twins)
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    for stage in STAGES:
        code, _ = ended(disturbed, CHANGES, stage, chance.randint(counts[stage] // 3, counts[stage] * 5 // 6))
        assert code == -signal.SIGKILL, f"{stage}, seed {seed}"
    assert ended(disturbed, CHANGES)[0] == 0
    assert differing(RESULTS, *twins) == [], f"seed {seed}"


@pytest.mark.slow
def test_a_checkpoint_that_was_not_written_to_the_end_is_not_used(twins: tuple[Path, Path]) -> None:
    undisturbed, disturbed = twins
    changes = [*CHANGES, "distillation=null", "finetuning=null"]
    assert ended(undisturbed, changes)[0] == 0
    share_tokenizer(*twins)
    assert ended(disturbed, changes, LAST_FILE, 3)[0] == -signal.SIGKILL
    runs = disturbed.parent / "run" / "pretrained.run"
    (half,) = set(runs.glob("checkpoint-*")) - set(whole(runs))
    assert (half / "model.safetensors").exists() and step_of(half) > step_of(whole(runs)[-1])
    assert ended(disturbed, changes)[0] == 0
    assert differing(RESULTS[:1], *twins) == []


def test_half_a_checkpoint_is_none(tmp_path: Path) -> None:
    """Whole ones come in the order of their steps; the rest is removed."""
    for step, marked in {9: True, 10: True, 100: True, 101: False}.items():
        checkpoint = tmp_path / f"checkpoint-{step}"
        checkpoint.mkdir()
        (checkpoint / "trainer_state.json").write_text("{}", "utf-8")
        if marked:
            (checkpoint / WHOLE).touch()
    (tmp_path / "checkpoint-10" / WHOLE).unlink()
    assert [path.name for path in whole(tmp_path)] == ["checkpoint-9", "checkpoint-100"]
    assert [path.name for path in tidy(tmp_path, keep=2)] == ["checkpoint-9", "checkpoint-100"]
    assert [path.name for path in tidy(tmp_path, keep=1)] == ["checkpoint-100"]
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-100"]


def test_a_directory_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    place = tmp_path / "model"
    with whole_directory(place) as directory:
        (directory / "weights").write_text("first", "utf-8")
        assert not place.exists()
    with pytest.raises(OSError, match="full"), whole_directory(place) as directory:
        (directory / "weights").write_text("half", "utf-8")
        raise OSError("full")
    assert (place / "weights").read_text("utf-8") == "first"
    with whole_directory(place) as directory:
        (directory / "weights").write_text("second", "utf-8")
        assert (place / "weights").read_text("utf-8") == "first"
    assert (place / "weights").read_text("utf-8") == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_directory_that_a_crash_left_aside_is_replaced(tmp_path: Path) -> None:
    """What a process killed between the two renames leaves beside it does not disturb the next."""
    for name in (".model.old", ".model.new"):
        (tmp_path / name).mkdir()
    with whole_directory(tmp_path / "model") as directory:
        (directory / "weights").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
