"""A run tells what it does, records what it was made from, and stops with a sentence."""

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from conftest import tiny_recipe
from rich.console import Console
from transformers import BertConfig, BertForMaskedLM, CanineTokenizer

from annotations.document import Document
from annotations.formats import label_studio
from train.base import open_tokenizer
from train.faults import full_disk_told
from train.pipeline import train
from train.recipe import load_recipe

pytestmark = pytest.mark.slow
SHORT = ["finetuning.optimisation={epochs: 1, batch_size: 2, learning_rate: 0.01}"]


@dataclass(frozen=True)
class Run:
    """A finished training: its recipe, its output directory and what it printed on a terminal."""

    recipe: Path
    output: Path
    printed: str


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, documents: list[Document]) -> Run:
    directory = tmp_path_factory.mktemp("run")
    dev = [replace(document, id=f"dev {document.id}") for document in documents]
    recipe = tiny_recipe(directory, documents, dev)
    paper = io.StringIO()
    train(load_recipe(recipe, SHORT), Console(file=paper, force_terminal=True, width=120))
    return Run(recipe, directory / "run", paper.getvalue())


def again(run: Run, *changes: str) -> Path:
    return train(load_recipe(run.recipe, [*SHORT, *changes]), Console(quiet=True))


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("seed=2", "pretrained was made from something else: seed was 1 and is now 2"),
        ("pretraining.masked=0.4", "recipe.pretraining.masked was not set and is now 0.4"),
        ("finetuning.optimisation.learning_rate=0.5", "optimisation.learning_rate was 0.01 and is now 0.5"),
        ("finetuning.augment={case: 1.0}", "recipe.finetuning.augment.case was not set and is now 1.0"),
        ("finetuning.sources=[{path: dev.json, dev: 1}]", "data.train.json was"),
    ],
)
def test_another_recipe_does_not_go_on(finished: Run, change: str, difference: str) -> None:
    with pytest.raises(ValueError, match=r"Choose another `output`, or delete .*run/\w+ to begin it again$") as stopped:
        again(finished, change)
    assert difference in str(stopped.value)


def test_other_data_stop_a_run(finished: Run, documents: list[Document], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished.recipe.parent, copy)
    label_studio.write(documents[:5], copy / "train.json")
    with pytest.raises(ValueError, match=r"data\.train\.json was [0-9a-f]{8} and is now [0-9a-f]{8}"):
        again(finished, f"data={copy}", f"output={copy / 'run'}")


def test_work_of_unknown_origin_stops_a_run(finished: Run, tmp_path: Path) -> None:
    (tmp_path / "finetuning" / "checkpoint-9").mkdir(parents=True)
    base = f"finetuning.base={finished.output / 'pretrained'}"
    with pytest.raises(ValueError, match=r"does not say what it was made from: it has no stage\.json"):
        again(finished, "pretraining=null", base, f"output={tmp_path}")


def test_a_run_killed_before_its_first_word_starts_again(finished: Run, tmp_path: Path) -> None:
    """A hidden file, half written, is no work of another recipe."""
    (tmp_path / "pretrained.run").mkdir()
    (tmp_path / "pretrained.run" / ".0a1b.tmp").touch()
    assert again(finished, "finetuning=null", f"output={tmp_path}").exists()


def test_what_decides_nothing_stops_nothing(finished: Run) -> None:
    """Run again with another name and a licence, only the model directory is written anew, with the same weights."""
    before = (finished.output / "model" / "model.safetensors").read_bytes()
    sources = "[{path: train.json, licence: MIT}, {path: dev.json, dev: 1}]"
    model = again(finished, "name=other", f"finetuning.sources={sources}")
    assert (model / "model.safetensors").read_bytes() == before
    assert "train.json: MIT" in (model / "README.md").read_text("utf-8")


