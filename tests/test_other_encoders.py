"""A recipe may start from any token-classification architecture of transformers with a fast tokenizer."""

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import SENTENCES, tiny_recipe
from rich.console import Console
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from annotations.document import Document
from infer.extractor import Extractor
from train.pipeline import train
from train.recipe import load_recipe

pytestmark = pytest.mark.slow


def tiny_bert(directory: Path) -> Path:
    """A BERT with word pieces and special tokens of its own, as a hub would give it."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=specials, show_progress=False)
    tokenizer.train_from_iterator([text for text, _ in SENTENCES], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(directory)
    size = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    BertForMaskedLM(BertConfig(vocab_size=tokenizer.get_vocab_size(), **size)).save_pretrained(directory)
    return directory


def test_bert(tmp_path: Path, documents: list[Document]) -> None:
    base = tiny_bert(tmp_path / "bert")
    dev = [replace(document, id=f"dev {document.id}") for document in documents]
    recipe = load_recipe(
        tiny_recipe(tmp_path, documents, dev),
        ["pretraining=null", f"finetuning.base={base}", "finetuning.optimisation.epochs=60"],
    )
    directory = train(recipe, Console(quiet=True))
    for article, document in zip(Extractor.load(directory).pipe(documents), documents, strict=True):
        assert {(s.start, s.end, s.label) for s in article.spans} == {(s.start, s.end, s.label) for s in document.spans}
        assert article.unread == 0
