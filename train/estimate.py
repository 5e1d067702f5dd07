"""What a step costs: measured on one batch, twice forward and backward."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from transformers import PreTrainedModel

BYTES_A_PARAMETER = 16  # in float32: the weight, its gradient and Adam's two moments


@dataclass(frozen=True)
class Cost:
    """Of a training step: memory in bytes, and seconds."""

    parameters: int
    memory: int
    seconds: float


def measure(
    model: PreTrainedModel, batch: dict[str, Tensor], loss: Callable[[Any, Tensor], Tensor] | None = None
) -> Cost:
    """Measure a batch on the GPU if torch sees one; without `loss` the model gives it.

    Memory is that of the weights, of what Adam keeps of them, and of what the forward pass keeps for the backward one.
    The time is that of the second pass: the first finds memory cold.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = model.to(device).train()
    batch = {name: tensor.to(device) for name, tensor in batch.items()}
    labels = batch.pop("labels") if loss else None
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    seconds = 0.0
    for _ in range(2):
        began = time.perf_counter()
        with saved_tensors_hooks(keep, lambda tensor: tensor):
            outputs = model(**batch)
            value = loss(outputs, labels) if loss and labels is not None else outputs.loss
        value.backward()
        value.item()  # waits for a GPU
        seconds = time.perf_counter() - began
    parameters = model.num_parameters()
    return Cost(parameters, BYTES_A_PARAMETER * parameters + sum(kept.values()), seconds)
