"""Precision against recall over every threshold, and the threshold that reaches a wanted precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RECALL_DIGITS = 2
"""A curve in a file has a point for every hundredth of recall: more cannot be told apart on a page."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision and recall of utterances at every threshold that changes them, from the lowest one up.

    Attributes
    ----------
    thresholds, precision, recall : array of shape (thresholds,)
    average_precision : float
        The area under the steps of the curve; that of a random order is the share of gold utterances.
    """

    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    average_precision: float

    def to_dict(self) -> dict[str, Any]:
        """The best point for every hundredth of recall, from the highest threshold to the lowest."""
        _, best = np.unique(self.recall[::-1].round(RECALL_DIGITS), return_index=True)
        shown = len(self.recall) - 1 - best
        downward = (
            np.floor(self.thresholds[shown] * 1e6) / 1e6
        )  # a threshold that was rounded up would lose its utterance
        return {
            "average_precision": round(self.average_precision, 4),
            "thresholds": downward.tolist(),
            **{name: getattr(self, name)[shown].round(4).tolist() for name in ("precision", "recall")},
        }


def precision_recall(scores: NDArray[np.float64], gold: NDArray[np.bool_]) -> Curve:
    """The curve of scores against what they should be.

    Parameters
    ----------
    scores : array of shape (utterances,)
        An utterance is found at a threshold that is at most its score.
    gold : array of shape (utterances,), bool
        At least one is true.

    Examples
    --------
    >>> curve = precision_recall(np.array([0.9, 0.8, 0.3]), np.array([True, False, True]))
    >>> curve.thresholds.tolist(), curve.recall.tolist()
    ([0.3, 0.8, 0.9], [1.0, 0.5, 0.5])
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    precision, recall, thresholds = precision_recall_curve(gold, scores)
    average = float(average_precision_score(gold, scores))
    return Curve(thresholds, precision[:-1], recall[:-1], average)  # the last point has no threshold


def best_threshold(scores: NDArray[np.float64], gold: NDArray[np.bool_]) -> tuple[float, float]:
    """The highest F1, and the score from which on to take to have it.

    Examples
    --------
    >>> best_threshold(np.array([0.9, 0.8, 0.3]), np.array([True, False, True]))
    (0.8, 0.3)
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(gold[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + gold.sum())
    at = int(np.argmax(f1))
    return float(f1[at]), float(scores[order[at]])


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold and what it gives on the sessions it was chosen on.

    Attributes
    ----------
    wanted : float
        The precision that was asked for.
    threshold : float or None
        None where no threshold reaches it; ``precision`` and ``recall`` are then the best there is.
    """

    wanted: float
    threshold: float | None
    precision: float
    recall: float

    def to_dict(self) -> dict[str, float | None]:
        return {
            "wanted_precision": self.wanted,
            "threshold": None if self.threshold is None else round(self.threshold, 4),
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
        }


def threshold_for(curve: Curve, precision: float, *, floor: float = 0.0) -> Threshold:
    """The threshold with the highest recall among those that reach a precision.

    It lies between the score that it must let through and the next lower one, so that rounding changes nothing.

    Parameters
    ----------
    curve : Curve
    precision : float
        Between 0 and 1.
    floor : float
        Thresholds below it are not looked at: under a checkpoint's floor its runs would be other ones.

    Examples
    --------
    >>> curve = precision_recall(np.array([0.9, 0.8, 0.3]), np.array([True, False, True]))
    >>> threshold_for(curve, 0.9).to_dict()
    {'wanted_precision': 0.9, 'threshold': 0.85, 'precision': 1.0, 'recall': 0.5}
    """
    allowed = curve.thresholds >= floor
    reached = np.flatnonzero(allowed & (curve.precision >= precision))
    if not len(reached):
        if not allowed.any():
            return Threshold(precision, None, 0.0, 0.0)
        best = int(np.argmax(np.where(allowed, curve.precision, -1.0)))
        return Threshold(precision, None, float(curve.precision[best]), float(curve.recall[best]))
    at = int(reached[0])  # recall only falls as the threshold rises
    before = max(float(curve.thresholds[at - 1]) if at else 0.0, floor)
    chosen = max((before + float(curve.thresholds[at])) / 2, floor)
    return Threshold(precision, chosen, float(curve.precision[at]), float(curve.recall[at]))
