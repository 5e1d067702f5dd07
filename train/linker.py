"""Fits the linker's weights to annotated relations: `python -m train.linker OUT.json DOCUMENTS.json …`."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from annotations.atomic import atomic_text
from annotations.document import Document, Span
from annotations.formats import auto
from models.linker import AND, METRIC, Linker, Weights
from models.pairs import ROLES, Features, Scene, metric_features, options
from models.sentences import split

# Chosen by grouped cross-validation on the training documents.
SEEN = 8  # choices that a feature must stand in to get a weight
RIDGE, PAIR_RIDGE = 4.0, 8.0  # the L2 penalties of features and of pairs of them
PAIRS = 60  # pairs of features a role
FOLDS = 3
SMALLEST = 0.01

Table = dict[str, float]
Example = tuple[list[Features], int]  # the features of each option, and which of them is right


def fit(documents: Sequence[Document]) -> dict[str, Table]:
    """Weights by role, and those that tell a metric from a number that measures nothing.

    The latter see the roles that were found, not those annotated: found for each document by a linker fitted to others.
    """
    found: list[Example] = []
    for fold in range(FOLDS):
        rest = [document for number, document in enumerate(documents) if number % FOLDS != fold]
        # `always`, which holds for every value, lets this linker take all of them for metrics.
        linker = Linker({role: Weights(table) for role, table in (_roles(rest) | {METRIC: {"always": 1.0}}).items()})
        for document in documents[fold::FOLDS]:
            found += _metric_examples(document, linker)
    return _roles(documents) | {METRIC: _table(found)}


def _roles(documents: Sequence[Document]) -> dict[str, Table]:
    return {role: _table([example for d in documents for example in _examples(d, role)]) for role in ROLES}


def _examples(document: Document, role: str) -> list[Example]:
    """A choice for each annotated value; one whose right answer is no option teaches nothing."""
    scene, annotated = _scene(document), _annotated(document)
    examples: list[Example] = []
    previous = None
    for value in (value for value in scene.values if value in annotated):
        links = {name: annotated[value][name] for name in ROLES[: ROLES.index(role)]}
        choices = options(scene, value, role, links, previous)
        spans = [span for span, _ in choices]
        if annotated[value][role] in spans:
            examples.append(([features for _, features in choices], spans.index(annotated[value][role])))
        previous = value, annotated[value]
    return examples


def _metric_examples(document: Document, linker: Linker) -> list[Example]:
    scene, annotated = _scene(document), _annotated(document)
    examples: list[Example] = []
    for linked in linker.link(scene):
        links = {role: choice.span for role, choice in linked.choices.items()}
        features = metric_features(scene, linked.value, links)
        examples.append(([frozenset(), features], int(linked.value in annotated)))
    return examples


def _scene(document: Document) -> Scene:
    return Scene(document.text, document.spans, split(document.text))


def _annotated(document: Document) -> dict[Span, dict[str, Span | None]]:
    """The annotated roles of each value that is a metric."""
    links: dict[Span, dict[str, Span | None]] = {}
    for relation in document.relations:
        links.setdefault(relation.source, dict.fromkeys(ROLES))[relation.role] = relation.target
    return links


def _table(examples: Sequence[Example]) -> Table:
    """The weights under which the right options are most likely: of single features, then of pairs too."""
    rows = [features for choices, _ in examples for features in choices]
    counts = Counter(name for features in rows for name in features)
    names = sorted(name for name, count in counts.items() if count >= SEEN)
    column = {name: number for number, name in enumerate(names)}
    table = torch.zeros(len(rows), len(names))
    for row, features in enumerate(rows):
        for name in features & column.keys():
            table[row, column[name]] = 1
    choice = torch.tensor([number for number, (choices, _) in enumerate(examples) for _ in choices])
    first = torch.tensor([0, *(len(choices) for choices, _ in examples)]).cumsum(0)[:-1]
    right = first + torch.tensor([answer for _, answer in examples])

    ridge = torch.full((len(names),), RIDGE)
    weights = _descend(table, choice, right, ridge, torch.zeros(len(names)))
    best = _gains(table, weights, choice, right).flatten().topk(min(PAIRS, len(names) ** 2)).indices.tolist()
    pairs = [divmod(number, len(names)) for number in best]
    table = torch.cat([table, torch.stack([table[:, one] * table[:, other] for one, other in pairs], 1)], 1)
    ridge = torch.cat([ridge, torch.full((len(pairs),), PAIR_RIDGE)])
    weights = _descend(table, choice, right, ridge, torch.cat([weights, torch.zeros(len(pairs))]))
    labels = [*names, *(names[one] + AND + names[other] for one, other in pairs)]
    return {
        name: round(weight, 4) for name, weight in zip(labels, weights.tolist(), strict=True) if abs(weight) >= SMALLEST
    }


def _gains(table: Tensor, weights: Tensor, choice: Tensor, right: Tensor) -> Tensor:
    """About how much likelier a weight for each pair of features would make the right options: a Newton step's gain
    [features, features], above the diagonal."""
    probability = _probability(table @ weights, choice)
    error = probability.clone()
    error[right] -= 1
    gradient = table.T @ (table * error[:, None])
    curvature = table.T @ (table * (probability * (1 - probability))[:, None])
    return torch.triu(gradient**2 / (curvature + PAIR_RIDGE), diagonal=1)


def _probability(scores: Tensor, choice: Tensor) -> Tensor:
    """The softmax of scores over the options of each choice."""
    powers = scores.exp()
    return powers / torch.zeros(int(choice[-1]) + 1).index_add(0, choice, powers)[choice]


def _descend(table: Tensor, choice: Tensor, right: Tensor, ridge: Tensor, start: Tensor) -> Tensor:
    """The weights with the least −log-likelihood of the right options and L2 penalty, from `start` on."""
    weights = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([weights], max_iter=60, tolerance_change=1e-4, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = -_probability(table @ weights, choice)[right].log().sum() + (ridge * weights**2).sum() / 2
        value.backward()
        return value

    step: Callable[[Callable[[], Tensor]], Tensor] = optimizer.step
    step(loss)
    return weights.detach()


def main(output: Path, files: Sequence[Path]) -> None:
    """Fit to the documents of all files and write the weights."""
    torch.manual_seed(0)
    weights = fit([document for file in files for document in auto.read(file)])
    with atomic_text(output) as file:
        json.dump(weights, file, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
