"""The tables of a study: which columns each has, what they are called, and in which unit they are shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from action_recs.study import published
from action_recs.study.describe import GROUP_FIGURES
from action_recs.study.gee import SUBGROUP_NAMES
from action_recs.study.printable import NONE, Column, Table, count, interval, number, p_value, write_tables
from action_recs.study.results import Description, ModelRow, Prevalence, Record, Study

__all__ = ["Column", "Table", "description_table", "gee_table", "number", "study_tables", "write_tables"]

NAMES = {
    "share_with_recommendation": "Sessions with a recommendation",
    "share_with_structured": "Sessions with structured homework",
    "share_with_review": "Sessions with a review",
    "mean_recommendations": "Recommendations a session, mean",
    "median_recommendations": "Recommendations a session, median",
    "mean_review_percentage": "Review percentage, mean",
    "median_review_percentage": "Review percentage, median",
    "median_review_percentage_of_reviewing": "Review percentage, median of sessions with a review",
    "mean_review_percentage_words": "Review percentage by words, mean",
    "median_review_percentage_words": "Review percentage by words, median",
    "mean_review_percentage_minutes": "Review percentage by minutes, mean",
    "median_review_percentage_minutes": "Review percentage by minutes, median",
    "mean_recommendation_position": "Place of recommendations (0 start, 100 end), mean",
    "mean_review_position": "Place of reviews (0 start, 100 end), mean",
}
"""What the figures of ``describe.FIGURES`` are called."""

TERMS = {
    "Intercept": "Intercept",
    "review_percentage": "Review percentage",
    "baseline": "Baseline score",
    "review_percentage:baseline": "Review percentage × baseline",
}
"""What the terms of the models are called; others keep their name."""

LEVELS = {"organisation_id": "Organisation", "therapist_id": "Therapist", "client_id": "Client", "session": "Session"}
GROUPS = LEVELS | {"modality": "Modality", "visit": "Visit"}


def _named(names: Mapping[str, str]) -> Callable[[str], str]:
    return lambda name: names.get(name, name)


COEFFICIENT = (
    Column("Estimate", ("estimate",), number),
    Column("SE", ("se",), number),
    Column("95 % CI", ("ci_low", "ci_high"), interval),
    Column("p", ("p",), p_value),
)
SIZES = (Column("Clients", ("n_clients",), count), Column("Sessions", ("n_sessions",), count))


def figure(label: str, value: float) -> str:
    """A descriptive figure in its unit: shares in per cent, all else as it is.

    Examples
    --------
    >>> figure("share_with_review", 0.5069), figure("mean_recommendations", 4.5)
    ('50.7 %', '4.50')
    """
    if not label.startswith("share"):
        return number(value, 2)
    return f"{number(100 * value, 1)} %" if math.isfinite(value) else NONE


def figure_interval(label: str, low: float, high: float) -> str:
    """
    >>> figure_interval("share_with_review", 0.48, 0.53)
    '48.0 to 53.0 %'
    """
    if not math.isfinite(low):
        return NONE
    return f"{figure(label, low).removesuffix(' %')} to {figure(label, high)}"


def description_table(description: Description) -> Table:
    """All figures of the whole table, the corrected ones beside them, and what was published."""
    corrected = {item.label: item for item in description.corrected}
    records = []
    for found in description.overall:
        better = corrected.get(found.label)
        records.append(
            found.to_dict()
            | {
                "estimate": found.estimate,
                "ci_low": found.ci_low,
                "ci_high": found.ci_high,
                "corrected": better.estimate if better else math.nan,
                "corrected_low": better.ci_low if better else math.nan,
                "corrected_high": better.ci_high if better else math.nan,
                "published": published.FIGURES.get(found.label, ""),
            }
        )
    columns = [
        Column("Figure", ("label",), _named(NAMES), left=True),
        Column("Estimate", ("label", "estimate"), figure),
        Column("95 % CI", ("label", "ci_low", "ci_high"), figure_interval),
        Column("Corrected", ("label", "corrected"), figure),
        Column("95 % CI, corrected", ("label", "corrected_low", "corrected_high"), figure_interval),
        Column("Sessions", ("n_sessions",), count),
        Column("Published", ("published",)),
    ]
    if not corrected:
        columns = [column for column in columns if "orrected" not in column.heading]
    by = LEVELS.get(description.cluster, description.cluster).lower()
    note = f"Intervals allow for sessions of one {by} being alike. " if description.cluster != "session" else ""
    note += "Published: Spinrad et al. 2024; Peretz et al. 2023 (structured homework)."
    if corrected:
        note += " Corrected: for the tagger's known errors, their uncertainty included."
    return Table("description", "All sessions", tuple(columns), tuple(records), note)


def group_table(description: Description, by: str) -> Table:
    """The main figures of every organisation, therapist, client, modality or visit: one row a group."""
    labels = GROUP_FIGURES[:5]
    parts: dict[str, dict[str, Prevalence]] = {}
    for found in description.groups:
        if found.by == by:
            parts.setdefault(found.group, {})[found.label] = found
    records = []
    for group, figures in parts.items():
        record: dict[str, Any] = {"group": group, "n_sessions": figures[labels[0]].n_sessions}
        for label in labels:
            part = figures[label]
            record |= {label: part.estimate, f"{label}_low": part.ci_low, f"{label}_high": part.ci_high}
        records.append(record)

    def shows(label: str) -> Callable[[float, float, float], str]:
        return lambda value, low, high: f"{figure(label, value)} ({figure_interval(label, low, high)})"

    columns = [Column(GROUPS[by], ("group",), left=True), Column("Sessions", ("n_sessions",), count)]
    columns += [Column(NAMES[label], (label, f"{label}_low", f"{label}_high"), shows(label)) for label in labels]
    return Table(f"by_{by.removesuffix('_id')}", f"By {GROUPS[by].lower()}", tuple(columns), tuple(records))


def flow_table(study: Study) -> Table:
    """Who was left out, and why."""
    columns = (
        Column("Step", ("step",), left=True),
        Column("Of", ("unit",), left=True),
        Column("Remain", ("n",), count),
        Column("Clients", ("n_clients",), count),
        Column("Left out", ("n_dropped",), count),
        Column("Because", ("reason",), left=True),
    )
    records = [flow.to_dict() | {"branch": flow.instrument or "All"} for flow in study.flow]
    return Table("flow", "Inclusion", columns, tuple(records), group="branch")


def gee_table(study: Study) -> Table:
    """The published analysis, with the published p-values."""
    records = []
    for one in study.gee:
        for row in one.rows:
            known = published.P_VALUES.get((row.instrument, row.term), "") if row.subgroup == "all" else ""
            group = f"{row.instrument}, {SUBGROUP_NAMES.get(row.subgroup, row.subgroup)}"
            records.append(_values(row) | {"group": group, "published": known})
    columns = (
        Column("Term", ("term",), _named(TERMS), left=True),
        *COEFFICIENT,
        Column("Published p", ("published",)),
        *SIZES,
    )
    fit = study.gee[0] if study.gee else None
    note = (
        "Points of the instrument per unit; negative: a larger fall. Review percentage: its slope at a baseline of 0."
    )
    if fit:
        errors = "robust" if fit.correction == "none" else "robust errors with the Mancl-DeRouen correction"
        note += f" GEE, {fit.working} working correlation within {LEVELS[fit.cluster].lower()}s, {errors}."
    return Table("gee", "Change in score: the published model", columns, tuple(records), note, group="group")


SLOPE = "slope at baseline"
"""How the models begin that are slopes of the published one at another baseline than 0."""


def slopes(study: Study) -> tuple[ModelRow, ...]:
    """Change per percentage point of review at the mean baseline of each subgroup."""
    return tuple(row for row in study.models if row.model.startswith(SLOPE))


def slopes_table(study: Study) -> Table:
    """The published model's slope where the clients are."""
    records = [
        _values(row) | {"published": published.SUBGROUP_P_VALUES.get((row.instrument, row.subgroup), "")}
        for row in slopes(study)
    ]
    columns = (
        Column("Included", ("subgroup",), _named(SUBGROUP_NAMES), left=True),
        Column("At a baseline of", ("model",), lambda model: model.removeprefix(SLOPE).strip()),
        *COEFFICIENT,
        Column("Published p", ("published",)),
        *SIZES,
    )
    note = "Points of the instrument per percentage point of review, at the mean baseline of the clients included."
    return Table(
        "slopes",
        "Review percentage at the mean baseline",
        columns,
        tuple(records),
        note,
        "instrument",
    )


