"""The whole way of a recipe: pre-train, fine-tune, export, check the export, write the model directory."""

import json
from pathlib import Path
from typing import Any

from datasets import disable_progress_bars
from rich.console import Console
from rich.table import Table
from transformers.utils.logging import disable_progress_bar

from annotations.document import Span
from annotations.labels import default_labels
from annotations.scores import COLUMNS, cells, differing
from models.engine import Network, OnnxNetwork, TorchNetwork, run
from models.export import export_onnx, quantise, save_directory
from train.card import model_card
from train.devset import Found, mean_f1
from train.distil import Scores, distil
from train.faults import full_disk_told
from train.finetune import Tuned, finetune
from train.pretrain import pretrain
from train.processes import processes
from train.progress import Tracking, integrations
from train.recipe import Recipe
from train.run_record import RunRecord
from train.sources import fetched

INT8_LOSS = 0.003  # micro-F1: an int8 model that loses more than this does not ship


def train(recipe: Recipe, console: Console) -> Path:
    """Run a recipe's stages and return the directory that the last of them writes: a model, or an encoder where the
    recipe has no fine-tuning. Stages that are already done are not done again.

    Raises ValueError and OSError with a sentence for people.
    """
    disable_progress_bars()  # of datasets and of transformers: ours tells more
    disable_progress_bar()
    with full_disk_told(recipe.output):
        with processes().main_process_first():  # the others find what it fetched
            recipe = fetched(recipe, console)
        return _train(recipe, Tracking(console, integrations(recipe.report_to)))


def _train(recipe: Recipe, tracking: Tracking) -> Path:
    record = RunRecord(recipe)
    common: dict[str, Any] = {"data": recipe.data, "seed": recipe.seed, "tracking": tracking}
    base = None
    if recipe.pretraining:
        base = pretrain(recipe.pretraining, output=recipe.output / "pretrained", **common)
    if not recipe.finetuning:
        record.finish({})
        return recipe.output / "pretrained"
    start = str(base or recipe.finetuning.base)
    common |= {"labels": default_labels()}
    teachers: Scores = {}
    if recipe.distillation:
        student, teachers = distil(
            recipe.distillation, recipe.finetuning, base=start, output=recipe.output / "student", **common
        )
        start = str(student)
    tuned = finetune(recipe.finetuning, base=start, output=recipe.output / "finetuning", **common)
    if processes().is_main_process:
        _write(recipe, tuned, teachers, record, tracking.console)
    processes().wait_for_everyone()
    return recipe.output / "model"


def _write(recipe: Recipe, tuned: Tuned, teachers: Scores, record: RunRecord, console: Console) -> None:
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
        name: {"f1": mean_f1(reports[name]), "differing": differing(_all(found["torch"]), _all(spans))[0]}
        for name, spans in found.items()
    }
    kept = "onnx int8"
    if parity["torch"]["f1"] - parity[kept]["f1"] > INT8_LOSS:
        kept = "onnx fp32"
        console.print(f"int8 loses more than {INT8_LOSS:.1%} F1 on dev: the model directory gets the fp32 ONNX model")
    metrics: dict[str, Any] = {
        "recipe": json.loads(recipe.model_dump_json()),
        "commit": record.content["commit"],
        "data": tuned.counts,
        "parameters": tuned.model.num_parameters(),
        "teachers": teachers,
        "parity": parity,
        "onnx": kept,
        "dev": reports[kept],
    }
    save_directory(
        recipe.output / "model",
        model=tuned.model,
        tokenizer=tuned.tokenizer,
        onnx=full if kept == "onnx fp32" else small,
        settings={"name": recipe.name, "window": tuned.window, "temperature": tuned.temperature},
        metrics=metrics,
        record=record.finish(
            {"dev": {name: report["micro avg"] for name, report in reports[kept].items()}}, tuned.documents
        ),
        card=model_card(recipe, metrics),
    )
    _print(metrics, console)


def _all(found: Found) -> list[list[Span]]:
    """The spans of all documents, source by source."""
    return [spans for documents in found.values() for spans in documents]


def _print(metrics: dict[str, Any], console: Console) -> None:
    for name, report in metrics["dev"].items():
        table = Table(*COLUMNS, title=f"dev: {name} (strict IOB2)")
        for label, figures in report.items():
            table.add_row(*cells(label, figures))
        console.print(table)
    table = Table("engine", "mean dev F1", "spans that differ from torch", title="agreement of the exported models")
    for name, figures in metrics["parity"].items():
        table.add_row(name, f"{figures['f1']:.4f}", f"{figures['differing']:.2%}")
    console.print(table)
