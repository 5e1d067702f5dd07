"""A trained model as one ONNX file, in fp32, fp16 or int8, and how far that file agrees with torch."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import onnx
from onnxruntime.transformers.float16 import convert_float_to_float16
from transformers import AutoModelForTokenClassification

import models.tagger  # noqa: F401  registers our architecture
from annotations import labels as label_file
from annotations.document import Document, Span
from annotations.scores import differing, score
from models.checkpoint import Checkpoint
from models.decoding import decode
from models.engine import Network, OnnxNetwork, TorchNetwork, run
from models.export import export_onnx, quantise, sync

TEXTS = label_file.PATH.with_name("corpus") / "test.json"  # read where no others are given

Precision = Literal["fp32", "fp16", "int8"]


@dataclass(frozen=True)
class Agreement:
    """How an ONNX file compares with torch: the `differing` spans that only one of them finds, as a share of those that
    either finds, and for labelled documents the strict micro-F1 of both."""

    spans: int
    differing: float
    torch_f1: float | None
    onnx_f1: float | None


def write_onnx(model: Path, precision: Precision, target: Path) -> None:
    """Write the network of a model directory as one ONNX file, which appears whole or not at all.

    Inputs and outputs are the same for all: input_ids and attention_mask in int64, logits in fp32. fp16 halves the
    file; CPUs without fp16 arithmetic compute in fp32. int8 keeps the weights of matrix products and embeddings in 8
    bits. Raises FileNotFoundError for what is no model directory and for a target in none, ValueError for a config that
    is not ours.
    """
    Checkpoint.open(model)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target}: there is no directory {target.parent}")
    network = AutoModelForTokenClassification.from_pretrained(model)
    with TemporaryDirectory(dir=target.parent, prefix=".onnx-") as directory:
        full, wanted = Path(directory) / "fp32.onnx", Path(directory) / f"{precision}.onnx"
        export_onnx(network, full)
        if precision == "int8":
            quantise(full, wanted)
        elif precision == "fp16":
            halve(full, wanted)
        sync(Path(directory))
        wanted.replace(target)


def halve(source: Path, target: Path) -> None:
    """Weights and arithmetic in fp16, by ONNX Runtime's own converter. The logits stay in fp32."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the float32 number", UserWarning)  # weights below fp16's least become it
        halved = convert_float_to_float16(onnx.load(source), keep_io_types=True)
    onnx.save(halved, target)


def agreement(model: Path, target: Path, documents: Sequence[Document], *, labelled: bool) -> Agreement:
    """Read documents with a model directory in torch and with an ONNX file of it, and compare what they find.

    Scores count the labels that a document's annotators looked for, as those of training do.
    """
    checkpoint = Checkpoint.open(model)
    ours = _read(checkpoint, TorchNetwork.open(model), documents)
    theirs = _read(checkpoint, OnnxNetwork(target), documents)
    share, spans = differing(ours, theirs)
    return Agreement(
        spans=spans,
        differing=share,
        torch_f1=_f1(checkpoint, documents, ours) if labelled else None,
        onnx_f1=_f1(checkpoint, documents, theirs) if labelled else None,
    )


def _read(checkpoint: Checkpoint, network: Network, documents: Sequence[Document]) -> list[list[Span]]:
    """The spans that a network finds in each document."""
    windows = [checkpoint.encoder.encode(document.text) for document in documents]
    rest = run(network, [window for own in windows for window in own])
    return [decode(own, [next(rest) for _ in own], checkpoint.tags) for own in windows]


def _f1(checkpoint: Checkpoint, documents: Sequence[Document], found: Sequence[Sequence[Span]]) -> float:
    """Strict micro-F1 on the labels that were looked for."""
    judged = [
        [span for span in spans if span.label in checkpoint.labels.names(document.groups)]
        for document, spans in zip(documents, found, strict=True)
    ]
    return score([document.spans for document in documents], judged)["micro avg"]["f1-score"]
