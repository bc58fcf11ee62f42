"""What an analysis returns: plain frozen records, each of which knows its form in ``results.json``.

Intervals are 95 %. A number that could not be computed is NaN here and ``null`` in the file.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

STATEMENT = (
    "These are associations in observed care. Therapists did not review at random: who reviews more, with whom and "
    "when may differ in ways that also change scores, so none of the figures is the effect of reviewing."
)
"""Stands in every report and file: what the figures do not say."""


class Record:
    """A frozen dataclass whose fields are its form in a file."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Fields by name, as JSON takes them: tuples as lists, records as objects, NaN as None."""
        return {field.name: plain(getattr(self, field.name)) for field in dataclasses.fields(self)}  # type: ignore[arg-type]


def plain(value: Any) -> Any:
    """A value as JSON takes it; numbers that are not finite become None.

    Examples
    --------
    >>> plain((1, math.nan, Flow("in the file", "sessions", 3, 2)))[:2]
    [1, None]
    """
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@dataclass(frozen=True, slots=True)
class Notice(Record):
    """Something about the data or a model that a reader of the report has to know, and what was done about it.

    ``code`` is a short fixed name (``"few-clusters"``), ``message`` one or two sentences; neither holds client ids.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Flow(Record):
    """One step of inclusion.

    Attributes
    ----------
    step : str
        What remains after it: "sessions in the file", "PHQ-9: with a baseline score" ...
    unit : str
        What ``n`` counts: "sessions" or "scores".
    n, n_clients : int
        How many remain.
    n_dropped : int
        How many this step left out.
    reason : str
        Why they were left out; empty when none could be.
    instrument : str
        The branch of the diagram: "" for the steps that all instruments share.
    """

    step: str
    unit: str
    n: int
    n_clients: int
    n_dropped: int = 0
    reason: str = ""
    instrument: str = ""


@dataclass(frozen=True, slots=True)
class Prevalence(Record):
    """A descriptive figure of sessions (a share, a mean, a median), with an interval over clusters.

    Shares are between 0 and 1, review percentages and positions between 0 and 100.

    Attributes
    ----------
    label : str
        Which figure: see ``describe.FIGURES``.
    estimate, ci_low, ci_high : float
    n_sessions, n_clusters : int
        That it rests on.
    by, group : str
        The division and the part of it ("therapist_id", "T7"); "all", "all" for the whole table.
    """

    label: str
    estimate: float
    ci_low: float
    ci_high: float
    n_sessions: int
    n_clusters: int
    by: str = "all"
    group: str = "all"


@dataclass(frozen=True, slots=True)
class Corrected(Record):
    """A figure corrected for the tagger's known errors.

    Attributes
    ----------
    label : str
    raw : float
        As the tagger's labels give it.
    estimate, ci_low, ci_high : float
        Corrected, with the uncertainty of the raw figure and of the tagger's error rates.
    method : str
        "rogan-gladen" (sensitivity and specificity) or "precision-recall" (raw * precision / recall).
    rates : dict of str to float
        The error rates that were used.
    """

    label: str
    raw: float
    estimate: float
    ci_low: float
    ci_high: float
    method: str
    rates: dict[str, float]


@dataclass(frozen=True, slots=True)
class Distribution(Record):
    """How many sessions have which value: ``n_sessions[i]`` of them have ``values[i]`` (or start of bin)."""

    label: str
    values: tuple[float, ...]
    n_sessions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lag(Record):
    """How long a session's recommendations wait for a session that reviews (Kaplan-Meier over sessions).

    Attributes
    ----------
    unit : str
        "visits" or "days".
    median : float
        Time by which half are followed by a session with a review; NaN when fewer than half ever are.
    times, reviewed : tuple of float
        Steps of the curve: share (0 to 1) followed by a review by that time.
    n_sessions, n_reviewed : int
        Sessions with a recommendation, and those of them followed by a review; the others are censored.
    """

    unit: str
    median: float
    times: tuple[float, ...]
    reviewed: tuple[float, ...]
    n_sessions: int
    n_reviewed: int


@dataclass(frozen=True, slots=True)
class Description(Record):
    """What the sessions look like, without any outcome.

    Attributes
    ----------
    overall : tuple of Prevalence
        One for each label of ``describe.FIGURES`` that the data allow.
    groups : tuple of Prevalence
        The same by organisation, therapist, client, modality and visit, where the table has them.
    distributions : tuple of Distribution
        "recommendations" (sessions by count), "review_percentage" (bins of 5), "recommendation_position" and
        "review_position" (bins of 10).
    lags : tuple of Lag
    corrected : tuple of Corrected
        Empty when no error rates were given.
    cluster : str
        The column that the intervals are clustered by: "client_id", "therapist_id", or "session" without either.
    """

    overall: tuple[Prevalence, ...]
    groups: tuple[Prevalence, ...]
    distributions: tuple[Distribution, ...]
    lags: tuple[Lag, ...]
    corrected: tuple[Corrected, ...]
    cluster: str

    def __getitem__(self, label: str) -> Prevalence:
        return next(figure for figure in self.overall if figure.label == label)

    def to_dict(self) -> dict[str, Any]:
        """The overall figures by name, each with its unit, then the rest."""
        figures = {figure.label: figure.to_dict() | {"unit": unit(figure.label)} for figure in self.overall}
        rest = ("cluster", "groups", "distributions", "lags", "corrected")
        return figures | {name: plain(getattr(self, name)) for name in rest}


def unit(label: str) -> str:
    """What a descriptive figure is counted in, as the file says it.

    Examples
    --------
    >>> unit("share_with_review"), unit("mean_recommendations"), unit("median_review_percentage")
    ('share, 0 to 1', 'recommendations a session', 'per cent, 0 to 100')
    """
    if label.startswith("share"):
        return "share, 0 to 1"
    if label.endswith("_recommendations"):
        return "recommendations a session"
    return "place, 0 (start) to 100 (end)" if label.endswith("_position") else "per cent, 0 to 100"


@dataclass(frozen=True, slots=True)
class GeeRow(Record):
    """One coefficient of one GEE: a row of ``gee`` in ``results.json``.

    Attributes
    ----------
    instrument, subgroup : str
        "PHQ-9", and "all" or a baseline group ("mild", "moderate to severe").
    term : str
        "review_percentage", "baseline" or "review_percentage:baseline".
    estimate, se, ci_low, ci_high : float
        In points of the instrument per unit of the term. Negative: more of the term goes with a larger fall.
    p : float
        Two-sided.
    n_clients, n_sessions : int
    """

    instrument: str
    subgroup: str
    term: str
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    p: float
    n_clients: int
    n_sessions: int


@dataclass(frozen=True, slots=True)
class GeeFit(Record):
    """One fitted GEE with what is needed to draw it.

    Attributes
    ----------
    rows : tuple of GeeRow
        Without the intercept.
    terms : tuple of str
        All coefficients, "Intercept" first.
    estimates : tuple of float
    covariance : tuple of tuple of float
        Of the estimates, shape (terms, terms).
    cluster : str
        "client_id" or "therapist_id".
    working : str
        Working correlation: "exchangeable", "independence", "autoregressive".
    correction : str
        "none" (sandwich), "mancl-derouen" (small sample).
    correlation : float
        Estimated working correlation; NaN for independence.
    critical : float
        Multiple of the standard error that the intervals use (1.96, or a t quantile).
    n_clusters : int
    """

    instrument: str
    subgroup: str
    rows: tuple[GeeRow, ...]
    terms: tuple[str, ...]
    estimates: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    cluster: str
    working: str
    correction: str
    correlation: float
    critical: float
    n_clusters: int

    def __getitem__(self, term: str) -> GeeRow:
        return next(row for row in self.rows if row.term == term)


@dataclass(frozen=True, slots=True)
class Prediction(Record):
    """Expected change at a review percentage and a baseline score: a point of an interaction plot or dose curve."""

    instrument: str
    baseline: float
    review_percentage: float
    change: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class ModelRow(Record):
    """One coefficient of a further model.

    Attributes
    ----------
    model : str
        "slope at mean baseline", "gee by therapist_id", "mixed", "lagged", "regression calibration", "simex" ...
    subgroup : str
        "all" or a baseline group, as in ``GeeRow``.
    """

    model: str
    instrument: str
    subgroup: str
    term: str
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    p: float
    n_clients: int
    n_sessions: int


@dataclass(frozen=True, slots=True)
class VarianceShare(Record):
    """How much of the variance a mixed model gives to a level ("therapist_id", "client_id", "residual")."""

    instrument: str
    level: str
    variance: float
    share: float
    n_groups: int


@dataclass(frozen=True, slots=True)
class DoseCurve(Record):
    """Change over review percentage as a restricted cubic spline, at the mean baseline.

    ``p_any`` tests that the curve is flat, ``p_nonlinear`` that it is a straight line (Wald).
    """

    instrument: str
    knots: tuple[float, ...]
    points: tuple[Prediction, ...]
    p_any: float
    p_nonlinear: float


@dataclass(frozen=True, slots=True)
class Comparison(Record):
    """One p-value of a family, adjusted for the number of its fellows."""

    label: str
    p: float
    holm: float
    benjamini_hochberg: float


@dataclass(frozen=True, slots=True)
class EValue(Record):
    """How strongly an unmeasured confounder would have to be tied to both sides to explain an association away.

    Risk-ratio scale (VanderWeele & Ding 2017): of the estimate, and of the interval's limit nearest to no association.
    """

    instrument: str
    contrast: str
    standardised: float
    e_value: float
    e_value_limit: float


@dataclass(frozen=True, slots=True)
class FollowUpFigure(Record):
    """A share of items, with an interval over clusters.

    Attributes
    ----------
    label : str
        "reviewed" (of the items that a later session could review), "done" and "done or partly" (of those whose review
        tells what was done).
    estimate, ci_low, ci_high : float
        Between 0 and 1; the limits are NaN where there is one cluster.
    n_items, n_clusters : int
    by, group : str
        The division and the part of it ("form", "casual"); "all", "all" for all items.
    """

    label: str
    estimate: float
    ci_low: float
    ci_high: float
    n_items: int
    n_clusters: int
    by: str = "all"
    group: str = "all"


@dataclass(frozen=True, slots=True)
class FollowUp(Record):
    """What became of recommendations.

    Attributes
    ----------
    n_items, n_reviewed, n_clients : int
    figures : tuple of FollowUpFigure
    lags : tuple of Lag
        From an item to its first review, by Kaplan and Meier, in "sessions" and, with dates, in "days"; items that no
        review looks back to are censored at the client's last session. ``n_sessions`` and ``n_reviewed`` count items.
    """

    n_items: int
    n_reviewed: int
    n_clients: int
    figures: tuple[FollowUpFigure, ...]
    lags: tuple[Lag, ...]


@dataclass(frozen=True, slots=True)
class Study(Record):
    """Everything that one run found: ``results.json``."""

    describe: Description
    flow: tuple[Flow, ...]
    gee: tuple[GeeFit, ...]
    models: tuple[ModelRow, ...]
    variances: tuple[VarianceShare, ...]
    predictions: tuple[Prediction, ...]
    curves: tuple[DoseCurve, ...]
    comparisons: tuple[Comparison, ...]
    e_values: tuple[EValue, ...]
    notices: tuple[Notice, ...]
    follow_up: FollowUp | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the file has it: ``gee`` is the flat list of rows, ``gee_fits`` holds the rest of each fit."""
        fits = [{name: item for name, item in fit.to_dict().items() if name != "rows"} for fit in self.gee]
        return {
            "statement": STATEMENT,
            "describe": self.describe.to_dict(),
            "gee": [row.to_dict() for fit in self.gee for row in fit.rows],
            "gee_fits": fits,
            **{name: plain(getattr(self, name)) for name in _LISTS},
            **({"follow_up": self.follow_up.to_dict()} if self.follow_up else {}),
        }


_LISTS = ("flow", "models", "variances", "predictions", "curves", "comparisons", "e_values", "notices")
