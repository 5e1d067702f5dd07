"""The scorer that links a value to the spans which fill its roles: a logistic regression over named features.

For every role the candidates and the empty choice compete in a softmax; a last regression says whether the value is
a metric at all. Values are taken in the order of the text, so that each sees what the one before it was linked to.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp
from pathlib import Path

from annotations.document import Span
from models.pairs import ROLES, Features, Links, Scene, metric_features, null_features, pair_features

METRIC = "metric"


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


@dataclass(frozen=True)
class Linker:
    """Weights by role and feature name; the entry `metric` decides what is one."""

    weights: Mapping[str, Mapping[str, float]]

    @classmethod
    def load(cls, path: Path) -> "Linker":
        """Read the weights from JSON. Raises ValueError when a role has none."""
        weights = json.loads(path.read_text("utf-8"))
        if missing := {*ROLES, METRIC} - weights.keys():
            raise ValueError(f"{path} has no weights for {', '.join(sorted(missing))}")
        return cls(weights)

    def link(self, scene: Scene) -> list[Linked]:
        """The metrics among a scene's values, in the order of the text."""
        metrics: list[Linked] = []
        previous: Links = {}
        for value in scene.values:
            choices: dict[str, Choice] = {}
            links: dict[str, Span | None] = {}
            for role in ROLES:
                choices[role] = self._choose(scene, value, role, links, previous)
                links[role] = choices[role].span
            probability = 1 / (1 + exp(-self._score(METRIC, metric_features(scene, value, links))))
            if probability >= 0.5:
                metrics.append(Linked(value, probability, choices))
                previous = links
        return metrics

    def _choose(self, scene: Scene, value: Span, role: str, links: Links, previous: Links) -> Choice:
        candidates = scene.candidates(value, role)
        if not candidates:
            return Choice(None, 1.0, ())
        options: list[tuple[Span | None, Features]] = [(None, null_features(scene, value, role, links, previous))]
        options += [(span, pair_features(scene, value, span, role, links, previous)) for span in candidates]
        scores = [self._score(role, features) for _, features in options]
        best = max(range(len(options)), key=scores.__getitem__)
        span, features = options[best]
        probability = 1 / sum(exp(score - scores[best]) for score in scores)
        return Choice(span, probability, tuple(self._reasons(role, features)))

    def _score(self, role: str, features: Features) -> float:
        weights = self.weights[role]
        return sum(weights.get(name, 0.0) * size for name, size in features.items())

    def _reasons(self, role: str, features: Features) -> Iterable[str]:
        """The names of the two features that spoke most for a choice."""
        weights = self.weights[role]
        parts = sorted(((weights.get(name, 0.0) * size, name) for name, size in features.items()), reverse=True)
        return (name for part, name in parts[:2] if part > 0)
