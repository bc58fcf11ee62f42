"""Threads that run encoders over batches of windows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch

from action_recs.encoder import Encoder, WindowInput
from action_recs.plan import Plan

CACHE_TOKENS = 1024
"""Tokens that one processor core takes at once: what lies between two layers then stays in its cache."""


class Workers:
    """Threads that run encoders; a context manager.

    On a processor each thread computes on one core: two windows side by side finish sooner than two cores on one.
    On a GPU two threads take turns, so that one batch is prepared while the other is computed.
    """

    def __init__(self, device: str) -> None:
        self.count = torch.get_num_threads() if device == "cpu" else 2
        self.on_cpu = device == "cpu"
        self.most_windows: int | None = None
        self.pool = ThreadPoolExecutor(self.count, initializer=torch.set_num_threads, initargs=(1,))

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(cancel_futures=True)
        if self.on_cpu:  # what a thread sets, threads that come later begin with
            torch.set_num_threads(self.count)

    def start(self, encoder: Encoder, plans: Sequence[Plan], batch_tokens: int) -> Callable[[], list[list[np.ndarray]]]:
        """Begin to encode all windows of the plans; returns what waits for it, and gives the tables of each plan."""
        inputs = [each for plan in plans for each in plan.inputs]
        budget = min(batch_tokens // self.count, CACHE_TOKENS) if self.on_cpu else batch_tokens
        started: list[tuple[list[int], Future[list[np.ndarray]]]] = [
            (batch, self.pool.submit(self._encode, encoder, [inputs[at] for at in batch]))
            for batch in batches([len(each.tokens) for each in inputs], budget)
        ]

        def wait() -> list[list[np.ndarray]]:
            tables: list[np.ndarray] = [np.empty(0)] * len(inputs)
            for batch, future in started:
                for at, table in zip(batch, future.result(), strict=True):
                    tables[at] = table
            rest = iter(tables)
            return [[next(rest) for _ in plan.inputs] for plan in plans]

        return wait

    def _encode(self, encoder: Encoder, windows: Sequence[WindowInput]) -> list[np.ndarray]:
        """Encode a batch; where memory runs out, in halves, now and from then on."""
        if self.most_windows and len(windows) > self.most_windows:
            return self._in_halves(encoder, windows)
        try:
            return encoder.probabilities(windows)
        except (MemoryError, torch.OutOfMemoryError):
            if len(windows) == 1:
                raise
        self.most_windows = (len(windows) + 1) // 2  # outside of the handler, which holds on to what was allocated
        warnings.warn(
            f"out of memory; going on with batches of {self.most_windows} windows", RuntimeWarning, stacklevel=2
        )
        return self._in_halves(encoder, windows)

    def _in_halves(self, encoder: Encoder, windows: Sequence[WindowInput]) -> list[np.ndarray]:
        middle = (len(windows) + 1) // 2
        return [*self._encode(encoder, windows[:middle]), *self._encode(encoder, windows[middle:])]


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Group windows from long to short, as many as fit the budget when padded to the longest; at least one.

    Examples
    --------
    >>> list(batches([3, 9, 4, 4], budget=10))
    [[1], [2, 3], [0]]
    """
    order = sorted(range(len(lengths)), key=lambda at: -lengths[at])
    first = 0
    while first < len(order):
        count = max(1, budget // lengths[order[first]])
        yield order[first : first + count]
        first += count
