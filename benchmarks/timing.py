"""Times that can be compared: what is compared takes turns, so that other load on the machine falls on both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds on the clock and of the processors, a repeat an entry."""

    wall: tuple[float, ...]
    processor: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.wall)

    def to_dict(self) -> dict[str, Any]:
        return {
            "median": round(self.median, 4),
            "low": round(min(self.wall), 4),
            "high": round(max(self.wall), 4),
            "processor_median": round(statistics.median(self.processor), 4),
            "repeats": len(self.wall),
        }


def take_turns(
    contenders: Mapping[str, Callable[[], object]], *, repeats: int, until: float = float("inf")
) -> dict[str, Times]:
    """Time each of them ``repeats`` times, one after the other in every round.

    Parameters
    ----------
    contenders : mapping of name to function
        Warm: each has been called before.
    repeats : int
    until : float
        No round begins after this reading of ``time.perf_counter``, but for the first.
    """
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    processor: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(repeats):
        if number and time.perf_counter() > until:
            break
        for name, run in contenders.items():
            begun, used = time.perf_counter(), time.process_time()
            run()
            wall[name].append(time.perf_counter() - begun)
            processor[name].append(time.process_time() - used)
    return {name: Times(tuple(wall[name]), tuple(processor[name])) for name in contenders}


def ratio(slow: Times, fast: Times) -> dict[str, Any]:
    """How many times ``fast`` is faster: the median over rounds of the ratio within a round, with its range."""
    each = [one / other for one, other in zip(slow.wall, fast.wall, strict=True)]
    return {"median": round(statistics.median(each), 2), "low": round(min(each), 2), "high": round(max(each), 2)}
