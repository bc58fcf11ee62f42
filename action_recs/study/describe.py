"""What sessions look like: how many hold a recommendation or a review, how much of them is review, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from action_recs.study.correction import Rates, corrected
from action_recs.study.intervals import mean_intervals, median_interval
from action_recs.study.kaplan_meier import waited
from action_recs.study.results import Corrected, Description, Distribution, Lag, Prevalence


@dataclass(frozen=True, slots=True)
class Figure:
    """How a figure is made of the table: of a column's values, or of 1 where it is above 0."""

    column: str
    kind: str  # "share", "mean" or "median"
    reviewing: bool = False  # of sessions with a review only


FIGURES = {
    "share_with_recommendation": Figure("recommendations", "share"),
    "share_with_structured": Figure("structured", "share"),
    "share_with_review": Figure("reviews", "share"),
    "mean_recommendations": Figure("recommendations", "mean"),
    "median_recommendations": Figure("recommendations", "median"),
    "mean_review_percentage": Figure("review_percentage", "mean"),
    "median_review_percentage": Figure("review_percentage", "median"),
    "median_review_percentage_of_reviewing": Figure("review_percentage", "median", reviewing=True),
    "mean_review_percentage_words": Figure("review_percentage_words", "mean"),
    "median_review_percentage_words": Figure("review_percentage_words", "median"),
    "mean_review_percentage_minutes": Figure("review_percentage_minutes", "mean"),
    "median_review_percentage_minutes": Figure("review_percentage_minutes", "median"),
    "mean_recommendation_position": Figure("recommendation_position", "mean"),
    "mean_review_position": Figure("review_position", "mean"),
}
"""The labels of ``Description.overall``. Sessions where the column is NaN are not in the figure."""

GROUP_FIGURES = (
    "share_with_recommendation",
    "share_with_structured",
    "share_with_review",
    "mean_recommendations",
    "mean_review_percentage",
    "median_review_percentage",
)
"""Those that are also given by group."""

GROUPS = ("organisation_id", "therapist_id", "client_id", "modality", "visit")

LAST_VISIT = 12
"""Later visits are one group, "12+"."""

FINER = {"therapist_id": "client_id", "client_id": "session"}
"""Where a group lies within one cluster, its interval is clustered by the next finer level."""


def describe(
    sessions: pd.DataFrame, *, cluster: str | None = None, rates: Mapping[str, Rates] | None = None
) -> Description:
    """All figures of a table of sessions.

    Parameters
    ----------
    sessions : data frame with ``SESSION_COLUMNS``
    cluster : {"therapist_id", "client_id"}, optional
        What intervals are clustered by: the first of them that has at least two values. Sessions that lack it are
        clusters of their own.
    rates : mapping of label to Rates, optional
        The tagger's error rates, for ``Description.corrected``.
    """
    cluster = cluster or next((name for name in FINER if sessions[name].nunique() > 1), "session")
    overall = tuple(figure for label in FIGURES for figure in _figures(sessions, label, cluster))
    return Description(
        overall=overall,
        groups=tuple(
            figure
            for by in GROUPS
            for label in GROUP_FIGURES
            if by != "client_id" or FIGURES[label].kind != "median"  # a client has too few sessions for its interval
            for figure in _figures(sessions, label, cluster, by)
        ),
        distributions=_distributions(sessions),
        lags=tuple(lag for unit in ("visits", "days") if (lag := lag_to_review(sessions, unit))),
        corrected=_corrected(overall, rates or {}),
        cluster=cluster,
    )


