"""From a fine-tuned torch model to a model directory with its ONNX twin."""

import hashlib
import json
import shutil
import tempfile
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


def save_directory(
    directory: Path,
    *,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    onnx: Path,
    settings: dict[str, object],
    metrics: dict[str, object],
    card: str,
) -> None:
    """Write a model directory, which appears whole or not at all; weights are stored in half precision.

    `settings` are those that models.checkpoint reads; the version is taken from the weights themselves.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        tokenizer.save_pretrained(building)
        model.half().save_pretrained(building)
        model.float()
        version = hashlib.sha256((building / "model.safetensors").read_bytes()).hexdigest()[:12]
        config = json.loads((building / "config.json").read_text("utf-8"))
        config |= {"dtype": "float32", "malimet": settings | {"version": version}}
        (building / "config.json").write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", "utf-8")
        shutil.copy(label_file.PATH, building / "labels.yaml")
        shutil.copy(onnx, building / "model.onnx")
        (building / "metrics.json").write_text(json.dumps(metrics, ensure_ascii=False, indent=2) + "\n", "utf-8")
        (building / "README.md").write_text(card, "utf-8")
        building.chmod(0o755)
        if directory.exists():
            shutil.rmtree(directory)
        building.replace(directory)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
