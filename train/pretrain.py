"""Masked language modelling: a new encoder from unlabelled text, or an encoder adapted to it."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoModelForMaskedLM, PreTrainedTokenizerFast, set_seed

from annotations.atomic import atomic_text
from annotations.formats import open_bytes
from models.encoding import IGNORED
from models.export import whole_directory
from models.tagger import MalimetConfig, MalimetForMaskedLM
from models.tokenization import CONTINUED_MASK, MASK, PAD, UNK, train_tokenizer
from train.base import open_tokenizer
from train.fingerprint import claim, fingerprint, write
from train.processes import processes
from train.progress import Tracking
from train.recipe import Encoder, Pretraining, Text, find
from train.trainer import trainer_for


def read_texts(texts: Iterable[Text], data: Path, seed: int) -> Iterator[str]:
    """Lines of all texts, the stated share of each. Raises ValueError for a text that gives none."""
    for text in texts:
        chance = random.Random(f"{seed} {text.path}")  # noqa: S311  a sample, not a secret
        empty = True
        with open_bytes(find(text, data)) as lines:
            for content in lines:
                line = content.decode("utf-8").strip()
                if line and chance.random() < text.share:
                    empty = False
                    yield line
        if empty:
            raise ValueError(f"{find(text, data)}: a share of {text.share:g} of its lines is not a single one")


def pack(lines: Iterable[str], tokenizer: Tokenizer, row: int) -> Iterator[dict[str, list[Any]]]:
    """Rows of at most `row` pieces, cut between words: their ids and the number of each piece's word."""
    ids: list[int] = []
    words: list[int] = []
    for line in lines:
        encoding = tokenizer.encode(line, add_special_tokens=False)
        for _, start, end in _words(encoding.word_ids):
            if len(ids) + end - start > row and ids:
                yield {"input_ids": ids, "words": words}
                ids, words = [], []
            piece_ids = encoding.ids[start:end][:row]
            words += [words[-1] + 1 if words else 0] * len(piece_ids)
            ids += piece_ids
    if ids:
        yield {"input_ids": ids, "words": words}


def _words(word_ids: list[int | None]) -> Iterator[tuple[int | None, int, int]]:
    start = 0
    for position in range(1, len(word_ids) + 1):
        if position == len(word_ids) or word_ids[position] != word_ids[start]:
            yield word_ids[start], start, position
            start = position


@dataclass
class WholeWordMasking:
    """Batches rows and masks whole words (Cui et al. 2019): 80 % masked, 10 % random pieces, 10 % left as they are."""

    tokenizer: PreTrainedTokenizerFast
    share: float

    def __post_init__(self) -> None:
        mask, continued = self.tokenizer.mask_token_id, self.tokenizer.get_vocab().get(CONTINUED_MASK)
        self.first_continuation = len(self.tokenizer) if continued is None else continued
        self.mask, self.continued_mask = mask, mask if continued is None else continued

    def __call__(self, rows: list[dict[str, list[int]]]) -> dict[str, Tensor]:
        """Rows → input_ids, attention_mask, labels, each [rows, longest]."""
        longest = max(len(row["input_ids"]) for row in rows)
        ids = torch.full((len(rows), longest), self.tokenizer.pad_token_id)
        words = torch.full((len(rows), longest), -1)
        for number, row in enumerate(rows):
            ids[number, : len(row["input_ids"])] = torch.tensor(row["input_ids"])
            words[number, : len(row["words"])] = torch.tensor(row["words"])
        real = words >= 0
        draw = torch.rand(len(rows), int(words.max()) + 1).gather(1, words.clamp(min=0))
        chosen = real & (draw < self.share)
        if not chosen.any():
            chosen = real & (draw == draw[real].min())  # so that each batch asks for something
        labels = torch.where(chosen, ids, IGNORED)
        masks = torch.where(ids >= self.first_continuation, self.continued_mask, self.mask)
        noisy = torch.where(chosen & (draw < 0.9 * self.share), self._random_pieces(ids), ids)
        ids = torch.where(chosen & (draw < 0.8 * self.share), masks, noisy)
        return {"input_ids": ids, "attention_mask": real.long(), "labels": labels}

    def _random_pieces(self, ids: Tensor) -> Tensor:
        """For each piece another of the same kind, beginning or continuing a word."""
        begins = torch.randint(self.mask + 1, self.first_continuation, ids.shape)
        if self.first_continuation == len(self.tokenizer):
            return begins
        continues = torch.randint(self.first_continuation + 1, len(self.tokenizer), ids.shape)
        return torch.where(ids >= self.first_continuation, continues, begins)


