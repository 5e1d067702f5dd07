"""What `malimet bench` compares, each in a process of its own: ways from a text to its spans.

`python -m eval.contenders` reads a Task as JSON and prints Times. A model that does not ship with Malimet has the shape
of a known one and random weights, which cost the time of trained ones, and our tokenizer; its threshold or bias lets it
find nothing, so that no time goes into what chance would find.
"""

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict

from annotations.labels import default_labels
from models.checkpoint import DEFAULT, Checkpoint

Read = Callable[[Sequence[str]], object]

BATCH = 8  # texts, where they are not read one by one
OVERLAP = 64  # pieces that two windows of a long text share
LONGEST = 256  # words that GLiNER is given at once: it leaves out what is beyond 384, punctuation counted
EXTRAS = {"torch": "malimet[train]", "transformers": "malimet[train]"}


class Shape(BaseModel):
    """Sizes of a transformer encoder, by default those of XLM-R base (Conneau et al. 2020)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    vocab_size: int = 250_002
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072


class Task(BaseModel):
    """A contender, the texts that it reads and how many times."""

    contender: str
    texts: tuple[str, ...]
    repetitions: int
    shape: Shape


class Times(BaseModel):
    """When the first text had been read, as time.monotonic counts, and the seconds of each reading of all texts."""

    first: float
    seconds: tuple[float, ...]


def main() -> None:
    """Read a task and print its times. Exits with what is to be installed where something is missing."""
    task = Task.model_validate_json(sys.stdin.read())
    try:
        read = CONTENDERS[task.contender](task.shape)
    except ModuleNotFoundError as error:
        name = str(error.name)
        sys.exit(f"{name} is not installed: pip install '{EXTRAS.get(name, name)}'")
    read(task.texts[:1])
    first = time.monotonic()
    read(task.texts[:BATCH])  # what is done once, at the first batch, is no part of the speed
    seconds = tuple(_seconds(read, task.texts) for _ in range(task.repetitions))
    print(Times(first=first, seconds=seconds).model_dump_json())


def _seconds(read: Read, texts: Sequence[str]) -> float:
    start = time.perf_counter()
    read(texts)
    return time.perf_counter() - start


def _engine(shape: Shape) -> Read:
    """Malimet's own way to spans, without records."""
    from models.decoding import decode
    from models.engine import OnnxNetwork, run

    checkpoint = Checkpoint.open()
    network = OnnxNetwork(DEFAULT / "model.onnx")

    def read(texts: Sequence[str]) -> object:
        windows = [checkpoint.encoder.encode(text) for text in texts]
        logits = iter(run(network, [window for own in windows for window in own]))
        return [decode(own, [next(logits) for _ in own], checkpoint.tags) for own in windows]

    return read


def _our_pipeline(shape: Shape, *, batch: int) -> Read:
    """The model that ships in transformers' pipeline, which needs no windows: its positions are rotary."""
    from transformers import pipeline

    import models.tagger  # noqa: F401  registers our architecture

    read = pipeline("token-classification", model=str(DEFAULT), aggregation_strategy="simple")
    return lambda texts: read(list(texts), batch_size=batch)


def _xlm_roberta_pipeline(shape: Shape, *, batch: int) -> Read:
    """XLM-R base in transformers' pipeline, with the windows that it needs to read a long text whole."""
    from transformers import XLMRobertaConfig, XLMRobertaForTokenClassification, pipeline

    tags = default_labels().tags
    config = XLMRobertaConfig(
        **shape.model_dump(), max_position_embeddings=514, type_vocab_size=1, id2label=dict(enumerate(tags))
    )
    network = XLMRobertaForTokenClassification(config)
    network.classifier.bias.data[tags.index("O")] = 10
    read = pipeline(
        "token-classification",
        model=network,
        tokenizer=_tokenizer(model_max_length=512),
        aggregation_strategy="simple",
        stride=OVERLAP,
    )
    return lambda texts: read(list(texts), batch_size=batch)


def _gliner(shape: Shape) -> Read:
    """GLiNER's multilingual model (Zaratiana et al. 2024) on mDeBERTa-v3 base, asked for all our labels."""
    from gliner import GLiNERConfig
    from gliner.model import UniEncoderSpanGLiNER  # GLiNER itself, which chooses it, cannot be made from a config

    tokenizer = _tokenizer()
    tokenizer.add_tokens(["[FLERT]", "<<ENT>>", "<<SEP>>"], special_tokens=True)
    encoder = {
        **shape.model_dump(),
        "model_type": "deberta-v2",
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "share_att_key": True,
        "position_buckets": 256,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": False,
        "type_vocab_size": 0,
    }
    config = GLiNERConfig(
        encoder_config=encoder,
        class_token_index=tokenizer.convert_tokens_to_ids("<<ENT>>"),
        vocab_size=shape.vocab_size,
    )
    model = UniEncoderSpanGLiNER(config, tokenizer=tokenizer)
    labels = list(default_labels().names())

    def read(texts: Sequence[str]) -> object:
        pieces = [piece for text in texts for piece in _pieces(text)]
        return model.inference(pieces, labels, threshold=1.0, batch_size=BATCH)

    return read


def _pieces(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[start : start + LONGEST]) for start in range(0, len(words), LONGEST)]


def _spacy(shape: Shape) -> Read:
    """The parts and sizes of spaCy's small pipelines for a CPU: hashed features, a CNN, a transition system."""
    import spacy

    pipeline = spacy.blank("xx")
    recogniser = pipeline.add_pipe("ner")
    for label in default_labels().names():
        recogniser.add_label(label)
    pipeline.initialize()
    return lambda texts: list(pipeline.pipe(texts))


def _tokenizer(**settings: Any) -> Any:
    """Our own tokenizer, for a network of another kind."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(DEFAULT, **settings)


ENGINE = "Malimet's engine: text to spans"
OUR_PIPELINES = ("transformers pipeline, our model", f"transformers pipeline, our model, batches of {BATCH}")
XLM_ROBERTA = (
    "transformers pipeline, XLM-R base shape",
    f"transformers pipeline, XLM-R base shape, batches of {BATCH}",
)

CONTENDERS: dict[str, Callable[[Shape], Read]] = {
    ENGINE: _engine,
    OUR_PIPELINES[0]: partial(_our_pipeline, batch=1),
    OUR_PIPELINES[1]: partial(_our_pipeline, batch=BATCH),
    XLM_ROBERTA[0]: partial(_xlm_roberta_pipeline, batch=1),
    XLM_ROBERTA[1]: partial(_xlm_roberta_pipeline, batch=BATCH),
    "GLiNER, mDeBERTa base shape": _gliner,
    "spaCy, small CNN shape": _spacy,
}

if __name__ == "__main__":
    main()
