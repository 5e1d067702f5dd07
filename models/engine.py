"""From windows to logits: ONNX Runtime, or torch where it is asked for and installed."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.decoding import Floats
from models.encoding import Window

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Ints = NDArray[np.int64]


class Network(Protocol):
    """A network: ids and mask [batch, pieces] → logits [batch, pieces, tags].

    It is given windows together that have `together` pieces when padded, or one window that has more, and may be called
    in `threads` threads at once.
    """

    together: int
    threads: int

    def __call__(self, ids: Ints, mask: Ints) -> Floats: ...


class OnnxNetwork:
    """The network of an ONNX file. `threads` is the number of CPU threads, 0 for all.

    It reads each window alone. Int8 arithmetic rounds by the largest activation of all that is computed together, so a
    text would be read differently in other company; and what one window needs fits into a processor's cache, which
    saves more than a call costs.
    """

    together = 0

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        self.threads = threads or os.cpu_count() or 1
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def __call__(self, ids: Ints, mask: Ints) -> Floats:
        logits: Floats = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return logits


class TorchNetwork:
    """A transformers model in torch, which has threads of its own."""

    together = 1024
    threads = 1

    def __init__(self, model: "PreTrainedModel") -> None:
        self._model = model.eval()

    @classmethod
    def open(cls, path: Path) -> "TorchNetwork":
        """Load a model directory. Raises ImportError that names the extra where torch is missing."""
        try:
            from transformers import AutoModelForTokenClassification

            import models.tagger  # noqa: F401  registers our architecture
        except ImportError as error:
            raise ImportError("the torch engine needs the `train` extra: pip install 'malimet[train]'") from error
        return cls(AutoModelForTokenClassification.from_pretrained(path))

    def __call__(self, ids: Ints, mask: Ints) -> Floats:
        import torch

        with torch.inference_mode():
            output = self._model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
        logits: Floats = output.logits.float().numpy()
        return logits


def run(network: Network, windows: Sequence[Window], *, pad: int = 0) -> Iterator[Floats]:
    """The logits [pieces, tags] of each window in order. What is behind those taken is computed meanwhile."""
    lengths = [len(window.ids) for window in windows]

    def compute(batch: list[int]) -> Iterator[tuple[int, Floats]]:
        ids = np.full((len(batch), max(lengths[number] for number in batch)), pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, number in enumerate(batch):
            ids[row, : lengths[number]] = windows[number].ids
            mask[row, : lengths[number]] = 1
        return zip(batch, network(ids, mask), strict=True)

    found: dict[int, Floats] = {}
    with _workers(network.threads) as each:
        computed = each(compute, _batches(lengths, network.together))
        for number, length in enumerate(lengths):
            while number not in found:
                found.update(next(computed))
            yield found.pop(number)[:length]


@contextmanager
def _workers(threads: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """A `map` that works ahead in threads; what it has not begun is given up at the end of the block."""
    if threads == 1:
        yield map
        return
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)


def _batches(lengths: Sequence[int], together: int) -> Iterator[list[int]]:
    """Numbers of windows, as many as have `together` pieces when padded: each alone in order, or shortest first."""
    if not together:
        yield from ([number] for number in range(len(lengths)))
        return
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[number] > together:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
