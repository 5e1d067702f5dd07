"""The whole way from labelled sentences to a model directory, on a model small enough for a laptop's coffee break."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import tiny_recipe
from rich.console import Console
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM, AutoModelForTokenClassification, PreTrainedTokenizerFast

from annotations.document import Document
from annotations.formats import jsonl, label_studio
from annotations.labels import LabelSet, default_labels
from infer.extractor import Extractor
from models.checkpoint import Checkpoint
from models.encoding import WindowEncoder
from models.engine import OnnxNetwork, TorchNetwork, run
from models.tokenization import train_tokenizer
from train.base import known_tags
from train.data import load
from train.encoded import encode
from train.finetune import classifier
from train.lessons import prepare
from train.loss import marginal_loss
from train.pipeline import train
from train.recipe import Finetuning, Optimisation, Source, load_recipe

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, documents: list[Document]) -> Path:
    """A model directory. Only the first three sentences teach roles: in the others nobody looked for them."""
    entities = frozenset({"entity", "time", "value"})
    half = [
        document
        if number < 3
        else replace(
            document,
            groups=entities,
            spans=tuple(span for span in document.spans if span.label not in {"INDICATOR", "ACTION"}),
        )
        for number, document in enumerate(documents)
    ]
    dev = [replace(document, id=f"dev {document.id}") for document in documents]
    directory = tmp_path_factory.mktemp("training")
    return train(load_recipe(tiny_recipe(directory, half, dev)), Console(quiet=True))


def test_it_learns_its_sentences(trained: Path, documents: list[Document]) -> None:
    """Roles too, though half of the sentences were not annotated for them and hold their words unmarked."""
    metrics = json.loads((trained / "metrics.json").read_text("utf-8"))
    entities = {"PERSON", "GPE", "DATE", "CARDINAL", "MONEY"}
    scores = metrics["dev"]["dev"]
    assert {label: scores[label]["f1-score"] for label in entities} == dict.fromkeys(entities, 1.0)
    for article, document in zip(Extractor.load(trained).pipe(documents[:3]), documents, strict=False):
        assert [(span.start, span.end, span.label) for span in article.spans] == [
            (span.start, span.end, span.label) for span in document.spans
        ]


def test_unannotated_labels_are_not_learned_as_absent(documents: list[Document]) -> None:
    """Where nobody looked for ACTION, the last word may be one or nothing at all, but no PERSON."""
    tokenizer = train_tokenizer([document.text for document in documents], vocab_size=200)
    labels = default_labels()
    entities = replace(documents[0], groups=frozenset({"entity", "time", "value"}), spans=documents[0].spans[:2])
    (encoded,) = encode([entities], WindowEncoder(tokenizer, size=64), labels)
    allowed = torch.zeros(1, len(labels.tags), dtype=torch.bool)
    allowed[0, encoded.allowed[0][-2]] = True
    certain = 30.0 * torch.eye(len(labels.tags))
    losses = {
        tag: marginal_loss(logits[None], allowed).item() for tag, logits in zip(labels.tags, certain, strict=True)
    }
    assert losses["O"] < 1e-3 and losses["B-ACTION"] < 1e-3 and losses["B-PERSON"] > 20


def test_torch_and_onnx_agree(trained: Path, documents: list[Document]) -> None:
    checkpoint = Checkpoint.open(trained)
    windows = [window for document in documents for window in checkpoint.encoder.encode(document.text)]
    torch_logits = run(TorchNetwork.open(trained), windows)
    full = run(OnnxNetwork(trained.parent / "fp32.onnx"), windows)
    assert max(np.abs(a - b).max() for a, b in zip(torch_logits, full, strict=True)) < 1e-3


def test_a_student_learns_from_teachers(tmp_path: Path, documents: list[Document]) -> None:
    """The student knows the sentences before it has seen a label: one epoch of fine-tuning then changes little."""
    dev = [replace(document, id=f"dev {document.id}") for document in documents]
    recipe = load_recipe(
        tiny_recipe(tmp_path, documents, dev),
        [
            "distillation={teachers: 2, texts: [{path: text.txt}]}",
            "distillation.optimisation={steps: 200, batch_size: 8, learning_rate: 0.01}",
        ],
    )
    directory = train(recipe, Console(quiet=True))
    scores = json.loads((recipe.output / "student" / "teachers.json").read_text("utf-8"))
    assert list(scores) == ["teacher 1", "teacher 2", "their mean"]
    student = load_recipe(
        tmp_path / "recipe.yaml",
        [
            "pretraining=null",
            f"finetuning.base={recipe.output / 'student'}",
            f"output={tmp_path / 'after'}",
            "finetuning.optimisation={steps: 1, batch_size: 2, learning_rate: 0.0}",
        ],
    )
    metrics = json.loads((train(student, Console(quiet=True)) / "metrics.json").read_text("utf-8"))
    assert metrics["dev"]["dev"]["micro avg"]["f1-score"] == scores["their mean"]["dev"] > 0.9
    assert (directory / "model.onnx").exists()


def test_an_encoder_is_adapted_to_ones_own_text(trained: Path, tmp_path: Path, documents: list[Document]) -> None:
    """A recipe without fine-tuning goes on pre-training what it is given, here a model directory."""
    recipe = load_recipe(
        tiny_recipe(tmp_path, documents, documents),
        ["finetuning=null", "pretraining.encoder=null", f"pretraining.base={trained}"],
    )
    assert not AutoModelForMaskedLM.from_pretrained(trained).bias.any()
    encoder = train(recipe, Console(quiet=True))
    saved = load_file(encoder / "model.safetensors")
    loaded = AutoModelForMaskedLM.from_pretrained(encoder).state_dict()
    assert all(torch.equal(weights, loaded[name]) for name, weights in saved.items())


def test_transformers_loads_the_directory(trained: Path) -> None:
    model = AutoModelForTokenClassification.from_pretrained(trained)
    assert model.config.id2label[0] == "O"
    assert model.dtype.is_floating_point


def test_a_recipe_refuses_what_it_does_not_know(tmp_path: Path, documents: list[Document]) -> None:
    recipe = tiny_recipe(tmp_path, documents, documents)
    assert load_recipe(recipe, ["seed=7", "finetuning.dropout=0.3"]).finetuning.dropout == 0.3
    for override in ("finetuning.droput=0.3", "sead=7", "seed"):
        with pytest.raises(ValueError, match=r"droput|sead|key=value"):
            load_recipe(recipe, [override])


def test_a_head_grows_with_the_labels(trained: Path) -> None:
    """The rows of tags that a model knows stay, wherever they stand now; a new tag's row is new and the model whole."""
    labels = default_labels()
    extra = labels.labels[0].model_copy(update={"name": "DISHES", "hotkey": "ы"})
    for changed in ((extra, *labels.labels), labels.labels[::-1], labels.labels[:5]):
        grown = LabelSet(labels=changed, roles=())
        before, after = classifier(str(trained), labels, 0.0), classifier(str(trained), grown, 0.0)
        assert list(after.config.id2label.values()) == list(grown.tags)
        assert after.classifier.out_features == len(grown.tags)
        for row, tag in enumerate(grown.tags):
            if tag in labels.tags:
                assert torch.equal(after.classifier.weight[row], before.classifier.weight[labels.tags.index(tag)])
            else:
                assert 0 < after.classifier.weight[row].std() < 0.1 and after.classifier.bias[row] == 0
        assert torch.equal(after.encoder.words.pieces.weight, before.encoder.words.pieces.weight)


