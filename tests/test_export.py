"""A trained model as one ONNX file, and its card as the hub reads it."""

from dataclasses import replace
from pathlib import Path

import onnx
import pytest
from conftest import tiny_recipe
from huggingface_hub import ModelCard
from rich.console import Console
from tokenizers import Tokenizer, pre_tokenizers, trainers
from tokenizers.models import WordPiece
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast
from typer.testing import CliRunner

from annotations.document import Document
from annotations.formats import jsonl
from malimet.cli import app
from models.checkpoint import DEFAULT
from models.onnx_file import agreement, write_onnx
from train.card import model_card
from train.pipeline import train
from train.recipe import load_recipe

FLOATS = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16}


def bert(directory: Path, documents: list[Document]) -> Path:
    """A tiny BERT with a tokenizer of its own."""
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"}
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=list(special.values()), show_progress=False)
    tokenizer.train_from_iterator([document.text for document in documents], trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(directory)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    BertForMaskedLM(BertConfig(vocab_size=tokenizer.get_vocab_size(), **sizes)).save_pretrained(directory)
    return directory


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["malimet", "bert"])
def test_each_precision_agrees_with_torch(architecture: str, tmp_path: Path, documents: list[Document]) -> None:
    dev = [replace(document, id=f"dev {document.id}") for document in documents]
    changes = ["report_to=[]", "finetuning.optimisation.epochs=20"]
    if architecture == "bert":
        changes += ["pretraining=null", f"finetuning.base={bert(tmp_path / 'base', documents)}"]
    model = train(load_recipe(tiny_recipe(tmp_path, documents, dev), changes), Console(quiet=True))
    sizes = {}
    for precision in ("fp32", "fp16", "int8"):
        target = tmp_path / f"{precision}.onnx"
        write_onnx(model, precision, target)
        found = agreement(model, target, documents, labelled=True)
        assert found.spans >= 15 and found.torch_f1 and found.torch_f1 > 0.8
        assert found.differing <= (0.1 if precision == "int8" else 0)
        assert found.onnx_f1 == pytest.approx(found.torch_f1, abs=0.05 if precision == "int8" else 1e-9)
        sizes[precision] = target.stat().st_size
    weights = {
        precision: {tensor.data_type for tensor in onnx.load(tmp_path / f"{precision}.onnx").graph.initializer} & FLOATS
        for precision in ("fp32", "fp16")
    }
    assert weights == {"fp32": {onnx.TensorProto.FLOAT}, "fp16": {onnx.TensorProto.FLOAT16}}
    assert sizes["fp16"] < 0.8 * sizes["fp32"] and sizes["int8"] < 0.9 * sizes["fp32"]
    assert not list(tmp_path.glob(".onnx-*"))
    card = ModelCard.load(model / "README.md")
    assert card.data.model_name == "tiny" and card.data.language == "kk"


def test_another_network_is_told_apart(tmp_path: Path, documents: list[Document]) -> None:
    """An ONNX file whose classifier says nothing finds nothing, so that every span of torch's differs."""
    write_onnx(DEFAULT, "fp32", tmp_path / "model.onnx")
    assert agreement(DEFAULT, tmp_path / "model.onnx", documents, labelled=False).differing == 0
    network = onnx.load(tmp_path / "model.onnx")
    (bias,) = [tensor for tensor in network.graph.initializer if tensor.name == "model.classifier.bias"]
    values = onnx.numpy_helper.to_array(bias).copy()
    values[0] += 100  # the tag O
    bias.CopyFrom(onnx.numpy_helper.from_array(values, bias.name))
    onnx.save(network, tmp_path / "silent.onnx")
    found = agreement(DEFAULT, tmp_path / "silent.onnx", documents, labelled=True)
    assert found.differing == 1 and found.onnx_f1 == 0 and found.torch_f1 and found.torch_f1 > 0.5


def test_the_command(tmp_path: Path, documents: list[Document]) -> None:
    jsonl.write(documents, tmp_path / "gold.jsonl")
    command = ["export", str(DEFAULT), "--format", "fp16", "-o", str(tmp_path / "half.onnx")]
    done = CliRunner().invoke(app, [*command, "--data", str(tmp_path / "gold.jsonl")])
    assert done.exit_code == 0, done.output
    assert "half.onnx, 11.4 MB" in done.output and "spans in 6 documents differ from torch" in done.output
    assert "strict micro-F1" in done.output and "difference +0.0000" in done.output


@pytest.mark.parametrize(
    ("model", "target", "sentence"),
    [
        ("nothing", "x.onnx", "is no model directory: it has no config.json"),
        (str(DEFAULT), "nowhere/x.onnx", "there is no directory"),
    ],
)
def test_what_cannot_be_exported(model: str, target: str, sentence: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["export", model, "-o", str(tmp_path / target)])
    assert done.exit_code == 2 and sentence in done.output


@pytest.mark.parametrize(
    ("licences", "base", "expected"),
    [
        (["CC BY 4.0", "CC BY 4.0"], "someone/encoder", ("cc-by-4.0", None, "someone/encoder")),
        (["CC BY 4.0", "MIT"], str(DEFAULT), ("other", "that-of-its-data", None)),
        (["as agreed", "as agreed"], str(DEFAULT), ("other", "that-of-its-data", None)),
        ([None, None], str(DEFAULT), ("other", "that-of-its-data", None)),
    ],
)
def test_the_hub_reads_the_card(
    licences: list[str | None], base: str, expected: tuple[str, str | None, str | None], tmp_path: Path
) -> None:
    path = tiny_recipe(tmp_path, [], [])
    recipe = load_recipe(path, ["pretraining=null", f"finetuning.base={base}", 'name="our: news"'])
    assert recipe.finetuning
    sources = [
        source.model_copy(update={"licence": licence})
        for source, licence in zip(recipe.finetuning.sources, licences, strict=True)
    ]
    recipe = recipe.model_copy(update={"finetuning": recipe.finetuning.model_copy(update={"sources": tuple(sources)})})
    row = {"precision": 0.9, "recall": 0.7, "f1-score": 0.78751, "support": 4.0, "low": 0.5, "high": 1.0}
    counts = {"documents": 1.0, "windows": 1.0, "spans": 4.0, "lost": 0.0}
    metrics = {
        "dev": {"news": {"micro avg": row}},
        "parity": {"torch": {"f1": 0.78751, "differing": 0.0}},
        "parameters": 1,
        "teachers": {},
        "data": {"train": counts},
        "commit": "abc",
    }
    (tmp_path / "README.md").write_text(model_card(recipe, metrics), "utf-8")
    card = ModelCard.load(tmp_path / "README.md")
    data = card.data.to_dict()
    assert (data["license"], data.get("license_name"), data.get("base_model")) == expected
    assert (data["language"], data["library_name"], data["pipeline_tag"]) == ("kk", "malimet", "token-classification")
    assert card.data.model_name == "our: news" and card.text.strip().startswith("# our: news")
    found = {(result.dataset_name, result.metric_type): result.metric_value for result in card.data.eval_results}
    assert found[("news (held-out documents)", "f1")] == 0.7875 and len(found) == 3
