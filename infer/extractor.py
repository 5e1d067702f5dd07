"""Articles in, records out: the one class that users of the library meet."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, Self

from annotations.checks import Problem, fail
from annotations.document import Document
from annotations.formats import Reject
from infer.records import Article, ModelName, Reading, build
from models.checkpoint import DEFAULT, Checkpoint
from models.decoding import decode
from models.encoding import Window
from models.engine import Network, OnnxNetwork, TorchNetwork, run

Engine = Literal["onnx", "torch"]


class Extractor:
    """Reads metrics, entities and spans from Kazakh text.

    >>> extractor = Extractor.load()
    >>> article = extractor.extract("Жыл басынан бері 14 жәрмеңке өтті.", published="2025-02-14")
    >>> article.metrics[0].number
    14
    """

    def __init__(self, checkpoint: Checkpoint, network: Network) -> None:
        self._checkpoint = checkpoint
        self._network = network
        self.model = ModelName(name=checkpoint.name, version=checkpoint.version)

    @classmethod
    def load(cls, path: Path = DEFAULT, *, engine: Engine = "onnx", threads: int = 0) -> Self:
        """Open a model directory, by default the model that ships. `threads` is for ONNX Runtime, 0 for all cores.

        Raises FileNotFoundError or ValueError for what is no model directory, ImportError where torch is asked for and
        missing.
        """
        checkpoint = Checkpoint.open(path)
        if engine == "torch":
            return cls(checkpoint, TorchNetwork.open(path))
        return cls(checkpoint, OnnxNetwork(path / "model.onnx", threads=threads))

    def extract(
        self, text: str, *, id: str = "text", published: str | None = None, title: str | None = None
    ) -> Article:
        """The records of one text. `published` is an ISO date, by which `биыл` or `кеше` become dates.

        Raises annotations.checks.Problem for a date that is none.
        """
        return next(self.pipe([Document(id=id, text=text, published=published, title=title)]))

    def pipe(
        self, documents: Iterable[Document | str], *, batch_size: int = 32, reject: Reject = fail
    ) -> Iterator[Article]:
        """Articles in the order of the documents, read `batch_size` at a time; a plain text gets its number as its id.

        A document that cannot be read goes to `reject` as a Problem and has no article.
        """
        return (article for _, article in self.readings(documents, batch_size=batch_size, reject=reject))

    def readings(
        self, documents: Iterable[Document | str], *, batch_size: int = 32, reject: Reject = fail
    ) -> Iterator[Reading]:
        """As `pipe`, each article with its document."""
        numbered = (
            Document(id=str(number), text=document) if isinstance(document, str) else document
            for number, document in enumerate(documents)
        )
        while batch := list(islice(numbered, batch_size)):
            windows = [self._checkpoint.encoder.encode(document.text) for document in batch]
            logits = run(self._network, [window for each in windows for window in each])
            for document, own in zip(batch, windows, strict=True):
                scores = [next(logits) for _ in own]
                spans = decode(own, scores, self._checkpoint.tags, temperature=self._checkpoint.temperature)
                try:
                    yield document, build(document, spans, self.model, unread(document.text, own))
                except ValueError as error:
                    reject(Problem(document.id, "published", str(error)))


def unread(text: str, windows: Sequence[Window]) -> int:
    """How many visible characters of a text lie in no word that a window decides."""
    read = bytearray(len(text))
    for window in windows:
        for position in window.decided:
            start, end = window.words[position]
            read[start:end] = b"\1" * (end - start)
    missed = (character for character, seen in zip(text, read, strict=True) if not seen)
    return sum(not character.isspace() and unicodedata.category(character) != "Cf" for character in missed)
