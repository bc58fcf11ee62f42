"""Whether the largest batch fits into memory: tried before the first step, so that nobody learns it after an hour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from action_recs.errors import ConfigError

SAID_ON_CPU = "can't allocate memory"


@contextmanager
def memory_explained(window_tokens: int, windows: int) -> Iterator[None]:
    """Turn running out of memory into an error that names the settings to lower."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not (
            isinstance(error, torch.OutOfMemoryError) or SAID_ON_CPU in str(error)
        ):
            raise
        raise ConfigError(
            f"out of memory with {windows} windows of up to {window_tokens} tokens at once: lower batch_tokens (or "
            f"batch_windows), then window_tokens; step_tokens={windows * window_tokens} keeps a step as large as it was"
        ) from None


def rehearse(model: torch.nn.Module, loss: Callable[[], torch.Tensor]) -> None:
    """Compute the gradients of one batch, with room kept for the optimiser, and forget them.

    The state of the random numbers is put back: a run that is rehearsed goes as one that is not.
    """
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    training = model.training
    with torch.random.fork_rng(devices=devices):
        model.train()
        kept = [
            torch.empty_like(each) for each in model.parameters() if each.requires_grad for _ in range(2)
        ]  # AdamW's two moments
        torch.autograd.backward(loss())
        del kept
    model.zero_grad(set_to_none=True)
    model.train(training)
