"""Mixed models with random intercepts of organisations, therapists and clients, one level inside the other.

statsmodels' ``MixedLM`` fits the same model with dense matrices per top-level group, which organisations of thousands
of sessions do not allow; intercepts that are nested need sums per group only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, stats

from action_recs.errors import StudyError
from action_recs.study.gee import adjustments, published_design
from action_recs.study.results import ModelRow, Notice, VarianceShare

LEVELS = ("organisation_id", "therapist_id", "client_id")
"""Outermost first. A client seen by two therapists counts as a client of each."""

FEWEST_GROUPS = 5
"""A variance between fewer groups cannot be estimated; such a level is left out."""


@dataclass(frozen=True, slots=True)
class MixedFit:
    """A fitted model.

    Attributes
    ----------
    terms : tuple of str
    estimates : array, shape (terms,)
    covariance : array, shape (terms, terms)
    variances : tuple of float
        Of each level, outermost first, then the residual's.
    groups : tuple of int
        How many groups each level has.
    """

    terms: tuple[str, ...]
    estimates: np.ndarray
    covariance: np.ndarray
    variances: tuple[float, ...]
    groups: tuple[int, ...]


def fit_nested(outcome: np.ndarray, design: pd.DataFrame, levels: Sequence[np.ndarray]) -> MixedFit:
    """``outcome = design @ b + u_1[group] + u_2[group] + ... + e``, all u and e normal, by REML.

    The inverse of the covariance is never formed. With ``s = 1' D^-1 1``, ``t = W' D^-1 1``, ``Q = W' D^-1 W`` of a
    group whose members have covariance D, adding a variance ratio ``r`` common to the group (``D + r 1 1'``) gives
    ``s / (1 + r s)``, ``t / (1 + r s)``, ``Q - r t t' / (1 + r s)`` and adds ``log(1 + r s)`` to the log determinant
    (Sherman & Morrison 1950); the levels follow each other from the innermost out. The residual variance is profiled
    out of the restricted likelihood (Harville 1977, Journal of the American Statistical Association 72, 320-338).

    Parameters
    ----------
    outcome : array, shape (n,)
    design : data frame, shape (n, terms)
    levels : sequence of arrays of labels, shape (n,)
        Outermost first; a label of an inner level is read inside its outer group.

    Raises
    ------
    StudyError
        When terms determine each other, or nothing is left over to vary.
    """
    matrix = design.to_numpy(dtype=float)
    scale = np.sqrt((matrix**2).mean(axis=0))
    scale[scale == 0] = 1
    both = np.column_stack([matrix / scale, np.asarray(outcome, dtype=float)])
    terms = matrix.shape[1]
    if np.linalg.matrix_rank(both[:, :terms]) < terms:
        raise StudyError("the terms determine each other (one does not vary, or follows from others); leave one out")
    freedom = len(both) - terms
    codes = _nested_codes(levels)
    counts = tuple(int(code.max()) + 1 for code in codes)
    inner = codes[-1]
    sums = np.column_stack([np.bincount(inner, weights=column) for column in both.T])
    sizes = np.bincount(inner).astype(float)
    parents = [_parents(code, outer) for code, outer in zip(codes[:0:-1], codes[-2::-1], strict=True)]
    products = both.T @ both

    def moments(ratios: np.ndarray) -> tuple[np.ndarray, float]:
        """``W' V^-1 W`` and the log determinant of V, both in units of the residual variance."""
        total, logdet, s, t = products.copy(), 0.0, sizes, sums
        for place, ratio in enumerate(ratios[::-1]):
            grown = 1 + ratio * s
            total -= (t * (ratio / grown)[:, None]).T @ t
            logdet += float(np.log(grown).sum())
            s, t = s / grown, t / grown[:, None]
            if place < len(parents):
                up = parents[place]
                s = np.bincount(up, weights=s)
                t = np.column_stack([np.bincount(up, weights=column) for column in t.T])
        return total, logdet

    def solve(ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, float]:
        total, logdet = moments(ratios)
        normal = total[:terms, :terms]
        estimates = np.linalg.solve(normal, total[:terms, terms])
        rest = float(total[terms, terms] - total[:terms, terms] @ estimates)
        criterion = freedom * np.log(max(rest, 1e-300)) + logdet + float(np.linalg.slogdet(normal)[1])
        return estimates, normal, rest, criterion

    if solve(np.zeros(len(codes)))[2] <= 1e-12 * max(products[terms, terms], 1e-12):
        raise StudyError("the terms determine the change exactly: nothing is left to estimate errors from")
    found = optimize.minimize(
        lambda logs: solve(np.exp(logs))[3],
        np.full(len(codes), np.log(0.2)),
        method="L-BFGS-B",
        bounds=[(np.log(SMALLEST), np.log(1e4))] * len(codes),
    )
    ratios = np.where(np.exp(found.x) > 2 * SMALLEST, np.exp(found.x), 0.0)
    estimates, normal, rest, _ = solve(ratios)
    residual = rest / freedom
    return MixedFit(
        tuple(design.columns),
        estimates / scale,
        residual * np.linalg.inv(normal) / np.outer(scale, scale),
        (*(float(ratio * residual) for ratio in ratios), residual),
        counts,
    )


SMALLEST = 1e-8
"""Ratio of a level's variance to the residual's that counts as none."""


def _nested_codes(levels: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Whole numbers for the groups of each level, those of inner levels counted inside their outer group."""
    codes: list[np.ndarray] = []
    for labels in levels:
        own: np.ndarray = pd.factorize(labels)[0]
        if codes:
            own = np.unique(np.stack([codes[-1], own]), axis=1, return_inverse=True)[1].ravel()
        codes.append(own)
    return codes


def _parents(inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """The outer group of every inner group."""
    parent = np.zeros(inner.max() + 1, dtype=np.int64)
    parent[inner] = outer
    return parent


def adjusted_design(rows: pd.DataFrame) -> pd.DataFrame:
    """The published terms, session number and session length, where they vary."""
    return published_design(rows).join(adjustments(rows))


def within_between_design(rows: pd.DataFrame) -> pd.DataFrame:
    """Review percentage as the client's mean and the session's difference from it.

    Mundlak (1978), Econometrica 46, 69-85. What lies between clients may be who they are; what lies within is free
    of everything about a client that stays.
    """
    mean = rows.groupby("client_id")["review_percentage"].transform("mean")
    return pd.DataFrame(
        {
            "Intercept": 1.0,
            "review_percentage, within clients": rows["review_percentage"] - mean,
            "review_percentage, between clients": mean,
            "baseline": rows["baseline"],
        }
    ).join(adjustments(rows))


def usable_levels(rows: pd.DataFrame) -> tuple[tuple[str, ...], list[Notice]]:
    """The levels with enough groups that divide the sessions differently, and what was said of the others."""
    instrument = rows["instrument"].iloc[0]
    levels: list[str] = []
    notices = []
    for level in LEVELS:
        count = int(rows[level].nunique())
        inner = LEVELS[LEVELS.index(level) + 1 :]
        same = any(count == len(rows[[level, other]].drop_duplicates()) == rows[other].nunique() for other in inner)
        if count < FEWEST_GROUPS or same or rows[level].isna().any():
            why = (
                f"{count} groups are too few"
                if count < FEWEST_GROUPS
                else "its groups are those of the next level"
                if same
                else "some sessions lack it"
            )
            name = level.removesuffix("_id")
            notices.append(Notice("level-left-out", f"{instrument}: the mixed model has no {name} effect: {why}."))
        else:
            levels.append(level)
    return tuple(levels), notices


def fit_mixed(
    rows: pd.DataFrame, model: str, design: pd.DataFrame, levels: Sequence[str]
) -> tuple[tuple[ModelRow, ...], tuple[VarianceShare, ...]]:
    """A nested model of change on the joined rows of one instrument: its coefficients and shares of variance.

    Tests and intervals are normal: with few therapists read them with care.

    Raises
    ------
    StudyError
        Without any usable level, and as ``fit_nested``.
    """
    if not levels:
        raise StudyError("no level with enough groups for a mixed model")
    fit = fit_nested(rows["change"].to_numpy(), design, [rows[level].to_numpy() for level in levels])
    instrument, clients = rows["instrument"].iloc[0], int(rows["client_id"].nunique())
    found = []
    for term, estimate, error in zip(fit.terms, fit.estimates, np.sqrt(np.diag(fit.covariance)), strict=True):
        if term == "Intercept":
            continue
        low, high = estimate - 1.959964 * error, estimate + 1.959964 * error
        p = float(2 * stats.norm.sf(abs(estimate / error)))
        numbers = (float(estimate), float(error), float(low), float(high), p)
        found.append(ModelRow(model, instrument, "all", term, *numbers, clients, len(rows)))
    total = sum(fit.variances)
    shares = tuple(
        VarianceShare(instrument, level, variance, variance / total, groups)
        for level, variance, groups in zip((*levels, "residual"), fit.variances, (*fit.groups, len(rows)), strict=True)
    )
    return tuple(found), shares
