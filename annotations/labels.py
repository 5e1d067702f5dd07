"""The label set: read from labels.yaml, which is the only place that lists labels."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

Group = Literal["entity", "time", "value", "role"]
GROUPS: frozenset[str] = frozenset(get_args(Group))
PATH = Path(__file__).with_name("labels.yaml")


class Label(BaseModel):
    """A span label, with its names for people and its looks in Label Studio."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    kk: str
    en: str
    color: str
    hotkey: str
    group: Group


class Role(BaseModel):
    """A relation role: from a value to a span with one of the `targets` labels."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    kk: str
    en: str
    targets: tuple[str, ...]


class LabelSet(BaseModel):
    """All labels and roles, in the order of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    labels: tuple[Label, ...]
    roles: tuple[Role, ...]

    @model_validator(mode="after")
    def _consistent(self) -> "LabelSet":
        for field in ("name", "hotkey"):
            values = [getattr(label, field) for label in self.labels]
            if twice := sorted({value for value in values if values.count(value) > 1}):
                raise ValueError(f"labels share the {field} {', '.join(twice)}")
        known = {label.name for label in self.labels}
        for role in self.roles:
            if unknown := set(role.targets) - known:
                raise ValueError(f"role {role.name} targets unknown labels: {', '.join(sorted(unknown))}")
        return self

    @classmethod
    def load(cls, path: Path = PATH) -> "LabelSet":
        """Read a label set from YAML. Raises ValueError (pydantic's) for one that contradicts itself."""
        return cls.model_validate(yaml.safe_load(path.read_text("utf-8")))

    def names(self, groups: Iterable[str] = GROUPS) -> tuple[str, ...]:
        """Label names: all of them, or those that are in some groups or are named themselves."""
        wanted = set(groups)
        return tuple(label.name for label in self.labels if label.group in wanted or label.name in wanted)

    @property
    def tags(self) -> tuple[str, ...]:
        """IOB2 tags in the order of the model's output: O, then B- and I- of every label."""
        return ("O", *(f"{prefix}-{name}" for name in self.names() for prefix in "BI"))

    def targets(self, role: str) -> tuple[str, ...]:
        """The labels that may fill a role."""
        return next(r.targets for r in self.roles if r.name == role)


@cache
def default_labels() -> LabelSet:
    """The label set that ships with Malimet."""
    return LabelSet.load()
