"""`malimet train --dry-run` tells what would happen and leaves everything as it is."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import tiny_recipe
from rich.console import Console
from typer.testing import CliRunner

from annotations.document import Document
from malimet.cli import app
from train.pipeline import train
from train.recipe import load_recipe

pytestmark = pytest.mark.slow
DISTILLATION = [
    "distillation={teachers: 2, texts: [{path: text.txt}]}",
    "distillation.optimisation={epochs: 2, batch_size: 8, learning_rate: 0.01}",
]
SHORT = "finetuning.optimisation.epochs=2"


@pytest.fixture
def recipe(tmp_path: Path, documents: list[Document]) -> Path:
    return tiny_recipe(tmp_path, documents, [replace(document, id=f"dev {document.id}") for document in documents])


def dry_run(recipe: Path, *changes: str) -> str:
    done = CliRunner().invoke(app, ["train", "--dry-run", str(recipe), *changes], env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    return done.output


def row(printed: str, name: str) -> list[str]:
    """The cells of a table's row."""
    (found,) = re.findall(rf"^│ {name} .*$", printed, re.MULTILINE)
    return [cell.strip() for cell in found.strip("│").split("│")]


def files(directory: Path) -> Iterator[tuple[Path, bytes]]:
    return ((path, path.read_bytes()) for path in sorted(directory.rglob("*")) if path.is_file())


def test_everything_is_to_be_done(recipe: Path, tmp_path: Path) -> None:
    before = list(files(tmp_path))
    printed = dry_run(recipe, *DISTILLATION)
    assert list(files(tmp_path)) == before
    assert row(printed, "train")[1:] == ["6", "6", "19", "0.00%"]
    assert row(printed, "INDICATOR")[1:] == ["4", "4"]
    name, _, steps, done, padding, parameters, memory, time = row(printed, "pre-training")
    assert (name, steps, done, parameters) == ("pre-training", "3", "0", "0.0 M")
    assert re.fullmatch(r"\d+\.\d%", padding)
    assert memory == "0.0 GB" and re.fullmatch(r"\d+ s|\d+ h \d+ min", time)
    assert [row(printed, f"teacher {number}")[2:4] for number in (1, 2)] == [["120", "0"]] * 2
    assert row(printed, "distillation")[1:4] == ["120", "30", "0"]
    assert row(printed, "fine-tuning")[1:4] == ["6", "120", "0"]


def test_what_is_done_is_told_and_what_would_stop_it(recipe: Path, tmp_path: Path) -> None:
    train(load_recipe(recipe, [SHORT]), Console(quiet=True))
    before = list(files(tmp_path))
    printed = dry_run(recipe, SHORT)
    assert row(printed, "pre-training")[2:4] == ["3", "all"]
    assert row(printed, "fine-tuning")[2:4] == ["6", "all"]
    assert "would stop" not in printed
    assert "fine-tuning would stop" in dry_run(recipe, SHORT, "finetuning.dropout=0.3")
    assert list(files(tmp_path)) == before


def test_a_mistake_is_found_before_training(recipe: Path) -> None:
    done = CliRunner().invoke(app, ["train", "--dry-run", str(recipe), "finetuning.sources=[{path: dev.json, dev: 1}]"])
    assert done.exit_code == 2 and "leave nothing to learn from" in done.output
