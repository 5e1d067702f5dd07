"""A recipe may start from any token-classification architecture of transformers with a fast tokenizer."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, SENTENCES
from rich.console import Console
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers.models import BPE, Unigram, WordPiece
from transformers import (
    AutoModelForTokenClassification,
    BertConfig,
    BertForMaskedLM,
    DebertaV2Config,
    DebertaV2ForMaskedLM,
    ElectraConfig,
    ElectraForMaskedLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RemBertConfig,
    RemBertForMaskedLM,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)

from annotations.document import Document
from annotations.formats import conll, label_studio
from infer.extractor import Extractor
from models.checkpoint import Checkpoint
from models.engine import OnnxNetwork, TorchNetwork, run
from train.pipeline import train
from train.recipe import load_recipe

pytestmark = pytest.mark.slow
Pieces = Callable[[], Tokenizer]
Network = Callable[[Tokenizer], PreTrainedModel]
RECIPES = ROOT / "train" / "recipes"
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def word_pieces() -> Tokenizer:
    """As BERT has them."""
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return fitted(tokenizer, trainers.WordPieceTrainer, "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def unigram_pieces() -> Tokenizer:
    """As XLM-RoBERTa has them."""
    tokenizer = Tokenizer(Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return fitted(tokenizer, trainers.UnigramTrainer, "<pad>", "<unk>", "<s>", "</s>", "<mask>", unk_token="<unk>")


def gemma_pieces() -> Tokenizer:
    """As mmBERT has them, from Gemma: BPE over text whose spaces are letters."""
    tokenizer = Tokenizer(BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    return fitted(tokenizer, trainers.BpeTrainer, "<pad>", "<unk>", "<bos>", "<eos>", "<mask>")


def fitted(tokenizer: Tokenizer, trainer: type, *specials: str, **settings: str) -> Tokenizer:
    """A tokenizer trained on the tests' sentences, which puts the third and fourth special token around a text."""
    texts = [text for text, _ in SENTENCES]
    settings |= {"vocab_size": 300, "special_tokens": list(specials), "show_progress": False}
    tokenizer.train_from_iterator(texts, trainer(**settings))
    first, last = specials[2:4]
    around = [(token, tokenizer.token_to_id(token)) for token in (first, last)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{first} $A {last}", special_tokens=around)
    return tokenizer


def bert(tokens: Tokenizer) -> PreTrainedModel:
    return BertForMaskedLM(BertConfig(vocab_size=tokens.get_vocab_size(), **SIZES))


def xlm_roberta(tokens: Tokenizer) -> PreTrainedModel:
    return XLMRobertaForMaskedLM(XLMRobertaConfig(vocab_size=tokens.get_vocab_size(), pad_token_id=0, **SIZES))


def modernbert(tokens: Tokenizer) -> PreTrainedModel:
    special = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
    return ModernBertForMaskedLM(ModernBertConfig(vocab_size=tokens.get_vocab_size(), **special, **SIZES))


@pytest.fixture
def data(tmp_path: Path, documents: list[Document]) -> Path:
    """The tests' sentences under the names that KazNERD's repository and the project's corpus have."""
    kaznerd, corpus = tmp_path / "KazNERD", tmp_path / "annotations" / "corpus"
    for directory in (kaznerd, corpus):
        directory.mkdir(parents=True)
    label_studio.write(documents, corpus / "train.json")
    conll.write(documents, kaznerd / "IOB2_train.txt")
    conll.write([replace(d, id=f"AID{number}") for number, d in enumerate(documents)], kaznerd / "IOB2_valid.txt")
    return tmp_path


def deberta_v2(tokens: Tokenizer) -> PreTrainedModel:
    relative = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]}
    return DebertaV2ForMaskedLM(DebertaV2Config(vocab_size=tokens.get_vocab_size(), **relative, **SIZES))


