"""A linear-chain CRF (Lafferty et al. 2001) with the usual features: what the model is compared with.

Run as `python -m eval.crf train/recipes/default.yaml`.
"""

import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import sklearn_crfsuite
from rich.console import Console

from annotations.document import Document, Span
from annotations.labels import default_labels
from eval.report import span_table
from eval.spans import span_scores
from models.checkpoint import Checkpoint
from models.decoding import stretches
from models.encoding import IGNORED, Window, tag
from train.data import load
from train.recipe import load_recipe

Features = dict[str, str | bool]


def word_features(words: Sequence[str], position: int) -> Features:
    """Form, affixes and shape of a word, and the forms and shapes of two words on either side."""
    word = words[position]
    features: Features = {"lower": word.lower(), "shape": _shape(word), "first": position == 0}
    for length in (1, 2, 3, 4, 5):
        features[f"prefix {length}"] = word[:length].lower()
        features[f"suffix {length}"] = word[-length:].lower()
    for step in (-2, -1, 1, 2):
        if 0 <= position + step < len(words):
            neighbour = words[position + step]
            features[f"{step} lower"] = neighbour.lower()
            features[f"{step} suffix"] = neighbour[-3:].lower()
            features[f"{step} shape"] = _shape(neighbour)
    return features


def _shape(word: str) -> str:
    if word.isdigit():
        return f"digits {min(len(word), 5)}"
    return "upper" if word.isupper() else "title" if word[0].isupper() else "lower" if word.isalpha() else "other"


def _features(text: str, window: Window) -> list[Features]:
    forms = [text[start:end] for start, end in window.words]
    return [word_features(forms, position) for position in range(len(forms))]


def _tags(document: Document, window: Window, allowed: Collection[str]) -> list[str]:
    names = default_labels().tags
    spans = [span for span in document.spans if span.label in allowed]
    return ["O" if number == IGNORED else names[number] for number in tag(window, spans, names)[0]]


def _spans(window: Window, tags: Sequence[str]) -> list[Span]:
    return [Span(window.words[first][0], window.words[end - 1][1], label) for first, end, label in stretches(tags)]


def main(recipe: Path) -> None:
    """Train on the recipe's training documents, by label groups annotated, and print its scores on each dev source.

    Raises ValueError for a recipe without labelled documents.
    """
    plan = load_recipe(recipe)
    if not plan.finetuning:
        raise ValueError(f"{recipe} has no `finetuning`, so no labelled documents")
    split = load(plan.finetuning.sources, plan.data)
    encoder = Checkpoint.open().encoder
    console = Console()
    for name, documents in split.dev.items():
        groups = documents[0].groups
        allowed = default_labels().names(groups)
        train = [(d, w) for d in split.train if d.groups >= groups for w in encoder.encode(d.text)]
        crf = sklearn_crfsuite.CRF(algorithm="lbfgs", c1=0.1, c2=0.1, max_iterations=100, all_possible_transitions=True)
        crf.fit([_features(d.text, w) for d, w in train], [_tags(d, w, allowed) for d, w in train])
        found = [
            [span for w in encoder.encode(d.text) for span in _spans(w, crf.predict_single(_features(d.text, w)))]
            for d in documents
        ]
        console.print(span_table(span_scores([d.spans for d in documents], found).rows, f"CRF on {name}"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
