"""Confidence intervals by a bootstrap over clusters: one client's sessions depend on each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from action_recs.evaluation.metrics import Counts, total

DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval, whose ends are not-a-number where one cluster allows none."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """With four decimals; None for the ends of an interval that there is none of."""
        ends = {
            name: None if math.isnan(end) else round(end, 4) for name, end in (("low", self.low), ("high", self.high))
        }
        return {"value": round(self.value, 4), **ends}


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


Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From sums of shape (draws, counts) to figures of shape (draws,), not-a-number where a figure is undefined."""


def cluster_weights(clusters: int, *, draws: int = DRAWS, seed: int = 0) -> NDArray[np.float64]:
    """How often each cluster is drawn in each bootstrap sample, shape (draws, clusters).

    The same weights for every figure, so that what is reported together was drawn together.
    """
    generator = np.random.default_rng(seed)
    return generator.multinomial(clusters, np.full(clusters, 1 / clusters), size=draws).astype(np.float64)


def estimated(table: NDArray[np.float64], statistic: Statistic, weights: NDArray[np.float64]) -> Estimate | None:
    """A figure with its percentile interval, as :func:`resampled`, from weights that are drawn already.

    Parameters
    ----------
    table : array of shape (clusters, counts)
    statistic : callable
    weights : array of shape (draws, clusters)

    Returns
    -------
    Estimate or None
        None where the figure is undefined; without an interval where there is one cluster only.

    Examples
    --------
    >>> table = np.array([[1.0, 2.0], [1.0, 2.0]])
    >>> estimated(table, lambda sums: sums[:, 0] / sums[:, 1], cluster_weights(2))
    Estimate(value=0.5, low=0.5, high=0.5)
    """
    value = float(statistic(table.sum(axis=0, keepdims=True))[0])
    if math.isnan(value):
        return None
    if len(table) < 2:
        return Estimate(value, math.nan, math.nan)
    low, high = np.nanpercentile(statistic(weights @ table), [2.5, 97.5])
    return Estimate(value, float(low), float(high))
