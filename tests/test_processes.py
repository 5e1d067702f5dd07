"""A step is the same step on one process and on several, at once and in parts, in fp32 and nearly so in bf16."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT, tiny_recipe
from rich.console import Console
from transformers import PreTrainedTokenizerFast

import train.trainer
from annotations.document import Document
from models.encoding import IGNORED
from models.tagger import MalimetConfig, MalimetForMaskedLM, MalimetForTokenClassification
from train.batches import Batches
from train.loss import marginal_loss
from train.pipeline import train as run_stages
from train.progress import Tracking
from train.recipe import Optimisation, load_recipe
from train.steps import Parts, padding
from train.trainer import trainer_for

TAGS = 5
STAGES = [
    "pretraining.optimisation={steps: 12, batch_size: 8, accumulate: 2, learning_rate: 0.01}",
    "distillation={teachers: 1, texts: [{path: text.txt}]}",
    "distillation.optimisation={steps: 4, batch_size: 16, learning_rate: 0.01}",
    "finetuning.optimisation={epochs: 6, batch_size: 4, accumulate: 2, learning_rate: 0.01}",
]
RESULTS = ("pretrained/model.safetensors", "student/model.safetensors", "model/model.safetensors", "model/model.onnx")


def rows(count: int) -> list[dict[str, Any]]:
    """Rows of 3 to 14 pieces, of which from none to all teach."""
    chance = torch.Generator().manual_seed(1)
    made = []
    for number in range(count):
        length = 3 + 7 * number % 12
        ids = torch.randint(1, 50, (length,), generator=chance).tolist()
        allowed = [[(number + piece) % TAGS] if piece < number % 9 else [] for piece in range(length)]
        made.append({"input_ids": ids, "allowed": allowed})
    return made


def masked(some: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """A batch for masked language modelling, always with the same masks: the pieces that teach something."""
    batch = Batches(0, TAGS)(some)
    asked = batch["labels"].any(-1)
    asked[:, 0] = True
    return batch | {"labels": torch.where(asked, batch["input_ids"], IGNORED)}


SIZES = {"vocab_size": 60, "first_continuation": 30, "hidden_size": 16, "intermediate_size": 32, "dropout": 0.0}
SHAPE = MalimetConfig(num_hidden_layers=1, num_attention_heads=2, num_labels=TAGS, **SIZES)


def prepared(network: Callable[[MalimetConfig], Any], collator: Any, directory: Path, **optimisation: Any) -> Any:
    """A Trainer of ten steps over 26 rows, of which the last step of an epoch has two."""
    torch.manual_seed(3)
    model = network(deepcopy(SHAPE))
    own = network is MalimetForTokenClassification
    more = {"compute_loss_func": lambda outputs, allowed, **_: marginal_loss(outputs.logits, allowed)} if own else {}
    return trainer_for(
        title="",
        model=model,
        tokenizer=PreTrainedTokenizerFast.from_pretrained(ROOT / "models" / "default"),
        dataset=rows(26),
        collator=collator,
        optimisation=Optimisation(steps=10, batch_size=8, learning_rate=0.01, **optimisation),
        output=directory,
        seed=1,
        tracking=Tracking(Console(quiet=True)),
        **more,
    )


def losses(*args: Any, **optimisation: Any) -> tuple[list[float], Any]:
    """The loss of each step, and the model in the end."""
    trainer = prepared(*args, **optimisation)
    trainer.learn()
    return [log["loss"] for log in trainer.state.log_history if "loss" in log], trainer.model


@pytest.mark.parametrize(
    ("network", "collator"),
    [(MalimetForTokenClassification, Batches(0, TAGS)), (MalimetForMaskedLM, masked)],
    ids=["our loss", "the model's loss"],
)
def test_parts_of_a_step_add_up_to_it(
    network: Callable[[MalimetConfig], Any], collator: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though they teach different numbers of words: the mean of their means is another curve."""
    monkeypatch.setattr(train.trainer, "LOGGING_STEPS", 1)
    whole, model = losses(network, collator, tmp_path / "whole")
    parts, same = losses(network, collator, tmp_path / "parts", accumulate=4)
    assert len(whole) == 10 and parts == pytest.approx(whole, abs=1e-5)
    for one, other in zip(model.parameters(), same.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-3)
    assert whole[-1] < whole[0]


