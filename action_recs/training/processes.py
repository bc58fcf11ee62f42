"""The processes of one run, which ``accelerate launch`` started: who writes, and when all have come as far."""

from __future__ import annotations

import torch
from accelerate import PartialState


def processes() -> PartialState:
    """Accelerate's view of them: ``num_processes``, ``is_main_process``, ``wait_for_everyone()``."""
    return PartialState(cpu=not torch.cuda.is_available())
