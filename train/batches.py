"""Rows of pieces and what is taught at each, padded to batches."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass
class Batches:
    """Pads rows with `input_ids` [pieces] and `allowed`, the numbers of the tags that each piece may have.

    In a batch `labels` [rows, longest, tags] is true for an allowed tag: nowhere at a piece that teaches nothing.
    """

    pad: int
    tags: int

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        batch = padded(rows, self.pad)
        labels = torch.zeros((*batch["input_ids"].shape, self.tags), dtype=torch.bool)
        places = [
            (number, piece, tag)
            for number, row in enumerate(rows)
            for piece, tags in enumerate(row["allowed"])
            for tag in tags
        ]
        labels[tuple(torch.tensor(places, dtype=torch.long).view(-1, 3).T)] = True  # at once: a GPU waits for this
        return batch | {"labels": labels}


@dataclass
class SoftBatches:
    """Pads rows with `input_ids` [pieces], `firsts` [words] and `probabilities` [words, tags].

    In a batch `labels` [rows, longest, tags] holds a word's probabilities at its first piece, zeros elsewhere.
    """

    pad: int
    tags: int

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        batch = padded(rows, self.pad)
        labels = torch.zeros((*batch["input_ids"].shape, self.tags))
        for number, row in enumerate(rows):
            labels[number, row["firsts"]] = torch.from_numpy(row["probabilities"]).float()
        return batch | {"labels": labels}


def padded(rows: list[dict[str, Any]], pad: int) -> dict[str, Tensor]:
    """`input_ids` and `attention_mask` [rows, longest]."""
    longest = max(len(row["input_ids"]) for row in rows)
    ids = torch.full((len(rows), longest), pad)
    mask = torch.zeros_like(ids)
    for number, row in enumerate(rows):
        length = len(row["input_ids"])
        ids[number, :length] = torch.tensor(row["input_ids"])
        mask[number, :length] = 1
    return {"input_ids": ids, "attention_mask": mask}
