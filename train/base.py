"""The encoder that a recipe goes on from: its tokenizer, and the labels that it knows already."""

from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

NEEDED = "Malimet needs a fast tokenizer (tokenizer.json), which tells where each piece stands in the text"


def open_tokenizer(base: str) -> PreTrainedTokenizerFast:
    """The fast tokenizer of a directory or hub name. Raises ValueError where there is none."""
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(base)
    except OSError as error:
        raise ValueError(f"{base} is neither a directory with a model nor a name on the hub: {error}") from error
    if not tokenizer.is_fast:
        raise ValueError(f"the tokenizer of {base} is a {type(tokenizer).__name__}, written in Python: {NEEDED}")
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # what transformers makes up where there is no file
        raise ValueError(f"{base} has no tokenizer: {NEEDED}. Save one there with tokenizer.save_pretrained({base!r})")
    return tokenizer


def known_tags(base: str) -> list[str]:
    """The IOB2 tags of a base model's head, in order; for an encoder without one, transformers' placeholders."""
    config = AutoConfig.from_pretrained(base)
    return [config.id2label[number] for number in range(len(config.id2label))]


def known_labels(base: str) -> set[str]:
    """The labels of which a base model's head has tags."""
    return {tag[2:] for tag in known_tags(base) if tag[:2] in {"B-", "I-"}}
