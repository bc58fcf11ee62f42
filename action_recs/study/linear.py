"""Linear models of clustered data by generalized estimating equations, fast enough for many refits of large studies.

statsmodels fits the published model (``gee.py``); its loop over clusters takes seconds a fit with thousands of clients.
Everything around the published model is fitted here, by the same equations in closed form. Tests hold both equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from action_recs.errors import StudyError

Working = Literal["exchangeable", "independence", "autoregressive"]
Correction = Literal["mancl-derouen", "none"]

TOLERANCE = 1e-9
MOST_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients of a linear model with clustered errors.

    Attributes
    ----------
    terms : tuple of str
        The design's columns.
    estimates : array, shape (terms,)
    covariance : array, shape (terms, terms)
    correlation : float
        Of the working structure; NaN for independence.
    working : str
        The structure used, which is independence where clusters of one leave nothing to correlate.
    n_clusters : int
    df : float
        Of the t distribution for tests and intervals; infinite (normal) without small-sample correction.
    """

    terms: tuple[str, ...]
    estimates: np.ndarray
    covariance: np.ndarray
    correlation: float
    working: str
    n_clusters: int
    df: float

    @property
    def critical(self) -> float:
        """Multiple of a standard error that makes a 95 % interval."""
        return float(stats.t.ppf(0.975, self.df))

    def contrast(self, weights: Sequence[float]) -> tuple[float, float, float, float, float]:
        """Estimate, standard error, interval and p-value of a weighted sum of the coefficients."""
        weight = np.asarray(weights, dtype=float)
        estimate = float(weight @ self.estimates)
        error = float(np.sqrt(weight @ self.covariance @ weight))
        p = float(2 * stats.t.sf(abs(estimate) / error, self.df)) if error > 0 else float("nan")
        return estimate, error, estimate - self.critical * error, estimate + self.critical * error, p

    def of(self, term: str) -> tuple[float, float, float, float, float]:
        """The same of one coefficient."""
        return self.contrast([float(name == term) for name in self.terms])

    def wald(self, terms: Iterable[str]) -> float:
        """p-value of the hypothesis that the coefficients of all these terms are 0 (Wald; F where df is finite)."""
        at = [self.terms.index(term) for term in terms]
        some = self.estimates[at]
        statistic = float(some @ np.linalg.solve(self.covariance[np.ix_(at, at)], some))
        return float(stats.f.sf(statistic / len(at), len(at), min(self.df, 1e9)))