def pretrain(recipe: Pretraining, *, data: Path, output: Path, seed: int, tracking: Tracking) -> Path:
    """Run the pre-training stage and return the encoder's directory; an interrupted run goes on from its checkpoint.

    Raises ValueError when the directory holds the work of another recipe.
    """
    made_from = fingerprint(recipe, sources=recipe.texts, data=data, seed=seed, base=recipe.base)
    if output.exists():
        claim(output, made_from)
        return output
    set_seed(seed)
    runs = working_directory(output)
    with processes().main_process_first():  # the others find its tokenizer and its rows
        claim(runs, made_from)
        tokenizer, model = _beginning(recipe, data=data, seed=seed, runs=runs)
        pieces = tokenizer.backend_tokenizer.to_str()
        rows = Dataset.from_generator(
            _rows,
            gen_kwargs={"recipe": recipe, "data": data, "seed": seed, "tokenizer": pieces},
            cache_dir=str(runs / "rows"),
        ).shuffle(seed=seed)
    trainer = trainer_for(
        title="pre-training",
        model=model,
        tokenizer=tokenizer,
        dataset=rows,
        collator=WholeWordMasking(tokenizer, recipe.masked),
        optimisation=recipe.optimisation,
        output=runs,
        seed=seed,
        tracking=tracking,
    )
    trainer.learn()
    if processes().is_main_process:
        with whole_directory(output) as directory:
            tokenizer.save_pretrained(directory)
            model.save_pretrained(directory)
            write(directory, made_from)
    processes().wait_for_everyone()
    return output


def _beginning(recipe: Pretraining, *, data: Path, seed: int, runs: Path) -> tuple[PreTrainedTokenizerFast, Any]:
    """The tokenizer and the network before their first step. Raises ValueError for a base without a mask token."""
    if not recipe.base:
        sizes = new_encoder(recipe)
        tokenizer = _tokenizer(sizes, read_texts(recipe.texts, data, seed), runs)
        return tokenizer, MalimetForMaskedLM(config_of(sizes, tokenizer))
    tokenizer = open_tokenizer(recipe.base)
    if tokenizer.mask_token_id is None:
        raise ValueError(f"the tokenizer of {recipe.base} has no mask token, which pre-training needs")
    return tokenizer, AutoModelForMaskedLM.from_pretrained(recipe.base)


def working_directory(output: Path) -> Path:
    """Where a stage keeps its checkpoints until its result appears at `output`."""
    return output.with_name(output.name + ".run")


def new_encoder(recipe: Pretraining) -> Encoder:
    """The sizes of a recipe's new encoder. Raises ValueError where it gives none."""
    if not recipe.encoder:
        raise ValueError(
            "pretraining needs either `base`, an encoder to go on from, or `encoder`, the sizes of a new one"
        )
    return recipe.encoder


def config_of(encoder: Encoder, tokenizer: PreTrainedTokenizerFast) -> MalimetConfig:
    """The configuration of a new encoder for a tokenizer of ours."""
    vocabulary = tokenizer.get_vocab()
    sizes = encoder.model_dump(exclude={"tokenizer"}) | {"vocab_size": len(vocabulary)}
    return MalimetConfig(first_continuation=vocabulary[CONTINUED_MASK], dropout=0.0, **sizes)


def _tokenizer(encoder: Encoder, texts: Iterable[str], runs: Path) -> PreTrainedTokenizerFast:
    path = runs / "tokenizer.json"
    if not path.exists():
        learned = train_tokenizer(texts, vocab_size=encoder.vocab_size, kind=encoder.tokenizer)
        with atomic_text(path) as file:
            file.write(learned.to_str(pretty=True))
    return for_transformers(Tokenizer.from_file(str(path)))


def for_transformers(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """A tokenizer of ours as transformers wants it."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, unk_token=UNK, mask_token=MASK, clean_up_tokenization_spaces=False
    )


def _rows(recipe: Pretraining, data: Path, seed: int, tokenizer: str) -> Iterator[dict[str, list[Any]]]:
    lines = list(read_texts(recipe.texts, data, seed))
    random.Random(seed).shuffle(lines)  # noqa: S311
    return pack(lines, Tokenizer.from_str(tokenizer), recipe.row)
