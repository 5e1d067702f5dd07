"""The scorer that links a value to the spans which fill its roles: a log-linear model over named features.

For every role the candidates and the empty choice compete in a softmax; a last regression says whether the value is
a metric at all. A feature weighs by itself or together with another one (`after & genitive`). Values are taken in the
order of the text, so that each sees what the one before it was linked to.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp
from pathlib import Path

from annotations.document import Span
from models.pairs import ROLES, Features, Scene, metric_features, options

METRIC = "metric"
AND = " & "


@dataclass(frozen=True, slots=True)
class Choice:
    """What fills a role (None: nothing does), how probable that is, and the features that spoke most for it."""

    span: Span | None
    probability: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Linked:
    """A value that is a metric, with a choice for every role; `probability` is that of its being one."""

    value: Span
    probability: float
    choices: Mapping[str, Choice]


class Weights:
    """Weights of features, and of pairs of them, by name."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._partners: dict[str, list[tuple[str, str, float]]] = {}
        for name, weight in weights.items():
            first, _, second = name.partition(AND)
            self._partners.setdefault(first, []).append((second or first, name, weight))

    def parts(self, features: Features) -> list[tuple[float, str]]:
        """What each feature and each pair of features adds to the score, with its name."""
        return [
            (weight, name)
            for feature in features & self._partners.keys()
            for partner, name, weight in self._partners[feature]
            if partner in features
        ]

    def score(self, features: Features) -> float:
        """What the features speak for, all together."""
        return sum(weight for weight, _ in self.parts(features))


@dataclass(frozen=True)
class Linker:
    """Weights by role; the entry `metric` decides what is one."""

    weights: Mapping[str, Weights]

    @classmethod
    def load(cls, path: Path) -> "Linker":
        """Read the weights from JSON. Raises ValueError when a role has none."""
        weights = json.loads(path.read_text("utf-8"))
        if missing := {*ROLES, METRIC} - weights.keys():
            raise ValueError(f"{path} has no weights for {', '.join(sorted(missing))}")
        return cls({role: Weights(table) for role, table in weights.items()})

    def link(self, scene: Scene) -> list[Linked]:
        """The metrics among a scene's values, in the order of the text."""
        metrics: list[Linked] = []
        previous = None
        for value in scene.values:
            choices: dict[str, Choice] = {}
            links: dict[str, Span | None] = {}
            for role in ROLES:
                choices[role] = self._choose(role, options(scene, value, role, links, previous))
                links[role] = choices[role].span
            probability = 1 / (1 + exp(-self.weights[METRIC].score(metric_features(scene, value, links))))
            if probability >= 0.5:
                metrics.append(Linked(value, probability, choices))
                previous = value, links
        return metrics

    def _choose(self, role: str, choices: list[tuple[Span | None, Features]]) -> Choice:
        if len(choices) == 1:
            return Choice(None, 1.0, ())
        weights = self.weights[role]
        scores = [weights.score(features) for _, features in choices]
        best = max(range(len(choices)), key=scores.__getitem__)
        span, features = choices[best]
        probability = 1 / sum(exp(score - scores[best]) for score in scores)
        return Choice(span, probability, tuple(_strongest(weights.parts(features))))


def _strongest(parts: list[tuple[float, str]]) -> Iterable[str]:
    """The names of the two parts that spoke most for a choice."""
    return (name for part, name in sorted(parts, reverse=True)[:2] if part > 0)
