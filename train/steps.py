"""Which rows a step sees, and the parts in which they go through the network."""

# mypy: allow-subclassing-any

from collections.abc import Iterator, Sequence

from accelerate.utils import broadcast_object_list
from torch.utils.data import Sampler
from transformers.trainer_pt_utils import LengthGroupedSampler

from train.processes import processes
from train.recipe import Optimisation


def steps_of(optimisation: Optimisation, rows: int) -> int:
    """How many steps a stage takes over so many rows."""
    return optimisation.steps or round((optimisation.epochs or 1) * -(-rows // optimisation.batch_size))


def parts_of(optimisation: Optimisation) -> int:
    """In how many parts a step's rows go through the network: so many as the recipe says on each process.

    Raises ValueError for rows that cannot be dealt evenly.
    """
    number: int = processes().num_processes
    parts = number * optimisation.accumulate
    if optimisation.batch_size % parts:
        raise ValueError(
            f"batch_size: {optimisation.batch_size} rows a step cannot be dealt evenly to {number} processes in"
            f" {optimisation.accumulate} parts each (`accumulate`)"
        )
    return parts


class Parts(Sampler[list[int]]):
    """The rows of an epoch in steps of `rows`, grouped by length, and each step dealt to so many `parts`.

    accelerate gives the parts to the processes in turn. All see the order that the main process draws, for each draws
    from a random state of its own. The last step of an epoch may have fewer rows than parts: then each part is the
    whole step, whose mean stays what it is.
    """

    def __init__(self, lengths: Sequence[int], rows: int, parts: int) -> None:
        self._order = LengthGroupedSampler(rows, lengths=lengths)
        self._rows = rows
        self._parts = parts

    def __len__(self) -> int:
        return -(-len(self._order) // self._rows) * self._parts

    def __iter__(self) -> Iterator[list[int]]:
        (order,) = broadcast_object_list([list(self._order)])
        for start in range(0, len(order), self._rows):
            step = order[start : start + self._rows]
            for part in range(self._parts):
                yield step[part :: self._parts] if len(step) >= self._parts else step


def padding(lengths: Sequence[int], rows: int, parts: int) -> float:
    """The share of padding in the positions that an epoch takes through the network."""
    batches = [[lengths[row] for row in part] for part in Parts(lengths, rows, parts)]
    return 1 - sum(map(sum, batches)) / sum(max(batch) * len(batch) for batch in batches)
