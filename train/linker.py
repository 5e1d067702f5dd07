"""Fits the linker's weights to annotated relations: `python -m train.linker OUT.json DOCUMENTS.json …`.

Every role is a softmax over its candidates and the empty choice, with a ridge penalty; the forty features that move
scores most are kept and fitted again. What is a metric is learned from links that the role scorers guessed for
documents they had not seen, since annotated links would give the answer away.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from annotations.document import Document, Span
from annotations.formats import auto
from models.linker import METRIC, Linker
from models.pairs import ROLES, Features, Links, Scene, metric_features, null_features, pair_features
from models.sentences import split

FEATURES = 40
RIDGE = 2.0
FOLDS = 3

Weights = dict[str, float]
Example = tuple[list[Features], int]
"""The options of one choice and which of them is right."""


def fit(documents: Sequence[Document], ridge: float = RIDGE) -> Linker:
    """A linker fitted to the relations of documents. A value without any relation counts as no metric."""
    roles = fit_roles(documents, ridge)
    guesses: list[Example] = []
    for fold in range(FOLDS):
        seen = [document for number, document in enumerate(documents) if number % FOLDS != fold]
        linker = Linker({**fit_roles(seen, ridge), METRIC: {}})
        for document in documents[fold::FOLDS]:
            guesses += _metric_examples(document, linker)
    return Linker({**roles, METRIC: _fit(guesses, ridge)})


def fit_roles(documents: Sequence[Document], ridge: float = RIDGE) -> dict[str, Weights]:
    """Weights for every role, of the `FEATURES` features that matter most to it."""
    weights = {}
    for role in ROLES:
        examples = [example for document in documents for example in _role_examples(document, role)]
        strongest = _strongest(examples, _fit(examples, ridge))
        kept = [([_only(features, strongest) for features in options], right) for options, right in examples]
        weights[role] = _fit(kept, ridge)
    return weights


def scene_of(document: Document) -> Scene:
    """A document as the linker sees it."""
    return Scene(document.text, document.spans, split(document.text))


def annotated_links(document: Document) -> dict[Span, dict[str, Span | None]]:
    """The roles of every value that has a relation, each role present."""
    links: dict[Span, dict[str, Span | None]] = {}
    for relation in document.relations:
        links.setdefault(relation.source, dict.fromkeys(ROLES))[relation.role] = relation.target
    return links


def _role_examples(document: Document, role: str) -> list[Example]:
    """The choices for a role in one document; those whose right answer is no candidate are left out."""
    scene, annotated = scene_of(document), annotated_links(document)
    earlier = ROLES[: ROLES.index(role)]
    previous: Links = {}
    examples: list[Example] = []
    for value in scene.values:
        if value not in annotated:
            continue
        links = {name: annotated[value][name] for name in earlier}
        candidates = scene.candidates(value, role)
        answers = [None, *candidates]
        if candidates and annotated[value][role] in answers:
            options = [null_features(scene, value, role, links, previous)]
            options += [pair_features(scene, value, span, role, links, previous) for span in candidates]
            examples.append((options, answers.index(annotated[value][role])))
        previous = annotated[value]
    return examples


def _metric_examples(document: Document, linker: Linker) -> list[Example]:
    """For every value of a document the choice between no metric (a score of nought) and one."""
    scene, annotated = scene_of(document), annotated_links(document)
    links = {
        linked.value: {role: choice.span for role, choice in linked.choices.items()} for linked in linker.link(scene)
    }
    return [([{}, metric_features(scene, value, links[value])], int(value in annotated)) for value in scene.values]


def _strongest(examples: Sequence[Example], weights: Weights) -> frozenset[str]:
    """The names of the features whose weight times spread is greatest."""
    sums = dict.fromkeys(weights, 0.0)
    squares = dict.fromkeys(weights, 0.0)
    rows = [features for options, _ in examples for features in options]
    for features in rows:
        for name, size in features.items():
            sums[name] += size
            squares[name] += size * size
    spread = {name: (squares[name] / len(rows) - (sums[name] / len(rows)) ** 2) ** 0.5 for name in weights}
    return frozenset(sorted(weights, key=lambda name: -abs(weights[name]) * spread[name])[:FEATURES])


def _only(features: Features, names: frozenset[str]) -> Features:
    return {name: size for name, size in features.items() if name in names}


def _fit(examples: Sequence[Example], ridge: float) -> Weights:
    """The weights with the least cross-entropy over choices plus `ridge` times half their squared norm."""
    names = sorted({name for options, _ in examples for features in options for name in features})
    column = {name: index for index, name in enumerate(names)}
    choice = torch.tensor([row for row, (options, _) in enumerate(examples) for _ in options])
    table = torch.zeros(len(choice), len(names))
    for row, features in enumerate(features for options, _ in examples for features in options):
        for name, size in features.items():
            table[row, column[name]] = size
    first = torch.tensor([0, *(len(options) for options, _ in examples)]).cumsum(0)[:-1]
    right = first + torch.tensor([answer for _, answer in examples])
    weights = torch.zeros(len(names), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=100, tolerance_change=1e-4, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        scores = table @ weights
        total = torch.zeros(len(examples)).index_add(0, choice, scores.exp()).log()
        value = (total - scores[right]).sum() + ridge / 2 * weights @ weights
        value.backward()
        return value

    optimizer.step(loss)
    return dict(zip(names, weights.tolist(), strict=True))


def main(out: Path, *sources: Path) -> None:
    """Fit to the labelled documents of files and write the weights as JSON, rounded to what matters."""
    linker = fit([document for source in sources for document in auto.read(source)])
    rounded = {
        role: {name: round(weight, 3) for name, weight in table.items()} for role, table in linker.weights.items()
    }
    out.write_text(json.dumps(rounded, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
