"""From a fine-tuned torch model to a model directory with its ONNX twin."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from annotations import labels as label_file


class _Logits(nn.Module):
    """The model as a function from tensors to a tensor, as exporting wants it."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        logits: Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits


def export_onnx(model: PreTrainedModel, path: Path) -> None:
    """Write the model as ONNX (fp32): input_ids, attention_mask [batch, pieces] → logits [batch, pieces, tags]."""
    ids = torch.ones((2, 8), dtype=torch.long)
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    axes = {0: "batch", 1: "pieces"}
    torch.onnx.export(
        _Logits(model).eval(),
        (ids, mask),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": axes},
        opset_version=18,
        dynamo=False,  # the newer exporter refuses a size that the data decide: the number of words
    )


def quantise(source: Path, target: Path) -> None:
    """Dynamic int8 quantisation: weights of matrix products and embeddings now, activations as they come."""
    quantize_dynamic(
        str(source),
        str(target),
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gather"],
        extra_options={"MatMulConstBOnly": True},
    )


def sync(directory: Path) -> None:
    """Wait until a directory and all files in it are on the disk."""
    for path in (*directory.rglob("*"), directory):
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def whole_directory(directory: Path) -> Iterator[Path]:
    """A new directory that takes the place of `directory` when the block ends, and vanishes when the block raises.

    It is written beside it, synced and renamed. An older one is moved away first: a process killed between the two
    renames leaves no `directory`, but beside it both, whole, as `.name.old` and `.name.new`.
    """
    new, old = (directory.with_name(f".{directory.name}.{state}") for state in ("new", "old"))
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        yield new
        sync(new)
        if directory.exists():
            shutil.rmtree(old, ignore_errors=True)
            directory.rename(old)
        new.rename(directory)
        _sync(directory.parent)
    finally:
        if old.exists() and not directory.exists():
            old.rename(directory)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(new, ignore_errors=True)


def save_directory(
    directory: Path,
    *,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    onnx: Path,
    settings: dict[str, object],
    metrics: dict[str, object],
    record: dict[str, object],
    card: str,
) -> None:
    """Write a model directory, which appears whole or not at all; weights are stored in half precision.

    `settings` are those that models.checkpoint reads; the version is taken from the weights themselves. `record` tells
    how the model came about, in run.json.
    """
    with whole_directory(directory) as building:
        tokenizer.save_pretrained(building)
        model.half().save_pretrained(building)
        model.float()
        version = hashlib.sha256((building / "model.safetensors").read_bytes()).hexdigest()[:12]
        config = json.loads((building / "config.json").read_text("utf-8"))
        config |= {"dtype": "float32", "malimet": settings | {"version": version}}
        shutil.copy(label_file.PATH, building / "labels.yaml")
        shutil.copy(onnx, building / "model.onnx")
        for name, content in {"config.json": config, "metrics.json": metrics, "run.json": record}.items():
            (building / name).write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")
        (building / "README.md").write_text(card, "utf-8")
