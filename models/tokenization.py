"""The default model's tokenizer: BPE pieces inside words that a label may begin or end at."""

import json
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import NFC, Replace, Sequence
from tokenizers.pre_tokenizers import Sequence as Steps
from tokenizers.pre_tokenizers import Split
from tokenizers.trainers import BpeTrainer

CONTINUES = "##"
PAD, UNK, MASK = "[PAD]", "[UNK]", "[MASK]"
SPECIAL = [PAD, UNK, MASK]

# A word is a run of letters that keeps one case pattern (аяқталды|Кездесуде, Қаз|ТАГ, ЖШС|ның), a run of digits, or a
# single other character. The bound on its length keeps pages without a space linear.
WORD = r"\p{Lu}?[\p{Ll}\p{M}\p{Cf}]{1,48}|[\p{Lu}\p{M}\p{Cf}]{1,48}|\p{L}|\p{N}{1,48}|[^\s\p{L}\p{M}\p{Cf}\p{N}]"

WORDS = Steps([Split(Regex(r"\s+"), "removed"), Split(Regex(WORD), "isolated")])

# Letters that Kazakh pages write with a look-alike from another alphabet, and characters that nobody sees.
LOOKALIKES = {"i": "і", "I": "І", "ə": "ә", "Ə": "Ә"}
INVISIBLE = r"\p{Cf}"


def train_tokenizer(texts: Iterable[str], *, vocab_size: int) -> Tokenizer:
    """Learn a tokenizer (BPE, Sennrich et al. 2016) from texts.

    Digits never merge. In the vocabulary the special tokens come first, then the pieces that begin a word, then those
    that continue one (`##` in front, the first of them `##[MASK]`), so that an id alone tells which it is.
    """
    tokenizer = Tokenizer(BPE(unk_token=UNK, continuing_subword_prefix=CONTINUES))
    tokenizer.normalizer = Sequence(
        [NFC(), Replace(Regex(INVISIBLE), ""), *(Replace(old, new) for old, new in LOOKALIKES.items())]
    )
    tokenizer.pre_tokenizer = Steps([WORDS, Split(Regex(r"\p{N}"), "isolated")])
    trainer = BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=SPECIAL,
        continuing_subword_prefix=CONTINUES,
        limit_alphabet=400,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.pre_tokenizer = WORDS

    ids = tokenizer.get_vocab()
    learned = sorted(ids, key=ids.__getitem__)
    begins = [piece for piece in learned if not piece.startswith(CONTINUES)]
    continues = [CONTINUES + MASK, *(piece for piece in learned if piece.startswith(CONTINUES))]
    continues += [CONTINUES + digit for digit in "0123456789" if CONTINUES + digit not in continues]
    vocab = {piece: number for number, piece in enumerate(begins + continues)}
    merges = [tuple(merge) for merge in json.loads(tokenizer.to_str())["model"]["merges"]]
    tokenizer.model = BPE(vocab=vocab, merges=merges, unk_token=UNK, continuing_subword_prefix=CONTINUES)
    return tokenizer
