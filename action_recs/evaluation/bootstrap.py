"""Confidence intervals by a bootstrap over clusters: one client's sessions depend on each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from action_recs.evaluation.metrics import Counts, total

DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        return {"value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


def clustered_interval(
    clusters: Mapping[str, Counts], figure: str = "f1", *, draws: int = DRAWS, seed: int = 0
) -> Estimate:
    """Percentile bootstrap of precision, recall or F1.

    Parameters
    ----------
    clusters : mapping of cluster (client, transcript) to its counts
    figure : {"f1", "precision", "recall"}
    draws : int
        Bootstrap samples: as many clusters as there are, drawn with replacement.

    References
    ----------
    Field & Welsh (2007), Bootstrapping clustered data. Journal of the Royal Statistical Society B 69, 369-390.

    Examples
    --------
    >>> clustered_interval({"a": Counts(1, 0, 0), "b": Counts(1, 0, 0)})
    Estimate(value=1.0, low=1.0, high=1.0)
    """
    value = getattr(total(clusters.values()), figure)
    table = np.array(
        [[one.true_positives, one.false_positives, one.false_negatives] for one in clusters.values()], dtype=float
    )
    generator = np.random.default_rng(seed)
    picks = generator.integers(0, len(table), size=(draws, len(table)))
    sums = table[picks].sum(axis=1)
    hits, wrong, missed = sums.T
    wholes = {"f1": 2 * hits + wrong + missed, "precision": hits + wrong, "recall": hits + missed}
    parts = 2 * hits if figure == "f1" else hits
    drawn = np.divide(parts, wholes[figure], out=np.zeros_like(parts), where=wholes[figure] > 0)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(float(value), float(low), float(high))


def resampled(
    table: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate | None:
    """Percentile bootstrap of anything that is computed from sums over clusters.

    Parameters
    ----------
    table : array of shape (clusters, counts)
        One row for each cluster.
    statistic : callable
        From sums of shape (draws, counts) to figures of shape (draws,), not-a-number where the figure is undefined.

    Returns
    -------
    Estimate or None
        None when the figure is undefined for the whole table. Draws for which it is undefined are left out.

    Examples
    --------
    >>> resampled(np.array([[1.0, 2.0], [1.0, 2.0]]), lambda sums: sums[:, 0] / sums[:, 1])
    Estimate(value=0.5, low=0.5, high=0.5)
    """
    value = statistic(table.sum(axis=0, keepdims=True))[0]
    if np.isnan(value):
        return None
    generator = np.random.default_rng(seed)
    sums = np.stack([table[generator.integers(0, len(table), len(table))].sum(axis=0) for _ in range(draws)])
    low, high = np.nanpercentile(statistic(sums), [2.5, 97.5])
    return Estimate(float(value), float(low), float(high))
