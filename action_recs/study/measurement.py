"""What the tagger's error in review percentage does to the slopes: regression calibration and SIMEX."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from action_recs.errors import StudyError
from action_recs.study.gee import INTERACTION, TERMS, published_design
from action_recs.study.linear import whiten
from action_recs.study.results import GeeFit, ModelRow, Notice

RELIABILITIES = (0.9, 0.8, 0.7, 0.6)
"""Assumed where no session was labelled by hand."""

SIMEX_LEVELS = (0.5, 1.0, 1.5, 2.0)
"""Error variances added, in units of the one that is there."""

SIMEX_DRAWS = 50

FEWEST_PAIRS = 10


@dataclass(frozen=True, slots=True)
class Calibration:
    """How tagged and true review percentages go together in sessions labelled both ways.

    Attributes
    ----------
    intercept, slope, slope_se : float
        Of the regression of the true percentage on the tagged: ``E[true | tagged] = intercept + slope * tagged``.
    offset, gain, error_sd : float
        Of the reverse: ``tagged = offset + gain * true + error``; ``error_sd`` in percentage points.
    n_sessions : int
    """

    intercept: float
    slope: float
    slope_se: float
    offset: float
    gain: float
    error_sd: float
    n_sessions: int


def calibrate(true: np.ndarray, tagged: np.ndarray) -> Calibration:
    """Both regressions, by least squares.

    Raises
    ------
    StudyError
        With fewer than ten pairs, no variation, or percentages that do not go together at all.
    """
    true, tagged = np.asarray(true, dtype=float), np.asarray(tagged, dtype=float)
    if len(true) < FEWEST_PAIRS:
        raise StudyError(f"{len(true)} sessions labelled by hand; {FEWEST_PAIRS} at least are needed to calibrate")
    if np.ptp(true) == 0 or np.ptp(tagged) == 0:
        raise StudyError("the sessions labelled by hand do not vary in review percentage")
    forward, reverse = stats.linregress(tagged, true), stats.linregress(true, tagged)
    if forward.slope <= 0:
        raise StudyError("tagged and hand-labelled review percentages do not rise together; nothing can be corrected")
    residual = tagged - reverse.intercept - reverse.slope * true
    return Calibration(
        float(forward.intercept),
        float(forward.slope),
        float(forward.stderr),
        float(reverse.intercept),
        float(reverse.slope),
        float(np.sqrt(residual @ residual / (len(true) - 2))),
        len(true),
    )


def read_validation(path: str | Path, sessions: pd.DataFrame) -> tuple[Calibration, list[Notice]]:
    """Calibration from a CSV file with ``session_id`` and the hand-labelled ``review_percentage``.

    Raises
    ------
    StudyError
        With file and line.
    """
    tagged = sessions[sessions["session_id"].notna()].set_index("session_id")["review_percentage"].to_dict()
    pairs: dict[str, float] = {}
    unknown = 0
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            lines = csv.DictReader(file)
            if not {"session_id", "review_percentage"} <= set(lines.fieldnames or ()):
                raise StudyError(f"{path}, line 1: columns session_id and review_percentage are needed")
            for record in lines:
                where = f"{path}, line {lines.line_num}"
                name = (record["session_id"] or "").strip()
                try:
                    value = float(record["review_percentage"] or "")
                except ValueError:
                    raise StudyError(f"{where}: review_percentage is not a number") from None
                if not 0 <= value <= 100:
                    raise StudyError(f"{where}: review_percentage is not between 0 and 100")
                if name in pairs:
                    raise StudyError(f"{where}: a session that was there before; leave one of the two")
                unknown += name not in tagged
                pairs[name] = value
    except OSError as error:
        raise StudyError(f"{path}: cannot be read ({error.strerror})") from None
    except csv.Error as error:
        raise StudyError(f"{path}, line {lines.reader.line_num}: not CSV ({error})") from None
    except UnicodeDecodeError:
        raise StudyError(f"{path}: not UTF-8; save it as CSV UTF-8") from None
    known = [name for name in pairs if name in tagged]
    try:
        found = calibrate(np.array([pairs[name] for name in known]), np.array([tagged[name] for name in known]))
    except StudyError as error:
        raise StudyError(f"{path}: {error}") from None
    said = f"{unknown} sessions labelled by hand are not among the tagged ones and were left out."
    return found, [Notice("validation-unknown", said)] if unknown else []


def regression_calibration(fit: GeeFit, calibration: Calibration) -> tuple[ModelRow, ...]:
    """The published model with ``E[true | tagged]`` in place of the tagged percentage.

    The model is linear in it, so that no new fit is needed: with ``true = a + c * tagged``, the slope and the
    interaction are the fitted ones divided by c, and the baseline's coefficient loses ``a`` times the corrected
    interaction. Their variance gains that of c: ``var(b / c) = var(b) / c^2 + b^2 var(c) / c^4`` (delta method;
    Carroll, Ruppert, Stefanski & Crainiceanu 2006, Measurement Error in Nonlinear Models, chapter 4). The error must
    not depend on outcome or baseline.
    """
    a, c, se = calibration.intercept, calibration.slope, calibration.slope_se
    value = dict(zip(fit.terms, fit.estimates, strict=True))
    covariance = pd.DataFrame(fit.covariance, index=fit.terms, columns=fit.terms)
    found = []
    for term in TERMS:
        weight = pd.Series(0.0, index=fit.terms)
        if term == "baseline":
            weight["baseline"], weight[INTERACTION] = 1.0, -a / c
            estimate, change = value["baseline"] - a / c * value[INTERACTION], a / c**2 * value[INTERACTION]
        else:
            weight[term] = 1 / c
            estimate, change = value[term] / c, -value[term] / c**2
        variance = float(weight @ covariance @ weight) + change**2 * se**2
        found.append(_row("regression calibration", fit, term, float(estimate), float(np.sqrt(variance))))
    return tuple(found)


def assumed_reliability(fit: GeeFit, reliability: float) -> tuple[ModelRow, ...]:
    """The slope and the interaction if only this share of the variance of the tagged percentage were true variance."""
    rows = (fit["review_percentage"], fit[INTERACTION])
    model = f"if reliability were {reliability:g}"
    return tuple(_row(model, fit, row.term, row.estimate / reliability, row.se / reliability) for row in rows)


def simex(rows: pd.DataFrame, fit: GeeFit, calibration: Calibration, *, seed: int = 0) -> tuple[ModelRow, ...]:
    """The published model extrapolated to no error, by simulation-extrapolation (SIMEX).

    The tagged percentage is brought to the true one's scale, ``(tagged - offset) / gain``; then error of once, twice
    ... the variance that is there is added, the model refitted, and the coefficients' mean run back to "minus once"
    along a quadratic (Cook & Stefanski 1994, JASA 89, 1314-1328). Refits are generalised least squares at the working
    correlation of ``fit``, which is what its last step is. The variance is that of the refits minus the spread of their
    estimates, run back the same way (Stefanski & Cook 1995, JASA 90, 1247-1256); where it comes out negative, the
    fit's own is taken. Where error makes up more than a third of the variance, the quadratic corrects in part only.

    Parameters
    ----------
    rows : data frame
        The joined rows that ``fit`` was fitted to.
    """
    rows = rows[rows[fit.cluster].notna()].sort_values(fit.cluster, kind="stable")
    scaled = (rows["review_percentage"] - calibration.offset) / calibration.gain
    spread = calibration.error_sd / calibration.gain
    clusters = pd.factorize(rows[fit.cluster])[0]
    correlation = 0.0 if np.isnan(fit.correlation) or fit.working != "exchangeable" else fit.correlation
    outcome = rows["change"].to_numpy(dtype=float)
    draw = np.random.default_rng(seed)

    def refit(percentages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        design = published_design(rows.assign(review_percentage=percentages)).to_numpy(dtype=float)
        return _least_squares(outcome, design, clusters, correlation)

    start, variance = refit(scaled.to_numpy())
    values, variances = [start], [variance]
    for level in SIMEX_LEVELS:
        noise = draw.standard_normal((SIMEX_DRAWS, len(rows))) * spread * np.sqrt(level)
        estimates, errors = zip(*(refit(scaled.to_numpy() + one) for one in noise), strict=True)
        values.append(np.mean(estimates, axis=0))
        variances.append(np.mean(errors, axis=0) - np.var(estimates, axis=0, ddof=1))
    at = (0.0, *SIMEX_LEVELS)
    corrected = _run_back(at, np.array(values))
    squares = _run_back(at, np.array(variances))
    found = []
    for term in TERMS:
        place = fit.terms.index(term)
        square = squares[place] if squares[place] > 0 else variance[place]
        found.append(_row("simex", fit, term, float(corrected[place]), float(np.sqrt(square))))
    return tuple(found)


def _least_squares(
    outcome: np.ndarray, design: np.ndarray, clusters: np.ndarray, correlation: float
) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and their sandwich variances at a given exchangeable correlation."""
    white = whiten(np.column_stack([design, outcome]), clusters, correlation, "exchangeable")
    terms, left = white[:, :-1], white[:, -1]
    bread = np.linalg.inv(terms.T @ terms)
    estimates = bread @ (terms.T @ left)
    starts = np.flatnonzero(np.diff(clusters, prepend=-1))
    totals = np.add.reduceat(terms * (left - terms @ estimates)[:, None], starts)
    return estimates, np.diag(bread @ (totals.T @ totals) @ bread)


def _run_back(at: tuple[float, ...], values: np.ndarray) -> np.ndarray:
    """Each column's quadratic through the values at the added error, read at -1."""
    curves = np.polynomial.polynomial.polyfit(at, values, 2)
    return np.asarray(np.polynomial.polynomial.polyval(-1.0, curves))


def _row(model: str, fit: GeeFit, term: str, estimate: float, se: float) -> ModelRow:
    """With the fit's own multiple of the error, and its degrees of freedom for p."""
    freedom = fit.n_clusters - len(fit.terms) if fit.correction == "mancl-derouen" else np.inf
    p = float(2 * stats.t.sf(abs(estimate / se), freedom)) if se > 0 else float("nan")
    ends = (estimate - fit.critical * se, estimate + fit.critical * se)
    first = fit.rows[0]
    return ModelRow(
        model, fit.instrument, fit.subgroup, term, estimate, se, *ends, p, first.n_clients, first.n_sessions
    )
