"""Two models on the same sessions: how far they are apart, and how easily chance would bring them so far apart.

The interval is a bootstrap over clients, the same clients drawn for both. The p-value is that of a permutation test:
were the models alike, each client's two rows of counts could as well change places (Yeh 2000). With few clients every
exchange is tried, otherwise many are drawn. No p-value is corrected for there being several.

References
----------
Yeh (2000), More accurate tests for the statistical significance of result differences. COLING.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from action_recs.evaluation.bootstrap import DRAWS, Estimate, Statistic, estimated

EXACT = 11
"""Clients up to which every exchange is tried: 2048 of them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of two models.

    Attributes
    ----------
    own, other : float
    difference : Estimate
        ``own`` minus ``other``.
    p : float or None
        Two-sided; None where there is one client only, or every exchange leaves a figure undefined.
    """

    own: float
    other: float
    difference: Estimate
    p: float | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "own": round(self.own, 4),
            "other": round(self.other, 4),
            "difference": self.difference.to_dict(),
            "p": None if self.p is None else round(self.p, 4),
        }


def compared(
    own: NDArray[np.float64],
    other: NDArray[np.float64],
    statistic: Statistic,
    weights: NDArray[np.float64],
    *,
    seed: int = 0,
) -> Difference | None:
    """Compare two models' counts.

    Parameters
    ----------
    own, other : array of shape (clusters, counts)
        The same clusters in the same order.
    statistic : callable
        From sums to figures.
    weights : array of shape (draws, clusters)
        Bootstrap samples, see ``bootstrap.cluster_weights``.
    seed : int
        Of the exchanges.

    Returns
    -------
    Difference or None
        None where the figure is undefined for one of the models.
    """
    both = np.hstack([own, other])

    def difference(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return statistic(sums[:, : own.shape[1]]) - statistic(sums[:, own.shape[1] :])

    found = estimated(both, difference, weights)
    if found is None:
        return None
    value, theirs = (float(statistic(table.sum(axis=0, keepdims=True))[0]) for table in (own, other))
    return Difference(value, theirs, found, _p_value(own, other, difference, found.value, seed))


def _p_value(
    own: NDArray[np.float64], other: NDArray[np.float64], difference: Statistic, observed: float, seed: int
) -> float | None:
    clusters = len(own)
    if clusters < 2:
        return None
    exact = clusters <= EXACT
    if exact:
        exchanged = np.array(list(itertools.product((0.0, 1.0), repeat=clusters)))
    else:
        exchanged = np.random.default_rng(seed).integers(0, 2, size=(DRAWS, clusters)).astype(np.float64)
    moved = exchanged @ (other - own)
    drawn = difference(np.hstack([own.sum(axis=0) + moved, other.sum(axis=0) - moved]))
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return None
    as_far = int((np.abs(drawn) >= abs(observed) - 1e-12).sum())
    # Of drawn exchanges, the one that was observed counts too; among all of them it is there already.
    return as_far / len(drawn) if exact else (as_far + 1) / (len(drawn) + 1)
