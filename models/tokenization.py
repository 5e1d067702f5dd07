"""The default model's tokenizer: pieces inside words that a label may begin or end at."""

import json
from collections.abc import Iterable
from typing import Literal

from tokenizers import Regex, Tokenizer
from tokenizers.models import BPE, Unigram
from tokenizers.normalizers import NFC, Replace, Sequence
from tokenizers.pre_tokenizers import Metaspace, PreTokenizer, Split
from tokenizers.pre_tokenizers import Sequence as Steps
from tokenizers.trainers import BpeTrainer, UnigramTrainer

CONTINUES, BEGINS = "##", "▁"
PAD, UNK, MASK = "[PAD]", "[UNK]", "[MASK]"
SPECIAL = [PAD, UNK, MASK]
CONTINUED_MASK = CONTINUES + MASK

# A word is a run of letters that keeps one case pattern (аяқталды|Кездесуде, Қаз|ТАГ, ЖШС|ның), a run of digits, or a
# single other character. The bound on its length keeps pages without a space linear.
WORD = r"\p{Lu}?[\p{Ll}\p{M}\p{Cf}]{1,48}|[\p{Lu}\p{M}\p{Cf}]{1,48}|\p{L}|\p{N}{1,48}|[^\s\p{L}\p{M}\p{Cf}\p{N}]"

WORDS = Steps([Split(Regex(r"\s+"), "removed"), Split(Regex(WORD), "isolated")])
_MARKED_WORDS = Steps([WORDS, Metaspace(BEGINS, prepend_scheme="always", split=False)])
_DIGITS = Split(Regex(r"\p{N}"), "isolated")

# Letters that Kazakh pages write with a look-alike from another alphabet, and characters that nobody sees.
LOOKALIKES = {"i": "і", "I": "І", "ə": "ә", "Ə": "Ә"}
INVISIBLE = r"\p{Cf}"

Kind = Literal["bpe", "unigram"]


def train_tokenizer(texts: Iterable[str], *, vocab_size: int, kind: Kind = "bpe") -> Tokenizer:
    """Learn a tokenizer from texts: BPE (Sennrich et al. 2016) or unigram pieces (Kudo 2018).

    Digits never merge. In the vocabulary the special tokens come first, then the pieces that begin a word, then those
    that continue one, the first of them `##[MASK]`, so that an id alone tells which it is.
    """
    return _bpe(texts, vocab_size) if kind == "bpe" else _unigram(texts, vocab_size)


def _bpe(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Pieces that continue a word have `##` in front."""
    tokenizer = _tokenizer(BPE(unk_token=UNK, continuing_subword_prefix=CONTINUES), WORDS)
    trainer = BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=SPECIAL,
        continuing_subword_prefix=CONTINUES,
        limit_alphabet=400,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    ids = tokenizer.get_vocab()
    learned = sorted(ids, key=ids.__getitem__)
    begins = [piece for piece in learned if not piece.startswith(CONTINUES)]
    continues = [CONTINUED_MASK, *(piece for piece in learned if piece.startswith(CONTINUES))]
    continues += [CONTINUES + digit for digit in "0123456789" if CONTINUES + digit not in continues]
    vocab = {piece: number for number, piece in enumerate(begins + continues)}
    merges = [tuple(merge) for merge in json.loads(tokenizer.to_str())["model"]["merges"]]
    tokenizer.model = BPE(vocab=vocab, merges=merges, unk_token=UNK, continuing_subword_prefix=CONTINUES)
    tokenizer.pre_tokenizer = WORDS
    return tokenizer


def _unigram(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Pieces that begin a word have `▁` in front."""
    tokenizer = _tokenizer(Unigram(), _MARKED_WORDS)
    tokenizer.train_from_iterator(
        texts,
        UnigramTrainer(vocab_size=vocab_size - len(SPECIAL) - 1, special_tokens=[], unk_token=UNK, show_progress=False),
    )
    learned = [(piece, score) for piece, score in json.loads(tokenizer.to_str())["model"]["vocab"] if piece != UNK]
    begins = [entry for entry in learned if entry[0].startswith(BEGINS)]
    continues = [entry for entry in learned if not entry[0].startswith(BEGINS)]
    never = min(score for _, score in learned)  # no word holds a special token: words end at brackets
    special = [(token, never) for token in SPECIAL]
    tokenizer.model = Unigram([*special, *begins, (CONTINUED_MASK, never), *continues], unk_id=SPECIAL.index(UNK))
    tokenizer.pre_tokenizer = _MARKED_WORDS
    return tokenizer


def _tokenizer(model: BPE | Unigram, words: PreTokenizer) -> Tokenizer:
    """A tokenizer to be trained, which sees each digit alone."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = Sequence(
        [NFC(), Replace(Regex(INVISIBLE), ""), *(Replace(old, new) for old, new in LOOKALIKES.items())]
    )
    tokenizer.pre_tokenizer = Steps([words, _DIGITS])
    return tokenizer
