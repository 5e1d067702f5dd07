"""What a figure is: F1 with what it is made of, how sure it is and how much it rests on."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from annotations.scores import Counts, interval

FEW = 10  # gold spans
FEW_DOCUMENTS = 5


class Part(BaseModel):
    """A part of an evaluation: fixed once it is made, and the schema of the JSON file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def share(part: float, whole: float) -> float:
    """A part of a whole; 0 where the whole is nothing."""
    return part / whole if whole else 0.0


def bounds(right: Counts, spans: Counts) -> tuple[float, float] | tuple[None, None]:
    """The interval of F1 from counts [documents], see annotations.scores.interval. Draws from fewer than FEW_DOCUMENTS
    documents are so alike that their interval would be far too narrow: then there is none."""
    return interval(right, spans) if np.count_nonzero(spans) >= FEW_DOCUMENTS else (None, None)


class Score(Part):
    """Precision, recall and F1, with the interval in which F1 lies with 95 % confidence (bootstrap over documents), or
    None where too few documents have a say. `right` counts a half where half a point is given.
    """

    name: str
    precision: float
    recall: float
    f1: float
    low: float | None
    high: float | None
    right: float
    predicted: int
    gold: int

    @property
    def few(self) -> bool:
        """Whether it rests on so few gold spans that it says little."""
        return self.gold < FEW

    @classmethod
    def of(cls, name: str, right: Sequence[float] | Counts, predicted: Sequence[int], gold: Sequence[int]) -> Self:
        """From the counts of each document: right, predicted and gold."""
        rights, predictions, golds = float(sum(right)), int(sum(predicted)), int(sum(gold))
        low, high = bounds(np.array(right), np.array(predicted) + np.array(gold))
        return cls(
            name=name,
            precision=share(rights, predictions),
            recall=share(rights, golds),
            f1=share(2 * rights, predictions + golds),
            low=low,
            high=high,
            right=rights,
            predicted=predictions,
            gold=golds,
        )
