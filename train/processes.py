"""The processes of a run, which torchrun or `accelerate launch` starts; without them there is one."""

from datetime import timedelta

import torch
from accelerate import PartialState

CPU = not torch.accelerator.is_available()
PATIENCE = timedelta(days=1)  # the others wait while the main process alone learns a tokenizer, or exports a model


def processes() -> PartialState:
    """How many they are, and which this one is. On the CPU accelerate knows of several only where it is told so."""
    return PartialState(cpu=CPU, timeout=PATIENCE)