def test_bf16_learns_nearly_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And keeps its weights in fp32."""
    monkeypatch.setattr(train.trainer, "LOGGING_STEPS", 1)
    batches = Batches(0, TAGS)
    full, _ = losses(MalimetForTokenClassification, batches, tmp_path / "fp32")
    half, model = losses(MalimetForTokenClassification, batches, tmp_path / "bf16", precision="bf16")
    assert half != full and half == pytest.approx(full, rel=0.05)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_compiling_is_asked_of_transformers(tmp_path: Path) -> None:
    """Which compiles; a compiler and a minute are not asked for here."""
    for asked in (False, True):
        trainer = prepared(MalimetForMaskedLM, masked, tmp_path, compile=asked)
        assert trainer.args.torch_compile is asked


def test_each_row_is_in_one_part() -> None:
    """Of the last step, with fewer rows than parts, all rows are in all parts."""
    lengths = [number % 13 + 1 for number in range(27)]
    parts = list(Parts(lengths, rows=8, parts=4))
    assert len(parts) == len(Parts(lengths, rows=8, parts=4)) == 16
    assert [len(part) for part in parts] == [2] * 12 + [3] * 4
    assert sorted(row for part in [*parts[:12], parts[12]] for row in part) == list(range(27))
    assert parts[12] == parts[13] == parts[14] == parts[15]


def test_padding_is_a_share() -> None:
    assert padding([5] * 40, rows=8, parts=2) == 0
    assert padding([1, 3], rows=2, parts=1) == pytest.approx(1 / 3)


def test_a_step_is_divided_evenly(tmp_path: Path, documents: list[Document]) -> None:
    recipe = tiny_recipe(tmp_path, documents, documents)
    with pytest.raises(ValueError, match="2 rows a step cannot be split into accumulate: 3 parts"):
        load_recipe(recipe, ["finetuning.optimisation.accumulate=3"])
    with pytest.raises(ValueError, match="fp32"):
        load_recipe(recipe, ["finetuning.optimisation.precision=fp8"])


def torchrun(recipe: Path, *changes: str, place: str = "") -> subprocess.CompletedProcess[str]:
    """Train on two processes; see processes.py."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run(
        [*command, str(ROOT / "tests" / "processes.py"), place, "train", str(recipe), *changes],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def curve(stage: Path) -> list[float]:
    """The loss of each step, as the stage's last checkpoint has it."""
    last = max(stage.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    history = json.loads((last / "trainer_state.json").read_text("utf-8"))["log_history"]
    return [log["loss"] for log in history if "loss" in log]


@pytest.mark.slow
def test_two_processes(tmp_path: Path, documents: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    """All stages on two processes, each step in two parts on each: fine-tuning has the loss curve that it has on one
    process at once. Killed while it writes a checkpoint and started again, the run ends with the same weights."""
    monkeypatch.setattr(train.trainer, "LOGGING_STEPS", 1)
    dev = [replace(document, id=f"dev {document.id}") for document in documents]
    recipes = {}
    for name in ("undisturbed", "killed", "alone"):
        (tmp_path / name).mkdir()
        recipes[name] = tiny_recipe(tmp_path / name, documents, dev)
    undisturbed, killed = tmp_path / "undisturbed" / "run", tmp_path / "killed" / "run"

    done = torchrun(recipes["undisturbed"], *STAGES)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("labelled data") == 2 and done.stdout.count("wrote ") == 1  # a teacher's and the student's
    record = json.loads((undisturbed / "run.json").read_text("utf-8"))
    assert record["machine"]["processes"] == 2 and len(record["sessions"]) == 1

    base = [*STAGES[3:], "pretraining=null", f"finetuning.base={undisturbed / 'student'}"]
    run_stages(load_recipe(recipes["alone"], [*base, "finetuning.optimisation.accumulate=1"]), Console(quiet=True))
    alone, together = curve(tmp_path / "alone" / "run" / "finetuning"), curve(undisturbed / "finetuning")
    assert len(alone) == 12 and together == pytest.approx(alone, abs=1e-5)

    tokenizer = shutil.ignore_patterns("checkpoint-*", "rows", "runs")  # tokenizers breaks ties by chance
    shutil.copytree(undisturbed / "pretrained.run", killed / "pretrained.run", ignore=tokenizer)
    assert torchrun(recipes["killed"], *STAGES, place="checkpoint-8/trainer_state.json").returncode != 0
    assert not (killed / "pretrained").exists() and (killed / "pretrained.run" / "checkpoint-8").exists()
    done = torchrun(recipes["killed"], *STAGES)
    assert done.returncode == 0, done.stderr
    assert "goes on after step 6 of 12" in done.stdout
    assert [name for name in RESULTS if (undisturbed / name).read_bytes() != (killed / name).read_bytes()] == []


@pytest.mark.slow
def test_an_uneven_step_is_refused(tmp_path: Path, documents: list[Document]) -> None:
    recipe = tiny_recipe(tmp_path, documents, documents)
    done = torchrun(recipe, "pretraining.optimisation.batch_size=3")
    assert done.returncode != 0 and "3 rows a step cannot be dealt evenly to 2 processes" in done.stderr