def models_table(study: Study) -> Table:
    """All further models."""
    records = [
        _values(row) | {"group": f"{row.instrument}: {row.model}"}
        for row in study.models
        if not row.model.startswith(SLOPE)
    ]
    columns = (
        Column("Term", ("term",), _named(TERMS), left=True),
        *COEFFICIENT,
        *SIZES,
    )
    return Table("models", "Further models", columns, tuple(records), group="group")


def variances_table(study: Study) -> Table:
    """Where the differences in change lie."""
    columns = (
        Column("Level", ("level",), _named(LEVELS | {"residual": "Residual"}), left=True),
        Column("Variance", ("variance",), lambda value: number(value, 2)),
        Column("Share", ("share",), lambda value: figure("share", value)),
        Column("Groups", ("n_groups",), count),
    )
    records = tuple(map(_values, study.variances))
    return Table("variances", "Variance of the change in score", columns, records, group="instrument")


def comparisons_table(study: Study) -> Table:
    """p-values, adjusted for their number."""
    columns = (
        Column("Test", ("label",), left=True),
        Column("p", ("p",), p_value),
        Column("Holm", ("holm",), p_value),
        Column("Benjamini-Hochberg", ("benjamini_hochberg",), p_value),
    )
    note = "Below 0.05, Holm keeps the chance of any false finding, Benjamini-Hochberg the share of false findings."
    return Table(
        "comparisons", "Adjusted for the number of tests", columns, tuple(map(_values, study.comparisons)), note
    )


