"""What each part of a recipe is worth: the recipe again and again, with some of its values changed.

Run as `python -m train.ablation train/ablations/encoders.yaml`; prints a Markdown table of strict micro-F1 on the
recipe's dev sources. A row that has its model directory is not trained again.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field
from rich.console import Console

from train.pipeline import train
from train.recipe import Part, Recipe, load_recipe


class Row(Part):
    """What is changed, by dotted key."""

    name: str
    changes: dict[str, Any] = Field({})


class Ablation(Part):
    """A recipe, what is changed in every row, and the rows; each row has a directory of its name under `output`."""

    recipe: Path
    output: Path
    changes: dict[str, Any] = Field({})
    rows: tuple[Row, ...]

    def recipe_of(self, row: Row) -> Recipe:
        """The recipe with the changes of a row."""
        changes = {"output": str(self.output / row.name)} | self.changes | row.changes
        return load_recipe(self.recipe, [f"{key}={json.dumps(value)}" for key, value in changes.items()])


def figures(recipe: Recipe, console: Console) -> dict[str, float]:
    """Train a recipe, unless its model is there, and return the micro-F1 of each dev source and their mean."""
    metrics = recipe.output / "model" / "metrics.json"
    if not metrics.exists():
        train(recipe, console)
    reports = json.loads(metrics.read_text("utf-8"))["dev"]
    by_source = {name: report["micro avg"]["f1-score"] for name, report in reports.items()}
    return by_source | {"mean": sum(by_source.values()) / len(by_source)}


def main(path: Path) -> None:
    """Train every row of a YAML file and print what they reach."""
    ablation = Ablation.model_validate(yaml.safe_load(path.read_text("utf-8")))
    console = Console(stderr=True)
    for number, row in enumerate(ablation.rows):
        console.rule(row.name)
        reached = figures(ablation.recipe_of(row), console)
        if number == 0:
            print("| |", " | ".join(reached), "|")
            print("| --- |", " | ".join("---" for _ in reached), "|")
        print(f"| {row.name} |", " | ".join(f"{100 * f1:.1f}" for f1 in reached.values()), "|", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
