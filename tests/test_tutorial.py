"""The tutorial of the README: its data are sound, and its recipe runs."""

import json
import re
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from typer.testing import CliRunner

from annotations.checks import check
from annotations.formats import jsonl
from annotations.labels import default_labels
from malimet.cli import app

TUTORIAL = ROOT / "annotations" / "tutorial"
README = (ROOT / "README.md").read_text("utf-8")


def grams(text: str) -> set[str]:
    """The stretches of four letters."""
    return {text.lower()[start : start + 4] for start in range(len(text) - 3)}


@pytest.mark.parametrize(("side", "sentences"), [("train", 200), ("test", 60)])
def test_the_sentences_are_annotated_by_the_rules(side: str, sentences: int) -> None:
    """Among them that every indicator and action belongs to a value."""
    labels = default_labels()
    documents = list(jsonl.read(TUTORIAL / f"{side}.jsonl"))
    assert len({document.id for document in documents}) == len(documents) == sentences
    for document in documents:
        assert not check(document, labels)
        filled = {relation.target for relation in document.relations}
        assert filled.issuperset(span for span in document.spans if span.label in labels.names({"role"})), document.id


def test_no_held_out_sentence_is_nearly_one_that_is_learned() -> None:
    learned = [grams(document.text) for document in jsonl.read(TUTORIAL / "train.jsonl")]
    for document in jsonl.read(TUTORIAL / "test.jsonl"):
        own = grams(document.text)
        assert max(len(own & other) / len(own | other) for other in learned) < 0.3, document.id


def test_the_readme_shows_the_recipe() -> None:
    shown = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]
    assert yaml.safe_load((TUTORIAL / "recipe.yaml").read_text("utf-8")) in shown
    for path in re.findall(r"annotations/tutorial/[\w.-]+", README):
        assert (ROOT / path).exists(), path


@pytest.mark.slow
def test_the_recipe_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few steps of it, from the model that ships, which knows all labels already."""
    monkeypatch.chdir(ROOT)
    command = ["train", "annotations/tutorial/recipe.yaml", "finetuning.optimisation.epochs=0.1", f"output={tmp_path}"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    metrics = json.loads((tmp_path / "model" / "metrics.json").read_text("utf-8"))
    assert metrics["dev"]["train"]["micro avg"]["f1-score"] > 0.5
    told = CliRunner().invoke(
        app, ["evaluate", str(tmp_path / "model"), "annotations/tutorial/test.jsonl", "--against", "models/default"]
    )
    assert told.exit_code == 0 and "60 documents" in told.output
