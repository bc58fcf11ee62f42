"""How unsure a model is of a session, from the scores of its utterances.

A score is taken for a probability after it is moved, in log-odds, so that the model's threshold stands at a half:
what lies just under the threshold is as doubtful as what lies just above it. The lesser of the two sides is then the
probability that the decision is wrong, and its sum over the utterances the number of wrong ones to expect.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

EDGE = 1e-6
"""Scores of 0 and 1 have no log-odds; nothing closer to them can be told apart."""

DOUBTFUL = 0.2
"""The probability of being wrong from which an utterance is counted as doubtful."""


def doubt(scores: ArrayLike, threshold: float) -> NDArray[np.float64]:
    """The probability that each utterance is decided wrongly, from 0 to a half.

    Parameters
    ----------
    scores : array of shape (utterances,)
        Between 0 and 1.
    threshold : float
        From which the model finds.

    Examples
    --------
    >>> doubt([0.75, 0.999, 0.001], 0.75).round(3).tolist()
    [0.5, 0.003, 0.0]
    """
    moved = _log_odds(np.asarray(scores, dtype=float)) - _log_odds(np.asarray(threshold, dtype=float))
    wrong: NDArray[np.float64] = 1 / (1 + np.exp(np.abs(moved)))
    return wrong


def expected_errors(scores: ArrayLike, threshold: float) -> float:
    """How many utterances of a session are decided wrongly, by the model's own scores.

    Examples
    --------
    >>> round(expected_errors([0.5, 0.5, 0.0], 0.5), 3)
    1.0
    """
    return float(doubt(scores, threshold).sum())


def doubtful_utterances(scores: ArrayLike, threshold: float) -> int:
    """How many utterances a person would look at twice."""
    return int((doubt(scores, threshold) >= DOUBTFUL).sum())


def _log_odds(share: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(share, EDGE, 1 - EDGE)
    odds: NDArray[np.float64] = np.log(inside) - np.log1p(-inside)
    return odds
