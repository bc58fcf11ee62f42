"""Fast where it makes no difference: windows with a label that hangs on little are read again in 32-bit floats.

Half-precision numbers move a score a little. That changes a label only where the score lies next to a threshold, and no
surer score beside it decides, which is seldom; the windows that hold those are read a second time, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from action_recs.checkpoint import ReadingSettings, Task
from action_recs.decoding import OUTSIDE, RUN_BEGINS, DecodingSettings, stretches
from action_recs.encoder import Encoder, WindowInput

MARGINS = {Task.RECOMMENDATION: 0.04, Task.REVIEW: 0.04}
"""How near to a threshold is near, in logits. Of the development scores that are in doubt at all, bf16 moves nine in
ten by less (``python -m benchmarks.margins``), and few of the others lie where it matters."""


class CarefulEncoder:
    """A fast encoder with an exact one at its side.

    Parameters
    ----------
    fast, exact : Encoder
        Two of the same model.
    readings : sequence of (ReadingSettings, slice)
        For each of its tops what it is read with (what a score is depends on the task, what is near on the thresholds)
        and the columns of its classes. A window that is close for one of them is read again once for all.
    """

    def __init__(self, fast: Encoder, exact: Encoder, readings: Sequence[tuple[ReadingSettings, slice]]) -> None:
        self.fast = fast
        self.exact = exact
        self.readings = readings

    @property
    def name(self) -> str:
        return self.fast.name

    def probabilities(self, windows: Sequence[WindowInput]) -> list[np.ndarray]:
        tables = self.fast.probabilities(windows)
        close = [
            at
            for at, table in enumerate(tables)
            if any(is_close(table[:, columns], windows[at], settings) for settings, columns in self.readings)
        ]
        if close:
            again = self.exact.probabilities([windows[at] for at in close])
            for at, table in zip(close, again, strict=True):
                tables[at] = table
        return tables


def is_close(table: np.ndarray, window: WindowInput, settings: ReadingSettings) -> bool:
    """Whether the label of a piece hangs on less than the margin.

    Parameters
    ----------
    table : array of shape (rows, classes)
    window : WindowInput
    settings : ReadingSettings

    Examples
    --------
    >>> from action_recs import Role
    >>> settings = ReadingSettings(Task.REVIEW)  # found from 0.5, kept down to 0.3
    >>> table = np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0], [0.495, 0.505, 0.0], [0.495, 0.505, 0.0]])
    >>> window = WindowInput(range(6), np.arange(1, 5), np.array([0, 2]), (Role.THERAPIST, Role.CLIENT))
    >>> is_close(table, window, settings)
    True
    """
    if not len(window.pieces):
        return False
    if settings.task is Task.RECOMMENDATION:
        return _span_is_close(table, window, settings.decoding)
    return _run_is_close(table, window, settings.decoding)


def _span_is_close(table: np.ndarray, window: WindowInput, decoding: DecodingSettings) -> bool:
    """The highest of its tokens says whether an utterance holds a recommendation."""
    inside = 1 - table[:, OUTSIDE].astype(np.float64)
    inside[window.pieces] = 0  # the marker is not read
    highest = np.maximum.reduceat(inside, window.pieces)
    counts = np.isin(window.roles, Task.RECOMMENDATION.roles)
    distances = np.abs(_logits(highest[counts]) - _logits(np.array(decoding.threshold)))
    return bool((distances < MARGINS[Task.RECOMMENDATION]).any())


def _run_is_close(table: np.ndarray, window: WindowInput, decoding: DecodingSettings) -> bool:
    """The means over the tokens of utterances decide, and those around them: decode all a margin lower, and higher.

    A score near the floor matters only beside a run, and one near the threshold only where no other of its run is sure.
    What lies before and after the window is not known, so nothing may hang on it either way.
    """
    lengths = np.diff([*window.pieces, len(table)])
    means = np.add.reduceat(table.astype(np.float64), window.pieces) / lengths[:, None]
    inside, begins = _logits(1 - means[:, OUTSIDE]), means[:, RUN_BEGINS]
    margin = MARGINS[Task.REVIEW]
    for beyond in (0.0, 1.0):
        found = []
        for shift in (-margin, margin):
            scores = np.concatenate([[beyond], _shares(inside + shift), [beyond]])
            split = float(_shares(_logits(np.array(decoding.split)) + shift))
            runs = stretches(scores, np.concatenate([[0.0], begins, [0.0]]), replace(decoding, split=split))
            found.append({place for first, last in runs for place in range(first, last + 1)})
        if found[0] != found[1]:
            return True
    return False


def _logits(shares: np.ndarray) -> np.ndarray:
    bounded = np.clip(shares, 1e-6, 1 - 1e-6)
    found: np.ndarray = np.log(bounded / (1 - bounded))
    return found


def _shares(logits: np.ndarray) -> np.ndarray:
    found: np.ndarray = 1 / (1 + np.exp(-logits))
    return found
