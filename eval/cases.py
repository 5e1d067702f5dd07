"""What models make of labelled documents: the reading that every figure of an evaluation is counted from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from annotations.checks import Problem, check
from annotations.document import Document, Span
from annotations.formats import Reject, auto
from annotations.labels import default_labels
from eval.alignment import Pair, paired
from infer.extractor import Extractor
from infer.records import Article, ModelName
from models.checkpoint import Checkpoint
from models.engine import OnnxNetwork
from train.encoded import encode


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled document with what a model read in it, and the spans that the model's words cannot represent."""

    document: Document
    article: Article
    pairs: tuple[Pair, ...]
    lost: tuple[Span, ...]

    @property
    def predicted(self) -> list[Span]:
        """The predicted spans of the labels that the annotators looked for."""
        return [pair.predicted for pair in self.pairs if pair.predicted]


@dataclass(frozen=True, slots=True)
class Reading:
    """A model and the cases that it could read."""

    model: ModelName
    cases: tuple[Case, ...]


def gold(path: Path, reject: Reject) -> Iterator[Document]:
    """The documents of a labelled file that can be scored against.

    To `reject` go those that are malformed, whose spans overlap, repeat or begin or end with white space, and a second
    document with the same id. Relations are not looked at: nothing here is scored against them.
    """
    seen: set[str] = set()
    for document in auto.read(path, reject):
        problems = check(replace(document, relations=()), default_labels())
        if document.id in seen:
            problems.append(Problem(document.id, "id", "another document has it already"))
        for problem in problems:
            reject(problem)
        if not problems:
            seen.add(document.id)
            yield document


def read(model: Path, documents: Iterable[Document], reject: Reject) -> Reading:
    """Read labelled documents with a model directory; one that cannot be read goes to `reject`.

    Raises FileNotFoundError or ValueError for what is no model directory.
    """
    checkpoint = Checkpoint.open(model)
    extractor = Extractor(checkpoint, OnnxNetwork(model / "model.onnx"))
    cases = []
    for document, article in extractor.readings(documents, reject=reject):
        names = default_labels().names(document.groups)
        predicted = [Span(s.start, s.end, s.label, s.score) for s in article.spans if s.label in names]
        (encoded,) = encode([document], checkpoint.encoder, default_labels())
        cases.append(Case(document, article, tuple(paired(document.spans, predicted)), tuple(encoded.lost)))
    return Reading(extractor.model, tuple(cases))