def test_a_run_is_recorded(finished: Run) -> None:
    record = json.loads((finished.output / "run.json").read_text("utf-8"))
    assert record == json.loads((finished.output / "model" / "run.json").read_text("utf-8"))
    content = (finished.recipe.parent / "train.json").read_bytes()
    assert record["data"]["train.json"] == hashlib.sha256(content).hexdigest()
    assert set(record["data"]) == {"text.txt", "train.json", "dev.json"}
    assert record["documents"] == {"train.json": 6, "dev.json": 6}
    assert record["seed"] == 1 and record["recipe"]["finetuning"]["window"] == 32
    assert {"python", "torch", "transformers", "datasets", "malimet"} <= set(record["versions"])
    assert record["machine"]["cpu"] and record["machine"]["threads"]
    assert record["sessions"][0]["seconds"] > 0
    assert 0 <= record["metrics"]["dev"]["dev"]["f1-score"] <= 1


def test_progress_is_shown(finished: Run, tmp_path: Path) -> None:
    """A bar on a terminal, lines elsewhere, and TensorBoard's files beside the checkpoints."""
    assert "pre-training" in finished.printed and "3/3" in finished.printed
    assert len(list((finished.output / "finetuning").glob("runs/*/events.*"))) == 1
    paper = io.StringIO()
    base = f"finetuning.base={finished.output / 'pretrained'}"
    changes = [*SHORT, "pretraining=null", "report_to=[]", base, f"output={tmp_path}"]
    train(load_recipe(finished.recipe, changes), Console(file=paper, width=200))
    assert "fine-tuning: step 3 of 3: loss" in paper.getvalue() and "f1 dev" in paper.getvalue()
    assert not list(tmp_path.rglob("events.*"))


def test_an_integration_has_to_be_there(finished: Run) -> None:
    with pytest.raises(ValueError, match="report_to: clippy cannot be used"):
        again(finished, "report_to=[clippy]")


def test_a_loss_that_is_no_number_stops_a_run(finished: Run, tmp_path: Path) -> None:
    changes = ["finetuning.optimisation={steps: 30, batch_size: 2, learning_rate: 1.0e+30}", f"output={tmp_path}"]
    with pytest.raises(ValueError, match=r"step \d+: the loss is (nan|inf).*Try a smaller learning_rate"):
        again(finished, *changes)


def written_by_python(full: Path) -> None:
    with full.open("w") as file:
        file.write("a" * 100_000)


def written_by_torch(full: Path) -> None:
    with full.open("wb") as file:
        torch.save(torch.zeros(100_000), file)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("write", [written_by_python, written_by_torch])
def test_a_full_disk_is_told(write: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"the disk that holds .* is full\. Make room"), full_disk_told(tmp_path / "run"):
        write(Path("/dev/full"))


def test_other_faults_stay_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"^something else$"), full_disk_told(tmp_path):
        raise RuntimeError("something else")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (["pretraining.texts=[{path: empty.txt}]"], r"empty\.txt: a share of 1 of its lines is not a single one"),
        (["finetuning.sources=[{path: empty.json}]"], r"empty\.json holds no document that can be learned from"),
        (
            ["finetuning.sources=[{path: train.json, dev: 1.0e-9}]"],
            r"train\.json: `dev: 1e-09` holds out none of its 6 documents",
        ),
        (["finetuning=null", "pretraining=null"], "neither `pretraining` nor `finetuning`"),
        (["pretraining=null"], "the recipe names no encoder"),
    ],
)
def test_what_is_missing_is_named(changes: list[str], sentence: str, tmp_path: Path, documents: list[Document]) -> None:
    (tmp_path / "empty.txt").write_text("\n", "utf-8")
    (tmp_path / "empty.json").write_text("[]", "utf-8")
    with pytest.raises(ValueError, match=sentence):
        train(load_recipe(tiny_recipe(tmp_path, documents, documents), changes), Console(quiet=True))


def test_a_base_needs_a_fast_tokenizer(tmp_path: Path) -> None:
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    BertForMaskedLM(BertConfig(vocab_size=9, **sizes)).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="has no tokenizer: Malimet needs a fast tokenizer"):
        open_tokenizer(str(tmp_path))
    CanineTokenizer().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="is a CanineTokenizer, written in Python"):
        open_tokenizer(str(tmp_path))
    with pytest.raises(ValueError, match="neither a directory with a model nor a name on the hub"):
        open_tokenizer(str(tmp_path / "nothing" / "here"))