def linear_gee(
    outcome: np.ndarray,
    design: pd.DataFrame,
    clusters: np.ndarray,
    *,
    working: Working = "exchangeable",
    correction: Correction = "mancl-derouen",
    time: np.ndarray | None = None,
) -> Fit:
    """Fit ``outcome = design @ b`` by generalized estimating equations (Liang & Zeger 1986, Biometrika 73, 13-22).

    With residuals r of N observations, P terms and ``phi = sum r^2 / (N - P)``, the exchangeable correlation is the sum
    of products of residuals over pairs of one cluster, by ``phi (pairs - P)``; the autoregressive one is the same over
    neighbours one apart, and 0 or more. With ``M_i = X_i' V_i^-1 X_i`` and ``u_i = X_i' V_i^-1 r_i`` of cluster i and
    ``B = sum M_i``, the covariance is ``sum w_i w_i'``, where ``w_i = B^-1 u_i`` gives the plain sandwich and
    ``w_i = (B - M_i)^-1 u_i`` that of Mancl & DeRouen (2001, Biometrics 57, 126-134), whose ``(I - H_i)^-1 r_i`` it is,
    written out by Woodbury's identity.

    Parameters
    ----------
    outcome : array, shape (n,)
    design : data frame, shape (n, terms)
        All columns of the model, the intercept among them.
    clusters : array of labels, shape (n,)
        Observations of different clusters are independent.
    working : {"exchangeable", "independence", "autoregressive"}
    correction : {"mancl-derouen", "none"}
        With the first, tests and intervals refer to t with ``clusters - terms`` degrees of freedom, else to the normal.
    time : array, shape (n,)
        Place within the cluster, for "autoregressive": observations d apart correlate by the d-th power.

    Raises
    ------
    StudyError
        As ``check_design``.
    """
    codes, _ = pd.factorize(clusters)
    order = np.argsort(codes, kind="stable") if time is None else np.lexsort((time, codes))
    codes, time = codes[order], None if time is None else np.asarray(time, dtype=float)[order]
    matrix, scale, clusters_found = check_design(design.to_numpy(dtype=float)[order], codes)
    outcome = np.asarray(outcome, dtype=float)[order]
    count, terms = matrix.shape
    working = possible_working(working, codes, terms)
    both = np.column_stack([matrix, outcome])
    correlation = 0.0
    estimates = np.zeros(terms)
    for _ in range(MOST_ROUNDS):
        white = whiten(both, codes, correlation, working, time)
        found = np.linalg.lstsq(white[:, :-1], white[:, -1])[0]
        residual = outcome - matrix @ found
        check_fit(residual, outcome)
        settled = np.abs(found - estimates).max() <= TOLERANCE * max(np.abs(found).max(), 1e-12)
        estimates = found
        if settled or working == "independence":
            break
        correlation = _correlation(residual, codes, working, time, terms, count)
    white = whiten(both, codes, correlation, working, time)
    left = white[:, -1] - white[:, :-1] @ estimates
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    scores = np.add.reduceat(white[:, :-1] * left[:, None], starts)
    information = np.add.reduceat(white[:, :-1, None] * white[:, None, :-1], starts)
    bread = information.sum(axis=0)
    if correction == "mancl-derouen":
        try:
            pieces = np.linalg.solve(bread - information, scores[:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:
            raise StudyError("one cluster alone determines a coefficient; leave the term out") from None
    else:
        pieces = np.linalg.solve(bread, scores.T).T
    return Fit(
        tuple(design.columns),
        estimates / scale,
        pieces.T @ pieces / np.outer(scale, scale),
        float("nan") if working == "independence" else correlation,
        working,
        clusters_found,
        clusters_found - terms if correction == "mancl-derouen" else float("inf"),
    )


SINGLE_CLUSTER = "a single cluster: errors cannot be clustered; bring more clients (or therapists) together"


def check_design(matrix: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The design with columns of like size, what they were divided by, and the number of clusters.

    Columns of like size make the test of rank, and the steps of a fit, free of units.

    Raises
    ------
    StudyError
        With one cluster, no more clusters than terms, or columns that determine each other.
    """
    count = int(codes.max()) + 1
    if count < 2:
        raise StudyError(SINGLE_CLUSTER)
    if count <= matrix.shape[1]:
        raise StudyError(
            f"{count} clusters for {matrix.shape[1]} coefficients: too few for robust errors; take more data"
        )
    scale = np.sqrt((matrix**2).mean(axis=0))
    scale[scale == 0] = 1  # a column of zeros is found by the rank
    matrix = matrix / scale
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        raise StudyError("the terms determine each other (one does not vary, or follows from others); leave one out")
    return matrix, scale, count


def check_fit(residual: np.ndarray, outcome: np.ndarray) -> None:
    """An error when the fit is exact: errors cannot be estimated from nothing."""
    if residual @ residual <= 1e-18 * max(outcome @ outcome, 1):
        raise StudyError("the terms determine the change exactly: nothing is left to estimate errors from")


def possible_working(working: Working, codes: np.ndarray, terms: int) -> Working:
    """Independence where too few observations share a cluster to estimate a correlation."""
    sizes = np.bincount(codes)
    return "independence" if (sizes * (sizes - 1) // 2).sum() <= terms else working


def whiten(
    columns: np.ndarray, codes: np.ndarray, correlation: float, working: str, time: np.ndarray | None = None
) -> np.ndarray:
    """Columns multiplied by an inverse root of the working correlation, so that least squares is the right fit.

    Exchangeable: ``1 - sqrt((1 - r) / (1 + (n - 1) r))`` of the cluster's mean is taken away, and the rest divided by
    ``sqrt(1 - r)`` (Fuller & Battese 1973, Journal of the American Statistical Association 68, 626-632).
    Autoregressive: ``(x_t - r^d x_s) / sqrt(1 - r^2d)`` for the neighbour s before, d apart.

    Parameters
    ----------
    columns : array, shape (n, m)
    codes : array of int, shape (n,)
        Sorted; the cluster of every row, 0 to K - 1.
    correlation : float
    working : str
    time : array, shape (n,)
        Sorted within clusters; places 1, 2, ... where missing.
    """
    if working == "independence" or correlation == 0:
        return columns
    if working == "exchangeable":
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        size = np.bincount(codes)
        means = np.add.reduceat(columns, starts) / size[:, None]
        part = 1 - np.sqrt((1 - correlation) / (1 + (size - 1) * correlation))
        return np.asarray((columns - (part[:, None] * means)[codes]) / np.sqrt(1 - correlation))
    gap = _gaps(codes, time)
    power = correlation**gap  # 0 for the first of a cluster, whose gap is infinite
    before = np.vstack([np.zeros((1, columns.shape[1])), columns[:-1]])
    return np.asarray((columns - power[:, None] * before) / np.sqrt(1 - power**2)[:, None])


def _gaps(codes: np.ndarray, time: np.ndarray | None) -> np.ndarray:
    """Distance to the row before in the same cluster; infinite for the first. Rows at one time count as one apart."""
    places = np.arange(len(codes), dtype=float) if time is None else time
    gap = np.maximum(np.diff(places, prepend=places[0]), 1.0)
    gap[np.diff(codes, prepend=-1) != 0] = np.inf
    return gap


def _correlation(
    residual: np.ndarray, codes: np.ndarray, working: str, time: np.ndarray | None, terms: int, count: int
) -> float:
    scale = residual @ residual / (count - terms)
    if working == "exchangeable":
        size = np.bincount(codes)
        products = (np.bincount(codes, weights=residual) ** 2).sum() - residual @ residual
        pairs = (size * (size - 1) // 2).sum()
        lowest = -1 / (size.max() - 1)
        return float(np.clip(products / 2 / (scale * (pairs - terms)), 0.99 * lowest, 0.99))
    near = np.flatnonzero(_gaps(codes, time) == 1)
    if len(near) <= terms:
        return 0.0
    return float(np.clip(residual[near] @ residual[near - 1] / (scale * (len(near) - terms)), 0, 0.99))
