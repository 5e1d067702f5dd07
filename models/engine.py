"""From windows to logits: ONNX Runtime, or torch where it is asked for and installed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.decoding import Floats
from models.encoding import Window

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Ints = NDArray[np.int64]
BATCH_PIECES = 4096


class Network(Protocol):
    """A network: ids and mask [batch, pieces] → logits [batch, pieces, tags]."""

    def __call__(self, ids: Ints, mask: Ints) -> Floats: ...


class OnnxNetwork:
    """The network of an ONNX file. `threads` is the number of CPU threads, 0 for all."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def __call__(self, ids: Ints, mask: Ints) -> Floats:
        logits: Floats = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return logits


class TorchNetwork:
    """A transformers model in torch."""

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


def run(network: Network, windows: Sequence[Window], *, pad: int = 0) -> list[Floats]:
    """The logits [pieces, tags] of each window, computed in batches of windows of like length."""
    results: list[Floats] = [np.empty((0, 0), dtype=np.float32)] * len(windows)
    for batch in _batches([len(window.ids) for window in windows]):
        longest = len(windows[batch[-1]].ids)
        ids = np.full((len(batch), longest), pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, number in enumerate(batch):
            length = len(windows[number].ids)
            ids[row, :length] = windows[number].ids
            mask[row, :length] = 1
        for number, logits in zip(batch, network(ids, mask), strict=True):
            results[number] = logits[: len(windows[number].ids)]
    return results


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of windows, shortest first, as many together as BATCH_PIECES holds when padded."""
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[number] > BATCH_PIECES:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