def test_a_grown_model_learns_on(trained: Path, tmp_path: Path, documents: list[Document]) -> None:
    """From a model directory as base, of which the head knows what this recipe's documents do not teach."""
    assert known_tags(str(trained)) == list(default_labels().tags)
    recipe = tiny_recipe(tmp_path, documents[:3], documents[3:])
    further = ["pretraining=null", f"finetuning.base={trained}", "finetuning.optimisation.epochs=1"]
    assert (train(load_recipe(recipe, further), Console(quiet=True)) / "model.onnx").exists()


def test_a_source_has_a_weight(tmp_path: Path, documents: list[Document]) -> None:
    """2.5 is three times for one half of the documents and twice for the other; dev documents come once."""
    many = [replace(documents[0], id=str(number)) for number in range(400)]
    jsonl.write(many, tmp_path / "many.jsonl")
    label_studio.write(documents, tmp_path / "few.json")
    source = Source(path=Path("many.jsonl"), weight=2.5, dev=0.5)
    split = load([source, Source(path=Path("few.json"), weight=0.1)], tmp_path)
    times = [[document.id for document in split.train].count(str(number)) for number in range(400)]
    assert times.count(0) == len(split.dev["many"]) and 160 < times.count(0) < 240
    assert times.count(0) + times.count(2) + times.count(3) == 400 and 60 < times.count(2) < 140
    assert split.train == load([source, Source(path=Path("few.json"), weight=0.1)], tmp_path).train
    with pytest.raises(ValueError, match="greater than 0"):
        Source(path=Path("many.jsonl"), weight=0)


def test_labels_that_nothing_teaches(tmp_path: Path, documents: list[Document]) -> None:
    """Only the last three sentences hold PERSON and MONEY, only the first three DATE."""
    recipe = tiny_recipe(tmp_path, documents[:3], documents[3:])
    optimisation = Optimisation(steps=1, batch_size=1, learning_rate=0.1)
    sources = (Source(path=Path("train.json")), Source(path=Path("dev.json"), dev=1))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=train_tokenizer([d.text for d in documents], vocab_size=200))
    paper = io.StringIO()

    def lessons(known: tuple[str, ...] = (), **more: tuple[str, ...]) -> None:
        prepare(
            Finetuning(sources=sources, optimisation=optimisation, window=32, **more),
            tokenizer=tokenizer,
            labels=default_labels(),
            known=known,
            data=recipe.parent,
            seed=1,
            console=Console(file=paper, width=1000),
        )

    with pytest.raises(ValueError, match="no training document holds MONEY, PERSON, but the dev documents do"):
        lessons()
    lessons(untaught=("PERSON", "MONEY"))
    lessons(known=("PERSON", "MONEY"))
    assert "no training document holds: ADAGE, ART" in paper.getvalue()
    assert "not scored, for no dev document holds: DATE\n" in paper.getvalue()


def test_a_batch_that_teaches_nothing_changes_nothing() -> None:
    logits = torch.ones(2, 3, 5, requires_grad=True)
    loss = marginal_loss(logits, torch.zeros(2, 3, 5, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0 and not logits.grad.any()