def deberta_v3(tokens: Tokenizer) -> PreTrainedModel:
    """The architecture of v2 with other settings."""
    relative = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "share_att_key": True}
    shape = {"position_buckets": 16, "norm_rel_ebd": "layer_norm", "position_biased_input": False, "type_vocab_size": 0}
    return DebertaV2ForMaskedLM(DebertaV2Config(vocab_size=tokens.get_vocab_size(), **relative, **shape, **SIZES))


def rembert(tokens: Tokenizer) -> PreTrainedModel:
    narrow = {"input_embedding_size": 16, "output_embedding_size": 48}
    return RemBertForMaskedLM(RemBertConfig(vocab_size=tokens.get_vocab_size(), **narrow, **SIZES))


def electra(tokens: Tokenizer) -> PreTrainedModel:
    return ElectraForMaskedLM(ElectraConfig(vocab_size=tokens.get_vocab_size(), embedding_size=16, **SIZES))


def trained(recipe: str, tokens: Tokenizer, model: PreTrainedModel, data: Path, optimisation: str) -> Path:
    """The model directory that a recipe makes of a tiny stand-in for its base."""
    pad, unk, first, last, mask = (tokens.id_to_token(number) for number in range(5))
    special = {"pad_token": pad, "unk_token": unk, "cls_token": first, "sep_token": last, "mask_token": mask}
    PreTrainedTokenizerFast(tokenizer_object=tokens, **special).save_pretrained(data / "base")
    model.save_pretrained(data / "base")
    changes = [f"data={data}", f"output={data / 'run'}", f"finetuning.base={data / 'base'}"]
    changes.append(f"finetuning.optimisation={optimisation}")
    return train(load_recipe(RECIPES / f"{recipe}.yaml", changes), Console(quiet=True))


@pytest.mark.parametrize(
    ("recipe", "tokens", "network"),
    [
        ("xlm-roberta-base", unigram_pieces, xlm_roberta),
        ("xlm-roberta-large", unigram_pieces, xlm_roberta),
        ("mmbert-base", gemma_pieces, modernbert),
    ],
    ids=["xlm-roberta-base", "xlm-roberta-large", "mmbert-base"],
)
def test_a_recipe_learns_its_sentences(
    recipe: str, tokens: Pieces, network: Network, data: Path, documents: list[Document]
) -> None:
    pieces = tokens()
    directory = trained(recipe, pieces, network(pieces), data, "{epochs: 40, batch_size: 2, learning_rate: 0.01}")
    for article, document in zip(Extractor.load(directory).pipe(documents), documents, strict=True):
        assert {(s.start, s.end, s.label) for s in article.spans} == {(s.start, s.end, s.label) for s in document.spans}
        assert article.unread == 0


@pytest.mark.parametrize(
    ("tokens", "network"),
    [
        (word_pieces, bert),
        (unigram_pieces, deberta_v2),
        (unigram_pieces, deberta_v3),
        (unigram_pieces, rembert),
        (word_pieces, electra),
    ],
    ids=["bert", "deberta-v2", "deberta-v3", "rembert", "electra"],
)
def test_an_architecture_is_trained_and_exported(
    tokens: Pieces, network: Network, data: Path, documents: list[Document]
) -> None:
    """Its encoder learns, and its ONNX twin agrees with it on texts of other lengths than it was exported with."""
    pieces = tokens()
    model = network(pieces)
    directory = trained("xlm-roberta-base", pieces, model, data, "{epochs: 2, batch_size: 4, learning_rate: 0.01}")
    encoder = Checkpoint.open(directory).encoder
    windows = [window for document in documents for window in encoder.encode(document.text)]
    torch_logits = run(TorchNetwork.open(directory), windows)
    onnx_logits = run(OnnxNetwork(data / "run" / "fp32.onnx"), windows)
    assert max(np.abs(ours - theirs).max() for ours, theirs in zip(torch_logits, onnx_logits, strict=True)) < 1e-3
    learned = AutoModelForTokenClassification.from_pretrained(directory)
    moved = model.get_input_embeddings().weight - learned.get_input_embeddings().weight
    assert moved.abs().max() > 1e-3
    assert [article.unread for article in Extractor.load(directory).pipe(documents)] == [0] * len(documents)
