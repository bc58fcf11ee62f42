"""Dose curves, many tests, confounding, the tagger's error and lags."""

import math

import pytest

pytest.importorskip("pandas")

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline

from action_recs.errors import StudyError
from action_recs.study.confounding import e_value, of_difference
from action_recs.study.dose import choose_knots, dose_curve, spline_basis
from action_recs.study.gee import INTERACTION, fit_gee
from action_recs.study.lagged import fit_lagged
from action_recs.study.measurement import (
    assumed_reliability,
    calibrate,
    read_validation,
    regression_calibration,
    simex,
)
from action_recs.study.multiplicity import compare
from action_recs.study.simulate import Design, simulate_cohort


@pytest.fixture(scope="module")
def rows():
    return simulate_cohort(Design(n_sessions=900, n_clients=150, n_therapists=50), seed=5).paired("PHQ-9")


KNOTS = (0.0, 2.0, 5.0, 9.0)


@pytest.mark.parametrize("column", [1, 2])
def test_the_basis_is_a_natural_cubic_spline(column):
    """It is the natural spline through its own values at the knots, and goes on straight outside."""
    at_knots = spline_basis(np.array(KNOTS), KNOTS)[:, column]
    natural = CubicSpline(KNOTS, at_knots, bc_type="natural")
    inside = np.linspace(0, 9, 50)
    assert spline_basis(inside, KNOTS)[:, column] == pytest.approx(natural(inside), abs=1e-9)
    below, above = spline_basis(np.array([-2.0, -1, 0]), KNOTS), spline_basis(np.array([9.0, 10, 11]), KNOTS)
    assert np.diff(below[:, column], 2) == pytest.approx(0, abs=1e-9)
    assert np.diff(above[:, column], 2) == pytest.approx(0, abs=1e-9)


def test_knots_are_0_and_percentiles_of_the_sessions_that_review():
    assert choose_knots(np.array([0.0] * 50 + list(range(1, 102)))) == (0, 26, 61, 96)
    with pytest.raises(StudyError, match="no variation"):
        choose_knots(np.zeros(5))
    with pytest.raises(StudyError, match="too few different"):
        choose_knots(np.array([0.0, 3, 3]))


def test_a_bend_is_found_and_a_line_is_not_called_one(rows):
    draw = np.random.default_rng(0)
    noise = draw.normal(0, 1, len(rows))
    straight = dose_curve(rows.assign(change=noise - 0.3 * rows["review_percentage"]))
    bent = dose_curve(rows.assign(change=noise - 3 * np.minimum(rows["review_percentage"], 5)))
    assert straight.p_any < 1e-6 < 0.01 < straight.p_nonlinear
    assert bent.p_nonlinear < 1e-6
    assert straight.points[0].change == 0
    last = straight.points[-1]
    assert last.ci_low < -0.3 * last.review_percentage < last.ci_high


def test_holm_and_benjamini_hochberg_by_their_definitions():
    p = [0.01, 0.04, 0.03, 0.005]
    found = compare([(str(n), value) for n, value in enumerate(p)])
    # sorted 0.005, 0.01, 0.03, 0.04: times 4, 3, 2, 1, never falling; times 4/1, 4/2, 4/3, 4/4, never above the next
    assert [one.holm for one in found] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert [one.benjamini_hochberg for one in found] == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert compare([]) == ()


@pytest.mark.parametrize(("ratio", "expected"), [(3.9, 7.26), (2.6, 4.64), (1.0, 1.0), (0.5, 3.41)])
def test_e_values_published_and_by_formula(ratio, expected):
    """3.9 with lower limit 1.8 is VanderWeele & Ding's own example, and so is 7.26."""
    assert e_value(ratio) == pytest.approx(expected, abs=0.005)


def test_e_value_of_a_standardised_difference():
    value, limit = of_difference(-0.5, 0.1)
    assert value == pytest.approx(e_value(math.exp(0.455)))
    assert limit == pytest.approx(e_value(math.exp(0.455 - 0.178)))
    assert of_difference(0.1, 0.1)[1] == 1


def noisy(rows, error=2.0, gain=0.8, offset=2.0, seed=1):
    """The rows as a tagger would have them that sees this much, and this much wrongly, and 400 labelled both ways."""
    draw = np.random.default_rng(seed)
    true = rows["review_percentage"].to_numpy()
    tagged = rows.assign(review_percentage=offset + gain * true + draw.normal(0, error, len(rows)))
    return tagged, calibrate(true[:400], tagged["review_percentage"].to_numpy()[:400])


@pytest.fixture(scope="module")
def known():
    """A large cohort whose slope is known: -0.5 + 0.02 baseline."""
    rows = simulate_cohort(Design(n_sessions=6000, n_clients=1500, n_therapists=300), seed=9).paired("PHQ-9")
    draw = np.random.default_rng(2)
    percentage, baseline = draw.normal(20, 6, len(rows)), rows["baseline"]
    change = 1 + (-0.5 + 0.02 * baseline) * percentage - 0.4 * baseline + draw.normal(0, 3, len(rows))
    return rows.assign(review_percentage=percentage, change=change)


