"""Fast where it makes no difference: windows with a score near a threshold are read again in 32-bit floats.

Half-precision numbers move a score a little. That changes a label only where the score lies next to a threshold, which
few do; the windows that hold those are read a second time, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from action_recs.checkpoint import ReadingSettings, Task
from action_recs.decoding import OUTSIDE
from action_recs.encoder import Encoder, WindowInput

MARGINS = {Task.RECOMMENDATION: 0.12, Task.REVIEW: 0.06}
"""How near to a threshold is near, in logits: about the most that bf16 moved a score of the development sessions."""


class CarefulEncoder:
    """A fast encoder with an exact one at its side.

    Parameters
    ----------
    fast, exact : Encoder
        Two of the same model.
    settings : ReadingSettings
        Of the checkpoint: what a score is depends on the task, what is near on its thresholds.
    """

    def __init__(self, fast: Encoder, exact: Encoder, settings: ReadingSettings) -> None:
        self.fast = fast
        self.exact = exact
        self.settings = settings

    @property
    def name(self) -> str:
        return self.fast.name

    def probabilities(self, windows: Sequence[WindowInput]) -> list[np.ndarray]:
        tables = self.fast.probabilities(windows)
        close = [at for at, table in enumerate(tables) if is_close(table, windows[at].pieces, self.settings)]
        if close:
            again = self.exact.probabilities([windows[at] for at in close])
            for at, table in zip(close, again, strict=True):
                tables[at] = table
        return tables


def is_close(table: np.ndarray, pieces: np.ndarray, settings: ReadingSettings) -> bool:
    """Whether the label of a piece hangs on less than the margin.

    Parameters
    ----------
    table : array of shape (rows, classes)
    pieces : array of int
        The row at which each piece begins, its marker's.
    settings : ReadingSettings

    Examples
    --------
    >>> settings = ReadingSettings(Task.REVIEW)  # found from 0.5, kept down to 0.3
    >>> table = np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0], [0.49, 0.51, 0.0], [0.49, 0.51, 0.0]])
    >>> is_close(table, np.array([0, 2]), settings), is_close(table[:2], np.array([0]), settings)
    (True, False)
    """
    if not len(pieces):
        return False
    inside = 1 - table[:, OUTSIDE].astype(np.float64)
    decoding = settings.decoding
    if settings.task is Task.RECOMMENDATION:  # its highest token says whether an utterance holds one
        inside[pieces] = 0
        scores = np.maximum.reduceat(inside, pieces)
        thresholds = [decoding.threshold]
    else:  # the mean of its tokens says whether an utterance begins or prolongs one
        scores = np.add.reduceat(inside, pieces) / np.diff([*pieces, len(inside)])
        thresholds = [decoding.threshold, min(decoding.floor, decoding.threshold)]
    distances = np.abs(np.subtract.outer(_logits(scores), _logits(np.array(thresholds))))
    return bool((distances < MARGINS[settings.task]).any())


def _logits(shares: np.ndarray) -> np.ndarray:
    bounded = np.clip(shares, 1e-6, 1 - 1e-6)
    found: np.ndarray = np.log(bounded / (1 - bounded))
    return found
