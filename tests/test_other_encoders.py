"""A recipe may start from any token-classification architecture of transformers with a fast tokenizer."""

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT, SENTENCES
from rich.console import Console
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForMaskedLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)

from annotations.document import Document
from annotations.formats import conll, label_studio
from infer.extractor import Extractor
from train.pipeline import train
from train.recipe import load_recipe

pytestmark = pytest.mark.slow
RECIPES = ROOT / "train" / "recipes"
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def word_pieces() -> Tokenizer:
    """As BERT has them."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return fitted(tokenizer, trainers.WordPieceTrainer, "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def unigram_pieces() -> Tokenizer:
    """As XLM-RoBERTa has them."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return fitted(tokenizer, trainers.UnigramTrainer, "<pad>", "<unk>", "<s>", "</s>", "<mask>", unk_token="<unk>")


def gemma_pieces() -> Tokenizer:
    """As mmBERT has them, from Gemma: BPE over text whose spaces are letters."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
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
    kaznerd, corpus = tmp_path / "KazNERD" / "with_sentID", tmp_path / "annotations" / "corpus"
    for directory in (kaznerd, corpus):
        directory.mkdir(parents=True)
    label_studio.write(documents, corpus / "train.json")
    conll.write(documents, kaznerd / "IOB2_train2.txt")
    conll.write([replace(d, id=f"AID{number}") for number, d in enumerate(documents)], kaznerd / "IOB2_valid2.txt")
    return tmp_path


@pytest.mark.parametrize(
    ("recipe", "tokens", "network"),
    [
        ("xlm-roberta-base", unigram_pieces(), xlm_roberta),
        ("xlm-roberta-large", unigram_pieces(), xlm_roberta),
        ("mmbert-base", gemma_pieces(), modernbert),
        ("xlm-roberta-base", word_pieces(), bert),
    ],
    ids=["xlm-roberta-base", "xlm-roberta-large", "mmbert-base", "bert"],
)
def test_recipe(
    recipe: str, tokens: Tokenizer, network: type, data: Path, tmp_path: Path, documents: list[Document]
) -> None:
    """The recipes for larger models, on tiny stand-ins of their architecture, learn the sentences by heart."""
    pad, unk, first, last, mask = (tokens.id_to_token(number) for number in range(5))
    special = {"pad_token": pad, "unk_token": unk, "cls_token": first, "sep_token": last, "mask_token": mask}
    PreTrainedTokenizerFast(tokenizer_object=tokens, **special).save_pretrained(tmp_path / "base")
    network(tokens).save_pretrained(tmp_path / "base")
    directory = train(
        load_recipe(
            RECIPES / f"{recipe}.yaml",
            [
                f"data={data}",
                f"output={tmp_path / 'run'}",
                f"finetuning.base={tmp_path / 'base'}",
                "finetuning.optimisation={epochs: 60, batch_size: 2, learning_rate: 0.01}",
            ],
        ),
        Console(quiet=True),
    )
    for article, document in zip(Extractor.load(directory).pipe(documents), documents, strict=True):
        assert {(s.start, s.end, s.label) for s in article.spans} == {(s.start, s.end, s.label) for s in document.spans}
        assert article.unread == 0