def e_values_table(study: Study) -> Table:
    """How strong a hidden common cause would have to be."""
    columns = (
        Column("Instrument", ("instrument",), left=True),
        Column("Contrast", ("contrast",), left=True),
        Column("Standardised difference", ("standardised",), number),
        Column("E-value", ("e_value",), lambda value: number(value, 2)),
        Column("E-value of the interval", ("e_value_limit",), lambda value: number(value, 2)),
    )
    note = (
        "An unmeasured common cause tied to both review and change by risk ratios of this size could explain the "
        "association away; 1: none is needed (VanderWeele & Ding 2017)."
    )
    return Table(
        "e_values", "Sensitivity to unmeasured confounding", columns, tuple(map(_values, study.e_values)), note
    )


def lags_table(study: Study) -> Table:
    """How long recommendations wait for a session with a review."""
    columns = (
        Column("Counted in", ("unit",), left=True),
        Column("Half are followed by a review within", ("median",), lambda value: number(value, 0)),
        Column("Sessions with a recommendation", ("n_sessions",), count),
        Column("Followed by a review", ("n_reviewed",), count),
    )
    note = "Kaplan-Meier; the client's last sessions in the table are censored."
    return Table("lags", "From recommendation to review", columns, tuple(map(_values, study.describe.lags)), note)


def curves_table(study: Study) -> Table:
    """Tests of the dose curves."""
    columns = (
        Column("Instrument", ("instrument",), left=True),
        Column("Any association, p", ("p_any",), p_value),
        Column("Other than a straight line, p", ("p_nonlinear",), p_value),
    )
    return Table("curves", "Dose curves", columns, tuple(map(_values, study.curves)))


FOLLOWED = {
    "reviewed": "Ever reviewed in a later session",
    "done": "Done, of those whose review tells",
    "done or partly": "Done or partly done, of those whose review tells",
}
"""What the figures of ``FollowUp`` are called."""

FOLLOWED_BY = {
    "all": "All",
    "form": "By form",
    "category": "By category",
    "therapist_id": "Therapists",
    "client_id": "Clients",
}


def follow_up_table(study: Study, name: str, title: str, divisions: Sequence[str]) -> Table:
    """What became of recommendations, in total and by group."""
    records = [
        _values(found) | {"heading": f"{FOLLOWED_BY[found.by]}: {FOLLOWED[found.label]}"}
        for by in divisions
        for label in FOLLOWED
        for found in (study.follow_up.figures if study.follow_up else ())
        if (found.by, found.label) == (by, label)
    ]
    columns = (
        Column("Group", ("group",), lambda group: str(group).replace("_", " "), left=True),
        Column("Share", ("estimate",), lambda value: figure("share", value)),
        Column("95 % CI", ("ci_low", "ci_high"), lambda low, high: figure_interval("share", low, high)),
        Column("Recommendations", ("n_items",), count),
    )
    note = (
        "Recommendations of a client's last session could not be reviewed and are left out. As the linking model tells "
        "it, whose errors are not corrected for."
    )
    return Table(name, title, columns, tuple(records), note, group="heading")


def follow_up_lags_table(study: Study) -> Table:
    """How long a recommendation waits for the review that looks back to it."""
    columns = (
        Column("Counted in", ("unit",), left=True),
        Column("Half are reviewed within", ("median",), lambda value: number(value, 0)),
        Column("Recommendations", ("n_sessions",), count),
        Column("Reviewed", ("n_reviewed",), count),
    )
    lags = study.follow_up.lags if study.follow_up else ()
    note = "Kaplan-Meier; what no review looks back to is censored at the client's last session."
    return Table("follow_up_lags", "From a recommendation to its own review", columns, tuple(map(_values, lags)), note)


def study_tables(study: Study) -> tuple[Table, ...]:
    """Every table of a study that has any rows, in the order of the report."""
    groups = (group_table(study.describe, by) for by in GROUPS if by != "session")
    others: Sequence[Callable[[Study], Table]] = (
        lags_table,
        flow_table,
        gee_table,
        slopes_table,
        comparisons_table,
        models_table,
        variances_table,
        curves_table,
        e_values_table,
    )
    followed = (
        follow_up_table(study, "follow_up", "What became of recommendations", ("all", "form", "category")),
        follow_up_table(study, "follow_up_by", "By therapist and client", ("therapist_id", "client_id")),
        follow_up_lags_table(study),
    )
    tables = (description_table(study.describe), *groups, *followed, *(make(study) for make in others))
    return tuple(table for table in tables if table.records)


def _values(record: Record) -> dict[str, Any]:
    """The fields as they are, NaN kept."""
    return {name: getattr(record, name) for name in record.to_dict()}