def _figures(sessions: pd.DataFrame, label: str, cluster: str, by: str = "all") -> list[Prevalence]:
    """One figure of the whole table, or of each group of a column."""
    figure = FIGURES[label]
    some = sessions[sessions[figure.column].notna()]
    if figure.reviewing:
        some = some[some["review_percentage"] > 0]
    if by != "all":
        some = some[some[by].notna()]
    if some.empty:
        return []
    groups, names = pd.factorize(group_names(some, by), sort=True)
    values = some[figure.column].to_numpy(dtype=float)
    level: str | None = cluster
    table = _estimate(values, groups, cluster_codes(some, cluster), figure.kind)
    while (level := FINER.get(level or "")) and (table["n_clusters"] < 2).any():
        finer = _estimate(values, groups, cluster_codes(some, level), figure.kind)
        table = table.where(table["n_clusters"] >= 2, finer)
    return [
        Prevalence(
            label,
            float(row.estimate),
            float(row.ci_low),
            float(row.ci_high),
            int(row.n_sessions),
            int(row.n_clusters),
            by,
            str(name),
        )
        for name, row in zip(names, table.itertuples(), strict=True)
    ]


def _estimate(values: np.ndarray, groups: np.ndarray, clusters: np.ndarray, kind: str) -> pd.DataFrame:
    if kind == "share":
        return mean_intervals((values > 0).astype(float), groups, clusters, share=True)
    table = mean_intervals(values, groups, clusters)
    if kind == "median":
        order = np.argsort(groups, kind="stable")
        ends = np.cumsum(np.bincount(groups))[:-1]
        parts = zip(np.split(values[order], ends), np.split(clusters[order], ends), strict=True)
        table[["estimate", "ci_low", "ci_high"]] = [median_interval(*part) for part in parts]
    return table


def group_names(sessions: pd.DataFrame, by: str) -> pd.Series:
    """The group of every session, as text that sorts: visits as "01" to "11" and "12+"."""
    if by == "all":
        return pd.Series("all", index=sessions.index)
    if by == "visit":
        early = sessions["visit"] < LAST_VISIT
        return sessions["visit"].map("{:02.0f}".format).where(early, f"{LAST_VISIT}+")
    return sessions[by].astype(str)


def cluster_codes(rows: pd.DataFrame, cluster: str) -> np.ndarray:
    """A whole number for each row's cluster; a row without one is its own, as each "session" or "item" is."""
    single = np.arange(len(rows))
    if cluster in ("session", "item"):
        return single
    codes: np.ndarray = pd.factorize(rows[cluster])[0]
    return np.where(codes < 0, codes.max() + 1 + single, codes)


def _distributions(sessions: pd.DataFrame) -> tuple[Distribution, ...]:
    counts = np.bincount(sessions["recommendations"])
    found = [Distribution("recommendations", tuple(map(float, range(len(counts)))), tuple(map(int, counts)))]
    for column, width in (("review_percentage", 5), ("recommendation_position", 10), ("review_position", 10)):
        values = sessions[column].dropna()
        counts, edges = np.histogram(values, np.arange(0, 100 + width, width))
        found.append(Distribution(column, tuple(map(float, edges[:-1])), tuple(map(int, counts))))
    return tuple(found)


def lag_to_review(sessions: pd.DataFrame, unit: str) -> Lag | None:
    """How long sessions with a recommendation wait for a later session of the client with a review.

    A session that no review follows is censored at the client's last session. None without such sessions.

    Parameters
    ----------
    sessions : data frame with ``SESSION_COLUMNS``
    unit : {"visits", "days"}

    Notes
    -----
    The time is to the next session that reviews anything: which recommendation it looks back to is not known here.
    """
    known = sessions[sessions["visit"].notna()].sort_values(["client_id", "visit"], kind="stable")
    clock = known["visit"] if unit == "visits" else (known["date"] - known["date"].min()).dt.days.astype(float)
    client = known["client_id"]
    later = clock.where(known["reviews"] > 0).groupby(client).bfill().groupby(client).shift(-1)
    last = clock.groupby(client).transform("last")
    waits = (known["recommendations"] > 0) & (last > clock)
    if not waits.any():
        return None
    event = later[waits].notna().to_numpy()
    time = (later.fillna(last) - clock)[waits].to_numpy()
    return waited(unit, time, event)


def _corrected(overall: tuple[Prevalence, ...], rates: Mapping[str, Rates]) -> tuple[Corrected, ...]:
    of = {figure.label: figure for figure in overall}
    return tuple(corrected(of[label], rate) for label, rate in rates.items() if label in of)
