"""The whole study in one call: description, the published analysis, and what goes beyond it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from action_recs.errors import OutputError, StudyError
from action_recs.study.confounding import e_value_of
from action_recs.study.correction import Rates
from action_recs.study.describe import describe
from action_recs.study.dose import dose_curve
from action_recs.study.gee import (
    ADJUSTMENTS,
    INTERACTION,
    SUBGROUP_NAMES,
    SUBGROUPS,
    TERMS,
    Cluster,
    adjustments,
    cautions,
    fit_gee,
    predict,
    published_design,
    slope_at,
    within,
)
from action_recs.study.join import Joined
from action_recs.study.lagged import fit_lagged
from action_recs.study.linear import Correction, Fit, Working, linear_gee
from action_recs.study.measurement import (
    RELIABILITIES,
    Calibration,
    assumed_reliability,
    regression_calibration,
    simex,
)
from action_recs.study.mixed import adjusted_design, fit_mixed, usable_levels, within_between_design
from action_recs.study.multiplicity import compare
from action_recs.study.results import DoseCurve, EValue, GeeFit, ModelRow, Notice, Prediction, Study, VarianceShare

T = TypeVar("T")

PREDICTED_BASELINES = (7.0, 12.0, 17.0)
"""Middle of mild, moderate and the next band, for the interaction plot."""


@dataclass(frozen=True, slots=True)
class Choices:
    """How the published model is fitted; see ``gee.fit_gee``."""

    cluster: Cluster = "client_id"
    working: Working = "exchangeable"
    correction: Correction = "mancl-derouen"


def analyse(
    sessions: pd.DataFrame,
    joined: Joined,
    *,
    choices: Choices | None = None,
    rates: Mapping[str, Rates] | None = None,
    calibration: Calibration | None = None,
    notices: tuple[Notice, ...] = (),
) -> Study:
    """Everything that the data carry; what they do not carry is left out, with a notice that says why.

    Parameters
    ----------
    sessions : data frame with ``SESSION_COLUMNS``
        Described as they are, joined or not.
    joined : Joined
        From ``join``.
    choices : Choices, optional
    rates : mapping of label to Rates, optional
        For shares and counts corrected for the tagger's errors.
    calibration : Calibration, optional
        For slopes corrected for them; without it their size is shown under assumed reliabilities.
    notices : tuple of Notice
        From reading the files.
    """
    choices = choices or Choices()
    found = _Found(notices=[*notices, *joined.notices])
    for instrument in joined.instruments:
        _instrument(found, joined.of(instrument), choices, calibration)
    if calibration is None:
        found.notices.append(
            Notice(
                "no-validation",
                "No sessions labelled by hand were given, so that slopes are not corrected for the tagger's error; "
                f"they are shown as they would be at reliabilities of {', '.join(map(str, RELIABILITIES))}.",
            )
        )
    if not rates:
        found.notices.append(
            Notice("no-rates", "No error rates of the tagger were given: shares and counts are the tagger's own.")
        )
    return Study(
        describe=describe(sessions, rates=rates),
        flow=joined.flow,
        gee=tuple(found.gee),
        models=tuple(found.models),
        variances=tuple(found.variances),
        predictions=tuple(found.predictions),
        curves=tuple(found.curves),
        comparisons=compare(found.tests),
        e_values=tuple(found.e_values),
        notices=tuple(found.notices),
    )


@dataclass(slots=True)
class _Found:
    """What has been found so far."""

    notices: list[Notice]
    gee: list[GeeFit] = field(default_factory=list)
    models: list[ModelRow] = field(default_factory=list)
    variances: list[VarianceShare] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    curves: list[DoseCurve] = field(default_factory=list)
    e_values: list[EValue] = field(default_factory=list)
    tests: list[tuple[str, float]] = field(default_factory=list)

    def attempt(self, what: str, fit: Callable[[], T]) -> T | None:
        """The result, or a notice that the data do not carry it."""
        try:
            return fit()
        except StudyError as error:
            self.notices.append(Notice("not-fitted", f"{what} was not fitted: {error}."))
            return None


def _instrument(found: _Found, rows: pd.DataFrame, choices: Choices, calibration: Calibration | None) -> None:
    name = rows["instrument"].iloc[0]
    found.notices.extend(cautions(rows, choices.cluster))
    main = None
    for subgroup in ("all", *SUBGROUPS):
        who = f"{name}, {SUBGROUP_NAMES[subgroup]}"
        fit = found.attempt(
            f"{who}: the GEE",
            lambda subgroup=subgroup: fit_gee(  # type: ignore[misc]
                rows, subgroup, cluster=choices.cluster, working=choices.working, correction=choices.correction
            ),
        )
        if fit is None:
            continue
        found.gee.append(fit)
        slope = slope_at(fit, float(within(rows, subgroup)["baseline"].mean()))
        found.models.append(slope)
        if subgroup == "all":
            main = fit
            found.tests.append((f"{who}: review percentage at a baseline of 0", fit["review_percentage"].p))
            found.tests.append((f"{who}: review percentage × baseline", fit[INTERACTION].p))
        else:
            found.tests.append((f"{who}: review percentage at the mean baseline", slope.p))
        if fit.working != choices.working:
            message = f"{who}: too few sessions share a cluster; the working correlation is independence."
            found.notices.append(Notice("working-correlation", message))
    if main is None:
        return
    percentages = np.linspace(0, np.percentile(rows["review_percentage"], 99), 21)
    found.predictions.extend(predict(main, PREDICTED_BASELINES, map(float, percentages)))
    found.e_values.append(e_value_of(main, rows))
    _variations(found, rows, choices)
    _beyond(found, rows)
    if calibration is None:
        for reliability in RELIABILITIES:
            found.models.extend(assumed_reliability(main, reliability))
    else:
        found.models.extend(regression_calibration(main, calibration))
        found.models.extend(simex(rows, main, calibration))


def _variations(found: _Found, rows: pd.DataFrame, choices: Choices) -> None:
    """The published model with other clusters, working correlations and errors, one change at a time."""
    other: dict[str, Choices] = {
        "gee, clusters by therapist": Choices("therapist_id", choices.working, choices.correction),
        "gee, clusters by client": Choices("client_id", choices.working, choices.correction),
        "gee, independence": Choices(choices.cluster, "independence", choices.correction),
        "gee, exchangeable": Choices(choices.cluster, "exchangeable", choices.correction),
        "gee, autoregressive": Choices(choices.cluster, "autoregressive", choices.correction),
        "gee, without small-sample correction": Choices(choices.cluster, choices.working, "none"),
    }
    for model, choice in other.items():
        some = rows[rows[choice.cluster].notna()]
        if choice == choices or some.empty:
            continue
        fit = found.attempt(
            f"{rows['instrument'].iloc[0]}: {model}",
            lambda some=some, choice=choice: linear_gee(  # type: ignore[misc]
                some["change"].to_numpy(),
                published_design(some),
                some[choice.cluster].to_numpy(),
                working=choice.working,
                correction=choice.correction,
                time=some["visit"].to_numpy(),
            ),
        )
        if fit is not None:
            found.models.extend(_rows(model, some, fit, TERMS))


def _rows(model: str, rows: pd.DataFrame, fit: Fit, terms: Sequence[str]) -> list[ModelRow]:
    name, clients = rows["instrument"].iloc[0], int(rows["client_id"].nunique())
    return [ModelRow(model, name, "all", term, *fit.of(term), clients, len(rows)) for term in terms]


def _beyond(found: _Found, rows: pd.DataFrame) -> None:
    """Adjustment, mixed models, the dose curve and lagged models."""
    name = rows["instrument"].iloc[0]
    varying = adjustments(rows)
    for column, what in ADJUSTMENTS.items():
        if column in varying:
            continue
        message = f"{name}: {what} is the same in every session that is analysed; no model is adjusted for it."
        found.notices.append(Notice("not-adjusted", message))
    adjusted = found.attempt(
        f"{name}: the adjusted GEE",
        lambda: linear_gee(rows["change"].to_numpy(), adjusted_design(rows), rows["client_id"].to_numpy()),
    )
    if adjusted is not None:
        found.models.extend(_rows("adjusted gee", rows, adjusted, adjusted.terms[1:]))
    levels, notices = usable_levels(rows)
    found.notices.extend(notices)
    for model, design in (
        ("mixed", adjusted_design(rows)),
        ("mixed, within and between clients", within_between_design(rows)),
    ):
        mixed = found.attempt(
            f"{name}: the model {model}",
            lambda model=model, design=design: fit_mixed(rows, model, design, levels),  # type: ignore[misc]
        )
        if mixed is not None:
            found.models.extend(mixed[0])
            found.variances.extend(mixed[1] if model == "mixed" else ())
    if curve := found.attempt(f"{name}: the dose curve", lambda: dose_curve(rows)):
        found.curves.append(curve)
    found.models.extend(found.attempt(f"{name}: the lagged model", lambda: fit_lagged(rows)) or ())


def write_results(study: Study, path: str | Path) -> None:
    """Write ``results.json``.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    try:
        Path(path).write_text(
            json.dumps(study.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8"
        )
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
