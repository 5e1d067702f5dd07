"""The whole way of a recipe: pre-train, fine-tune, export, check the export, write the model directory."""

import json
import subprocess
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from annotations.labels import default_labels
from models.engine import Network, OnnxNetwork, TorchNetwork, run
from models.export import export_onnx, quantise, save_directory
from train.card import model_card
from train.devset import Found, mean_f1
from train.finetune import Tuned, finetune
from train.pretrain import pretrain
from train.recipe import Recipe

INT8_LOSS = 0.003  # micro-F1: an int8 model that loses more than this does not ship


def train(recipe: Recipe, console: Console) -> Path:
    """Run a recipe and return the model directory. Stages that are already done are not done again."""
    commit = _commit()
    base = recipe.finetuning.base
    if recipe.pretraining:
        base = str(
            pretrain(recipe.pretraining, data=recipe.data, output=recipe.output / "pretrained", seed=recipe.seed)
        )
    if not base:
        raise ValueError("the recipe names no encoder: give `pretraining`, or `finetuning.base`")
    tuned = finetune(
        recipe.finetuning,
        labels=default_labels(),
        data=recipe.data,
        base=base,
        output=recipe.output / "finetuning",
        seed=recipe.seed,
        console=console,
    )
    return _write(recipe, tuned, commit, console)


def _write(recipe: Recipe, tuned: Tuned, commit: str | None, console: Console) -> Path:
    full, small = recipe.output / "fp32.onnx", recipe.output / "int8.onnx"
    tuned.model.half().float()  # the weights as they will be stored
    export_onnx(tuned.model, full)
    quantise(full, small)
    networks: dict[str, Network] = {
        "torch": TorchNetwork(tuned.model),
        "onnx fp32": OnnxNetwork(full),
        "onnx int8": OnnxNetwork(small),
    }
    dev = tuned.dev
    found = {name: dev.decode(run(network, dev.windows)) for name, network in networks.items()}
    reports = {name: dev.reports(spans) for name, spans in found.items()}
    parity = {
        name: {"f1": mean_f1(reports[name]), "differing": _differing(found["torch"], spans)}
        for name, spans in found.items()
    }
    kept = "onnx int8"
    if parity["torch"]["f1"] - parity[kept]["f1"] > INT8_LOSS:
        kept = "onnx fp32"
        console.print(f"int8 loses more than {INT8_LOSS:.1%} F1 on dev: the model directory gets the fp32 ONNX model")
    metrics: dict[str, Any] = {
        "recipe": json.loads(recipe.model_dump_json()),
        "commit": commit,
        "data": tuned.counts,
        "parity": parity,
        "onnx": kept,
        "dev": reports[kept],
    }
    directory = recipe.output / "model"
    save_directory(
        directory,
        model=tuned.model,
        tokenizer=tuned.tokenizer,
        onnx=full if kept == "onnx fp32" else small,
        settings={"name": recipe.name, "window": recipe.finetuning.window, "temperature": tuned.temperature},
        metrics=metrics,
        card=model_card(recipe, metrics),
    )
    _print(metrics, console)
    return directory


def _differing(left: Found, right: Found) -> float:
    """Spans that only one of two predictions has, as a share of those that either has."""
    ours, theirs = (
        {(name, row, span) for name, documents in side.items() for row, spans in enumerate(documents) for span in spans}
        for side in (left, right)
    )
    return len(ours ^ theirs) / max(len(ours | theirs), 1)


def _commit() -> str | None:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)  # noqa: S607
    return done.stdout.strip() or None


def _print(metrics: dict[str, Any], console: Console) -> None:
    for name, report in metrics["dev"].items():
        table = Table("label", "precision", "recall", "F1", "spans", title=f"dev: {name} (strict IOB2)")
        for label, figures in report.items():
            table.add_row(
                label,
                *(f"{figures[measure]:.3f}" for measure in ("precision", "recall", "f1-score")),
                f"{figures['support']:.0f}",
            )
        console.print(table)
    table = Table("engine", "mean dev F1", "spans that differ from torch", title="agreement of the exported models")
    for name, figures in metrics["parity"].items():
        table.add_row(name, f"{figures['f1']:.4f}", f"{figures['differing']:.2%}")
    console.print(table)
