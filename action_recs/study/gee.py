"""The published analysis: change in score on review percentage, baseline and their interaction, by GEE."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd
from statsmodels.genmod.cov_struct import Autoregressive, CovStruct, Exchangeable, Independence
from statsmodels.genmod.generalized_estimating_equations import GEE

from action_recs.errors import StudyError
from action_recs.study.linear import (
    SINGLE_CLUSTER,
    Correction,
    Fit,
    Working,
    check_design,
    check_fit,
    possible_working,
)
from action_recs.study.results import GeeFit, GeeRow, ModelRow, Notice, Prediction

Cluster = Literal["client_id", "therapist_id"]

INTERACTION = "review_percentage:baseline"
TERMS = ("review_percentage", "baseline", INTERACTION)
"""The terms of the published model, beside the intercept."""

SUBGROUPS = {"none": ("none",), "mild": ("mild",), "moderate to severe": ("moderate", "moderately severe", "severe")}
"""Baseline bands of each subgroup; the published ones are the last two."""

SUBGROUP_NAMES = {
    "all": "all clients",
    "none": "no symptoms at baseline",
    "mild": "mild at baseline",
    "moderate to severe": "moderate to severe at baseline",
}

ADJUSTMENTS = {"visit": "session number", "utterances": "session length"}
"""What the models beyond the published one hold fixed: columns, and their names."""

FEW_CLUSTERS = 30
"""With fewer, robust errors are known to be too small unless they are corrected (Mancl & DeRouen 2001)."""


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


def adjustments(rows: pd.DataFrame) -> pd.DataFrame:
    """Those of ``ADJUSTMENTS`` that vary: with one session a client there is no session number to hold fixed."""
    return rows[[column for column in ADJUSTMENTS if rows[column].nunique() > 1]]


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

    Parameters
    ----------
    rows : data frame with ``JOINED_COLUMNS``
    subgroup : str
        "all" or a key of ``SUBGROUPS``.
    cluster : {"client_id", "therapist_id"}
    working : {"exchangeable", "independence", "autoregressive"}
    correction : {"mancl-derouen", "none"}
        The first divides each cluster's residuals by its leverage, ``(I - H)^-1 r``, before the sandwich is made of
        them (Mancl & DeRouen 2001, Biometrics 57, 126-134), and refers to t with ``clusters - terms`` degrees of
        freedom; "none" is the plain sandwich with the normal distribution.

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
    if some[cluster].nunique() < 2:
        raise StudyError(SINGLE_CLUSTER)
    if some["review_percentage"].nunique() < 2:
        raise StudyError("no variation in review percentage: every session has the same")
    if some["baseline"].nunique() < 2:
        raise StudyError("no variation in the baseline score: every session has the same")
    fit = _statsmodels(some, published_design(some), cluster, working, correction)
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


def _statsmodels(
    rows: pd.DataFrame, design: pd.DataFrame, cluster: str, working: Working, correction: Correction
) -> Fit:
    rows = rows.assign(_code=pd.factorize(rows[cluster])[0]).sort_values(["_code", "visit"], kind="stable")
    codes = rows["_code"].to_numpy()
    matrix, scale, count = check_design(design.loc[rows.index].to_numpy(dtype=float), codes)
    working = possible_working(working, codes, matrix.shape[1])
    structures: dict[str, CovStruct] = {
        "exchangeable": Exchangeable(),
        "independence": Independence(),
        "autoregressive": Autoregressive(grid=True),
    }
    structure = structures[working]
    outcome = rows["change"].to_numpy(dtype=float)
    time = rows["visit"].to_numpy(dtype=float) if working == "autoregressive" else None
    check_fit(outcome - matrix @ np.linalg.lstsq(matrix, outcome)[0], outcome)
    model = GEE(outcome, matrix, codes, time=time, cov_struct=structure)
    result = model.fit(cov_type="bias_reduced" if correction == "mancl-derouen" else "robust")
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


def within(rows: pd.DataFrame, subgroup: str) -> pd.DataFrame:
    """The rows of a baseline subgroup, or all."""
    return rows if subgroup == "all" else rows[rows["baseline_band"].isin(SUBGROUPS[subgroup])]


def cautions(rows: pd.DataFrame, cluster: str = "client_id") -> list[Notice]:
    """What a reader has to know about the rows of one instrument before reading the model."""
    instrument = rows["instrument"].iloc[0]
    notices = []
    count = rows[cluster].nunique()
    name, terms = cluster.removesuffix("_id"), len(TERMS) + 1
    clusters = f"{count} {'cluster' if count == 1 else 'clusters'} ({name})"
    if count < FEW_CLUSTERS:
        notices.append(
            Notice(
                "few-clusters",
                f"{instrument}: {clusters}, too few for the errors of {terms} coefficients; the published model "
                "was not fitted."
                if count <= terms
                else f"{instrument}: {clusters}; errors are corrected for so few (Mancl-DeRouen, t with clusters minus "
                "coefficients degrees of freedom), but intervals remain uncertain below some 30.",
            )
        )
    if unclustered := int(rows[cluster].isna().sum()):
        notices.append(
            Notice("no-cluster", f"{instrument}: {unclustered} sessions without a {name} are not in the model.")
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
                f"{instrument}: every cluster ({name}) either always or never reviews, so that the coefficients "
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
    points = []
    for baseline, percentage in itertools.product(map(float, baselines), map(float, percentages)):
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
