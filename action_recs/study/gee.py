"""The published analysis: change in score on review percentage, baseline and their interaction, by GEE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.genmod.cov_struct import Autoregressive, CovStruct, Exchangeable, Independence
from statsmodels.genmod.generalized_estimating_equations import GEE

from action_recs.errors import StudyError
from action_recs.study.results import GeeFit, GeeRow, ModelRow, Notice, Prediction

Working = Literal["exchangeable", "independence", "autoregressive"]
Correction = Literal["mancl-derouen", "none"]
Cluster = Literal["client_id", "therapist_id"]

INTERACTION = "review_percentage:baseline"
TERMS = ("review_percentage", "baseline", INTERACTION)
"""The terms of the published model, beside the intercept."""

SUBGROUPS = {"none": ("none",), "mild": ("mild",), "moderate to severe": ("moderate", "moderately severe", "severe")}
"""Baseline bands of each subgroup; the published ones are the last two."""

FEW_CLUSTERS = 30
"""With fewer, robust errors are known to be too small unless they are corrected (Mancl & DeRouen 2001)."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients of a linear GEE.

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
        Of the t distribution for tests and intervals; infinite without small-sample correction.
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
        if np.isinf(self.df):
            return float(stats.chi2.sf(statistic, len(at)))
        return float(stats.f.sf(statistic / len(at), len(at), self.df))


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

    Parameters
    ----------
    outcome : array, shape (n,)
    design : data frame, shape (n, terms)
        All columns of the model, the intercept among them.
    clusters : array of labels, shape (n,)
        Observations of different clusters are independent.
    working : {"exchangeable", "independence", "autoregressive"}
    correction : {"mancl-derouen", "none"}
        The first divides each cluster's residuals by its leverage, ``(I - H)^-1 r``, before the sandwich is made of
        them (Mancl & DeRouen 2001, Biometrics 57, 126-134) and refers to t with ``clusters - terms`` degrees of
        freedom; "none" is the plain sandwich with the normal distribution.
    time : array, shape (n,)
        Place within the cluster, for "autoregressive".

    Raises
    ------
    StudyError
        With one cluster, no more clusters than terms, columns that determine each other, or a perfect fit.
    """
    codes, labels = pd.factorize(clusters)
    count = len(labels)
    if count < 2:
        raise StudyError("a single cluster: errors cannot be clustered; bring more clients (or therapists) together")
    if count <= design.shape[1]:
        raise StudyError(
            f"{count} clusters for {design.shape[1]} coefficients: too few for robust errors; take more data"
        )
    order = np.lexsort((time, codes)) if time is not None else np.argsort(codes, kind="stable")
    matrix = design.to_numpy(dtype=float)[order]
    scale = np.sqrt((matrix**2).mean(axis=0))
    scale[scale == 0] = 1  # a column of zeros is found by the rank
    scaled = matrix / scale  # columns of like size: the rank and the iterations do not depend on units
    if np.linalg.matrix_rank(scaled) < matrix.shape[1]:
        raise StudyError("the terms determine each other (one does not vary, or follows from others); leave one out")
    outcome = np.asarray(outcome, dtype=float)[order]
    sizes = np.bincount(codes)
    if (sizes * (sizes - 1) // 2).sum() <= matrix.shape[1]:
        working = "independence"
    structure: CovStruct = {
        "exchangeable": Exchangeable,
        "independence": Independence,
        "autoregressive": lambda: Autoregressive(grid=True),
    }[working]()
    model = GEE(outcome, scaled, codes[order], time=None if time is None else time[order], cov_struct=structure)
    result = model.fit(cov_type="bias_reduced" if correction == "mancl-derouen" else "robust")
    residual = outcome - scaled @ result.params
    if residual @ residual <= 1e-18 * max(outcome @ outcome, 1):
        raise StudyError("the terms determine the change exactly: nothing is left to estimate errors from")
    covariance = np.asarray(result.cov_params())
    if not np.isfinite(covariance).all():
        raise StudyError("the model did not converge; take independence as the working correlation, or fewer terms")
    return Fit(
        terms=tuple(design.columns),
        estimates=np.asarray(result.params) / scale,
        covariance=covariance / np.outer(scale, scale),
        correlation=float("nan") if working == "independence" else float(structure.dep_params),
        working=working,
        n_clusters=count,
        df=count - matrix.shape[1] if correction == "mancl-derouen" else float("inf"),
    )


def published_design(rows: pd.DataFrame) -> pd.DataFrame:
    """Intercept, review percentage, baseline and their product."""
    return pd.DataFrame(
        {
            "Intercept": 1.0,
            "review_percentage": rows["review_percentage"],
            "baseline": rows["baseline"],
            INTERACTION: rows["review_percentage"] * rows["baseline"],
        }
    )


def fit_gee(
    rows: pd.DataFrame,
    subgroup: str = "all",
    *,
    cluster: Cluster = "client_id",
    working: Working = "exchangeable",
    correction: Correction = "mancl-derouen",
) -> GeeFit:
    """The published model on the joined rows of one instrument (Spinrad et al. 2024, doi 10.1186/s12888-024-05570-0).

    ``change = b0 + b1 review_percentage + b2 baseline + b3 review_percentage * baseline``: b1 is the slope at a
    baseline of 0, and ``slope_at`` gives it at any other.

    Raises
    ------
    StudyError
        When the rows do not carry the model; the message says why.
    """
    if rows["instrument"].nunique() != 1:
        raise StudyError("one instrument at a time")
    some = within(rows, subgroup)
    some = some[some[cluster].notna()]
    if some.empty:
        raise StudyError("no sessions")
    if some["review_percentage"].nunique() < 2:
        raise StudyError("no variation in review percentage: every session has the same")
    if some["baseline"].nunique() < 2:
        raise StudyError("no variation in the baseline score: every session has the same")
    fit = linear_gee(
        some["change"].to_numpy(),
        published_design(some),
        some[cluster].to_numpy(),
        working=working,
        correction=correction,
        time=some["visit"].to_numpy() if working == "autoregressive" else None,
    )
    instrument, clients = some["instrument"].iloc[0], int(some["client_id"].nunique())
    return GeeFit(
        instrument=instrument,
        subgroup=subgroup,
        rows=tuple(GeeRow(instrument, subgroup, term, *fit.of(term), clients, len(some)) for term in TERMS),
        terms=fit.terms,
        estimates=tuple(map(float, fit.estimates)),
        covariance=tuple(tuple(map(float, line)) for line in fit.covariance),
        cluster=cluster,
        working=fit.working,
        correction=correction,
        correlation=fit.correlation,
        critical=fit.critical,
        n_clusters=fit.n_clusters,
    )


def within(rows: pd.DataFrame, subgroup: str) -> pd.DataFrame:
    """The rows of a baseline subgroup, or all."""
    return rows if subgroup == "all" else rows[rows["baseline_band"].isin(SUBGROUPS[subgroup])]


def cautions(rows: pd.DataFrame, cluster: str = "client_id") -> list[Notice]:
    """What a reader has to know about the rows of one instrument before reading the model."""
    instrument = rows["instrument"].iloc[0]
    notices = []
    count = rows[cluster].nunique()
    if count < FEW_CLUSTERS:
        notices.append(
            Notice(
                "few-clusters",
                f"{instrument}: {count} clusters ({cluster}); errors are corrected for so few (Mancl-DeRouen, t with "
                "clusters minus coefficients degrees of freedom), but intervals remain uncertain below some 30.",
            )
        )
    if unclustered := int(rows[cluster].isna().sum()):
        notices.append(
            Notice("no-cluster", f"{instrument}: {unclustered} sessions without {cluster} are not in the model.")
        )
    reviewing = rows.loc[rows["review_percentage"] > 0, cluster]
    if 0 < reviewing.nunique() <= 1 < count:
        notices.append(
            Notice(
                "separation",
                f"{instrument}: a single cluster holds every session with a review, so that reviewing cannot be told "
                "from being that cluster; the coefficients of review percentage say nothing.",
            )
        )
    per_cluster = rows.groupby(cluster)["review_percentage"].agg(["min", "max"])
    if count > 1 and len(reviewing) and ((per_cluster["max"] == 0) | (per_cluster["min"] > 0)).all():
        notices.append(
            Notice(
                "complete-separation",
                f"{instrument}: every cluster ({cluster}) either always or never reviews, so that the coefficients "
                "compare clusters only, never sessions of one.",
            )
        )
    return notices


def slope_at(fit: GeeFit, baseline: float) -> ModelRow:
    """Change per percentage point of review at a baseline score: ``b1 + b3 * baseline``."""
    weights = [{"review_percentage": 1.0, INTERACTION: baseline}.get(term, 0.0) for term in fit.terms]
    row = fit.rows[0]
    return ModelRow(
        f"slope at baseline {baseline:.1f}",
        fit.instrument,
        fit.subgroup,
        "review_percentage",
        *_fit(fit).contrast(weights),
        row.n_clients,
        row.n_sessions,
    )


def predict(fit: GeeFit, baselines: Iterable[float], percentages: Iterable[float]) -> tuple[Prediction, ...]:
    """Expected change with its interval over a grid of baselines and review percentages."""
    grid = [(float(baseline), float(percentage)) for baseline in baselines for percentage in percentages]
    points = []
    for baseline, percentage in grid:
        estimate, _, low, high, _ = _fit(fit).contrast([1.0, percentage, baseline, percentage * baseline])
        points.append(Prediction(fit.instrument, baseline, percentage, estimate, low, high))
    return tuple(points)


def _fit(fit: GeeFit) -> Fit:
    """The arrays behind a record."""
    return Fit(
        fit.terms,
        np.array(fit.estimates),
        np.array(fit.covariance),
        fit.correlation,
        fit.working,
        fit.n_clusters,
        fit.n_clusters - len(fit.terms) if fit.correction == "mancl-derouen" else float("inf"),
    )
