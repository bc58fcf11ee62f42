"""Intervals for means, shares and medians of sessions that come in clusters (clients, therapists)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

LEVEL = 0.95


def mean_intervals(
    values: np.ndarray, groups: np.ndarray, clusters: np.ndarray, *, share: bool = False
) -> pd.DataFrame:
    """Mean of each group with an interval that lets the values of a cluster depend on each other.

    With K clusters, n values and mean m, ``se^2 = K / (K - 1) * sum_k (sum_i (x_ki - m))^2 / n^2`` (linearisation of a
    ratio of cluster totals; Cochran 1977, Sampling Techniques, section 6). A mean's interval is ``m +- t(K - 1) se``. A
    share's is Clopper and Pearson's at the effective number of sessions ``m (1 - m) / se^2``, adjusted for K - 1
    degrees of freedom (Korn & Graubard 1998, Survey Methodology 24, 193-201), and so stays between 0 and 1, also where
    no session, or every session, has the mark: there the effective number is taken to be K.

    Parameters
    ----------
    values : array, shape (n,)
        Finite numbers; 0 and 1 for a share.
    groups : array of int, shape (n,)
        0 to G - 1, each of them present.
    clusters : array of int, shape (n,)
        0 or above; a cluster may reach over groups.
    share : bool

    Returns
    -------
    data frame, G rows: ``estimate, ci_low, ci_high, n_sessions, n_clusters``
        Limits are NaN for a group with one cluster.

    Examples
    --------
    >>> mean_intervals(np.array([1.0, 3.0]), np.zeros(2, int), np.arange(2)).round(2).values.tolist()
    [[2.0, -10.71, 14.71, 2.0, 2.0]]
    """
    size = np.bincount(groups)
    mean = np.bincount(groups, weights=values) / size
    pairs, of_pair = np.unique(groups * (int(clusters.max()) + 1) + clusters, return_inverse=True)
    group_of_pair = pairs // (int(clusters.max()) + 1)
    totals = np.bincount(of_pair, weights=values - mean[groups])
    count = np.bincount(group_of_pair)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(count / (count - 1) * np.bincount(group_of_pair, weights=totals**2)) / size
        if share:
            low, high = _korn_graubard(mean, error, size, count)
        else:
            reach = stats.t.ppf(0.5 + LEVEL / 2, count - 1) * error
            low, high = mean - reach, mean + reach
    alone = count < 2
    low, high = np.where(alone, np.nan, low), np.where(alone, np.nan, high)
    return pd.DataFrame({"estimate": mean, "ci_low": low, "ci_high": high, "n_sessions": size, "n_clusters": count})


def _korn_graubard(
    share: np.ndarray, error: np.ndarray, size: np.ndarray, clusters: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    tail = (1 - LEVEL) / 2
    effective = np.where((error > 0) & (share > 0) & (share < 1), share * (1 - share) / error**2, clusters)
    effective = effective * (stats.t.ppf(tail, size - 1) / stats.t.ppf(tail, clusters - 1)) ** 2
    effective = np.clip(effective, 1, size)
    marked = share * effective
    low = np.where(share > 0, stats.beta.ppf(tail, marked, effective - marked + 1), 0.0)
    high = np.where(share < 1, stats.beta.ppf(1 - tail, marked + 1, effective - marked), 1.0)
    return low, high


def median_interval(values: np.ndarray, clusters: np.ndarray) -> tuple[float, float, float]:
    """Median with an interval over clusters: the quantiles at the limits of the share of values up to it.

    Woodruff (1952), Journal of the American Statistical Association 47, 635-646. NaN limits with one cluster.

    Examples
    --------
    >>> [round(limit, 1) for limit in median_interval(np.arange(101.0), np.arange(101))]
    [50.0, 40.1, 59.9]
    """
    median = float(np.median(values))
    count = len(np.unique(clusters))
    if count < 2:
        return median, float("nan"), float("nan")
    below = values <= median
    _, codes = np.unique(clusters, return_inverse=True)
    totals = np.bincount(codes, weights=below - below.mean())
    error = np.sqrt(count / (count - 1) * (totals**2).sum()) / len(values)
    reach = stats.t.ppf(0.5 + LEVEL / 2, count - 1) * error
    low, high = np.quantile(values, [max(0.5 - reach, 0), min(0.5 + reach, 1)])
    return median, float(low), float(high)
