"""The held-out documents of a recipe's sources: what a model finds in them and how that scores."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from annotations.document import Span
from annotations.labels import LabelSet
from annotations.scores import score
from models.decoding import Floats, decode
from models.encoding import Window
from train.encoded import Encoded
from train.loss import marginal_loss

Found = dict[str, list[list[Span]]]
Report = dict[str, dict[str, float]]


def mean_f1(reports: dict[str, Report]) -> float:
    """Micro-F1 averaged over the sources, each of which counts the same."""
    return sum(report["micro avg"]["f1-score"] for report in reports.values()) / len(reports)


@dataclass(frozen=True)
class DevSet:
    """Documents by source. Logits come in the order of `windows`, [pieces, tags] each."""

    sources: dict[str, list[Encoded]]
    labels: LabelSet

    @property
    def documents(self) -> list[Encoded]:
        """All documents, source by source."""
        return [document for documents in self.sources.values() for document in documents]

    @property
    def windows(self) -> list[Window]:
        """All windows, document by document."""
        return [window for document in self.documents for window in document.windows]

    def decode(self, logits: Iterable[Floats]) -> Found:
        """The spans found in each document, of the labels that its annotators looked for: of no others can it be said
        whether they are right."""
        rest = iter(logits)
        return {
            name: [self._decode(document, rest) for document in documents] for name, documents in self.sources.items()
        }

    def _decode(self, document: Encoded, logits: Iterator[Floats]) -> list[Span]:
        names = self.labels.names(document.document.groups)
        spans = decode(document.windows, [next(logits) for _ in document.windows], self.labels.tags)
        return [span for span in spans if span.label in names]

    def reports(self, found: Found) -> dict[str, Report]:
        """Strict span scores by source."""
        return {
            name: score([document.document.spans for document in documents], found[name])
            for name, documents in self.sources.items()
        }

    def temperature(self, logits: Sequence[Floats]) -> float:
        """The temperature under which the gold tags of all words are most likely (Guo et al. 2017)."""
        words: list[Floats] = []
        allowed: list[list[int]] = []
        taught = (lesson for document in self.documents for lesson in document.allowed)
        for window, scores, lessons in zip(self.windows, logits, taught, strict=True):
            words.append(scores[window.firsts])
            allowed.extend(lessons)
        gold = torch.zeros((len(allowed), len(self.labels.tags)), dtype=torch.bool)
        for row, tags in enumerate(allowed):
            gold[row, tags] = True
        scores_of_words = torch.from_numpy(np.concatenate(words))
        candidates = [round(0.5 + 0.05 * step, 2) for step in range(71)]
        return min(candidates, key=lambda candidate: marginal_loss(scores_of_words / candidate, gold).item())