def test_both_corrections_find_the_slope_behind_the_error(known):
    tagged, calibration = noisy(known)
    shrunk = tagged.assign(review_percentage=(tagged["review_percentage"] - 2) / 0.8)
    fit, same_scale = fit_gee(tagged), fit_gee(shrunk)["review_percentage"]
    # Error of (2 / 0.8)^2 beside a variance of 6^2 leaves 36 / 42.25 = 0.85 of the slope.
    assert same_scale.estimate == pytest.approx(-0.5 * 0.852, abs=2.5 * same_scale.se)
    for found in (regression_calibration(fit, calibration), simex(tagged, fit, calibration)):
        slope, baseline, interaction = found
        assert slope.estimate == pytest.approx(-0.5, abs=2.5 * slope.se)
        assert interaction.estimate == pytest.approx(0.02, abs=2.5 * interaction.se)
        assert baseline.estimate == pytest.approx(-0.4, abs=2.5 * baseline.se)
        assert abs(slope.estimate) > abs(same_scale.estimate)
        assert slope.se > same_scale.se


def test_without_error_nothing_is_corrected(known):
    tagged, calibration = noisy(known, error=1e-9, gain=1, offset=0)
    fit = fit_gee(tagged)
    for found in (regression_calibration(fit, calibration), simex(tagged, fit, calibration)):
        for row in found:
            assert row.estimate == pytest.approx(fit[row.term].estimate, rel=1e-4)
            assert row.se == pytest.approx(fit[row.term].se, rel=0.05)


def test_calibration_is_two_regressions():
    true, tagged = np.arange(12.0), np.array([0.0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13])
    found = calibrate(true, tagged)
    slope = np.cov(true, tagged)[0, 1] / np.var(tagged, ddof=1)
    assert (found.slope, found.intercept) == pytest.approx((slope, true.mean() - slope * tagged.mean()))
    assert found.gain == pytest.approx(np.cov(true, tagged)[0, 1] / np.var(true, ddof=1))


@pytest.mark.parametrize(
    ("true", "tagged", "message"),
    [
        (range(9), range(9), "9 sessions"),
        ([1] * 10, range(10), "do not vary"),
        (range(10), range(10, 0, -1), "do not rise together"),
    ],
)
def test_pairs_that_cannot_calibrate(true, tagged, message):
    with pytest.raises(StudyError, match=message):
        calibrate(np.array(true), np.array(tagged))


def test_assumed_reliability_divides(rows):
    fit = fit_gee(rows)
    slope, interaction = assumed_reliability(fit, 0.8)
    assert slope.estimate == pytest.approx(fit["review_percentage"].estimate / 0.8)
    assert interaction.se == pytest.approx(fit[INTERACTION].se / 0.8)
    assert slope.p == pytest.approx(fit["review_percentage"].p)


def test_a_file_of_hand_labels(tmp_path):
    tagged = pd.DataFrame({"session_id": [str(n) for n in range(12)], "review_percentage": np.arange(12.0)})
    path = tmp_path / "v.csv"
    lines = ["session_id,review_percentage", *(f"{n},{n}" for n in range(12)), "other,3"]
    path.write_text("\n".join(lines), encoding="utf-8")
    found, notices = read_validation(path, tagged)
    assert (found.n_sessions, found.slope) == (12, pytest.approx(1))
    assert [notice.code for notice in notices] == ["validation-unknown"]
    for line, message in (
        ("1,5", "line 15: a session that was there"),
        ("x,101", "line 15: .* 0 and 100"),
        ("x,", "line 15: .* number"),
        ("x" * 200_000 + ",5", "line 15: not CSV"),
    ):
        path.write_text("\n".join([*lines, line]), encoding="utf-8")
        with pytest.raises(StudyError, match=message):
            read_validation(path, tagged)


def test_lagged_models_tell_what_comes_first():
    """Scores that follow reviews, and reviews that follow nothing but chance."""
    draw = np.random.default_rng(3)
    clients, visits = 300, 6
    review = draw.uniform(0, 20, (clients, visits))
    score = np.zeros((clients, visits + 1))
    score[:, 0] = draw.normal(12, 3, clients)
    for visit in range(visits):
        score[:, visit + 1] = 3 + 0.7 * score[:, visit] - 0.1 * review[:, visit] + draw.normal(0, 2, clients)
    rows = pd.DataFrame(
        {
            "client_id": np.repeat(np.arange(clients), visits),
            "visit": np.tile(np.arange(1.0, visits + 1), clients),
            "utterances": draw.integers(100, 300, clients * visits),
            "review_percentage": review.ravel(),
            "previous": score[:, :-1].ravel(),
            "score": score[:, 1:].ravel(),
            "instrument": "PHQ-9",
        }
    ).sample(frac=1, random_state=0)
    found = {(row.model, row.term): row for row in fit_lagged(rows)}
    effect = found["lagged", "review_percentage"]
    assert effect.ci_low < -0.1 < effect.ci_high < 0
    assert found["lagged", "previous score"].estimate == pytest.approx(0.7, abs=0.05)
    back = found["lagged, reversed", "previous score"]
    assert back.ci_low < 0 < back.ci_high
    assert effect.n_sessions == clients * visits
    assert back.n_sessions == clients * (visits - 1)
    with pytest.raises(StudyError, match="no session has a score before"):
        fit_lagged(rows.assign(previous=np.nan))
