"""Whether a score of 0.7 is right seven times out of ten.

The score of an utterance is its highest token probability (recommendations) or the mean over its tokens (reviews), so
that nothing makes it a probability of the utterance: measure before reading it as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Utterances with scores in a stretch of a tenth.

    Attributes
    ----------
    low, high : float
        The scores, ``high`` exclusive but for 1.
    count : int
        Utterances.
    score : float
        Their mean score.
    share : float
        The share of them that carry the label.
    """

    low: float
    high: float
    count: int
    score: float
    share: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How scores and shares go together.

    Attributes
    ----------
    expected_error : float
        Expected calibration error: the mean distance of score and share over the bins, weighted by utterances.
    expected_error_above : float or None
        The same over utterances with a score of 0.1 or more. Most utterances score close to 0 and are right, which
        makes the first figure small whatever the model does with the others.
    brier : float
        Mean squared distance of score and label.
    bins : tuple of Bin
        Those that hold utterances.

    References
    ----------
    Guo et al. (2017), On calibration of modern neural networks. ICML.
    """

    expected_error: float
    expected_error_above: float | None
    brier: float
    bins: tuple[Bin, ...]

    def to_dict(self) -> dict[str, Any]:
        above = self.expected_error_above
        return {
            "expected_calibration_error": round(self.expected_error, 4),
            "expected_calibration_error_above_0.1": None if above is None else round(above, 4),
            "brier": round(self.brier, 4),
            "bins": [
                {
                    "low": round(each.low, 4),
                    "high": round(each.high, 4),
                    "count": each.count,
                    "score": round(each.score, 4),
                    "share": round(each.share, 4),
                }
                for each in self.bins
            ],
        }


def calibration(scores: NDArray[np.float64], gold: NDArray[np.bool_], *, bins: int = BINS) -> Calibration:
    """Compare scores with labels, in bins of equal width.

    Parameters
    ----------
    scores : array of shape (utterances,)
        Between 0 and 1, at least one.
    gold : array of shape (utterances,), bool

    Examples
    --------
    >>> found = calibration(np.array([0.05, 0.75, 0.85]), np.array([False, True, False]))
    >>> round(found.expected_error, 3), len(found.bins)
    (0.383, 3)
    """
    place = np.minimum((scores * bins).astype(int), bins - 1)
    made = tuple(
        Bin(
            low=number / bins,
            high=(number + 1) / bins,
            count=int(held.sum()),
            score=float(scores[held].mean()),
            share=float(gold[held].mean()),
        )
        for number in range(bins)
        if (held := place == number).any()
    )
    return Calibration(
        expected_error=_expected(made),
        expected_error_above=_expected(above) if (above := tuple(each for each in made if each.low >= 0.1)) else None,
        brier=float(np.mean((scores - gold) ** 2)),
        bins=made,
    )


def _expected(bins: tuple[Bin, ...]) -> float:
    counts = np.array([each.count for each in bins])
    distances = np.array([abs(each.score - each.share) for each in bins])
    return float((counts * distances).sum() / counts.sum())
