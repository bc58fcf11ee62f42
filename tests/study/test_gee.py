"""The published model: against its formulas written out, against each other, and on data that do not carry it."""

import pytest

pytest.importorskip("pandas")

import numpy as np
from scipy import stats

from action_recs.errors import StudyError
from action_recs.study.gee import TERMS, cautions, fit_gee, predict, published_design, slope_at
from action_recs.study.linear import linear_gee
from action_recs.study.simulate import Design, simulate_cohort


@pytest.fixture(scope="module")
def rows():
    design = Design(n_sessions=300, n_clients=60, n_therapists=30, n_organisations=5)
    return simulate_cohort(design, seed=3).paired("PHQ-9").sample(frac=1, random_state=1)


def written_out(rows, cluster, exchangeable, corrected):
    """Liang & Zeger's equations with the covariance of every cluster as a matrix, and Mancl & DeRouen's correction."""
    percentage, baseline = rows["review_percentage"].to_numpy(), rows["baseline"].to_numpy()
    x = np.column_stack([np.ones(len(rows)), percentage, baseline, percentage * baseline])
    y = rows["change"].to_numpy()
    members = [np.flatnonzero(rows[cluster].to_numpy() == name) for name in rows[cluster].unique()]
    n, terms = x.shape
    b, r = np.linalg.lstsq(x, y)[0], 0.0
    for _ in range(50 if exchangeable else 1):
        e = y - x @ b
        phi = e @ e / (n - terms)
        pairs = sum(len(i) * (len(i) - 1) / 2 for i in members)
        product = sum(e[i[j]] * e[i[k]] for i in members for j in range(len(i)) for k in range(j))
        r = product / phi / (pairs - terms) if exchangeable else 0.0
        inverse = [np.linalg.inv((1 - r) * np.eye(len(i)) + r) for i in members]
        bread = np.linalg.inv(sum(x[i].T @ v @ x[i] for i, v in zip(members, inverse, strict=True)))
        b = bread @ sum(x[i].T @ v @ y[i] for i, v in zip(members, inverse, strict=True))
    meat = np.zeros((terms, terms))
    for i, v in zip(members, inverse, strict=True):
        e = y[i] - x[i] @ b
        if corrected:
            leverage = x[i] @ bread @ x[i].T @ v
            e = np.linalg.solve(np.eye(len(i)) - leverage, e)
        u = x[i].T @ v @ e
        meat += np.outer(u, u)
    df = len(members) - terms if corrected else 1e9
    return b, np.sqrt(np.diag(bread @ meat @ bread)), r, df


@pytest.mark.parametrize("cluster", ["client_id", "therapist_id"])
@pytest.mark.parametrize("exchangeable", [True, False])
@pytest.mark.parametrize("corrected", [True, False])
def test_every_figure_follows_from_the_formulas(rows, cluster, exchangeable, corrected):
    b, se, r, df = written_out(rows, cluster, exchangeable, corrected)
    working = "exchangeable" if exchangeable else "independence"
    correction = "mancl-derouen" if corrected else "none"
    fit = fit_gee(rows, cluster=cluster, working=working, correction=correction)
    assert fit.estimates == pytest.approx(b, rel=1e-6)
    if exchangeable:
        assert fit.correlation == pytest.approx(r, rel=1e-6)
    assert fit.n_clusters == rows[cluster].nunique()
    for term, estimate, error in zip(TERMS, b[1:], se[1:], strict=True):
        row = fit[term]
        reach = stats.t.ppf(0.975, df) * error
        expected = (estimate, error, estimate - reach, estimate + reach, 2 * stats.t.sf(abs(estimate / error), df))
        assert (row.estimate, row.se, row.ci_low, row.ci_high, row.p) == pytest.approx(expected, rel=1e-5)
        assert (row.instrument, row.subgroup, row.n_clients, row.n_sessions) == ("PHQ-9", "all", 60, 300)


@pytest.mark.parametrize("working", ["exchangeable", "independence", "autoregressive"])
@pytest.mark.parametrize("correction", ["mancl-derouen", "none"])
def test_refits_in_closed_form_are_those_of_statsmodels(rows, working, correction):
    """The autoregressive correlation is another estimate of the same: close, not equal."""
    one = fit_gee(rows, working=working, correction=correction)
    other = linear_gee(
        rows["change"].to_numpy(),
        published_design(rows),
        rows["client_id"].to_numpy(),
        working=working,
        correction=correction,
        time=rows["visit"].to_numpy(),
    )
    errors = np.sqrt(np.diag(other.covariance))
    near = 0.2 if working == "autoregressive" else 1e-6
    assert np.abs((one.estimates - other.estimates) / errors).max() < near
    assert np.sqrt(np.diag(one.covariance)) == pytest.approx(errors, rel=near)
    assert one.critical == other.critical


def test_the_slope_at_a_baseline_is_that_of_the_model_centred_there(rows):
    fit = fit_gee(rows)
    centred = rows.assign(baseline=rows["baseline"] - 8)
    expected = fit_gee(centred)["review_percentage"]
    found = slope_at(fit, 8)
    assert (found.estimate, found.se, found.p) == pytest.approx((expected.estimate, expected.se, expected.p), rel=1e-5)


def test_predictions_are_the_line_of_the_model(rows):
    fit = fit_gee(rows)
    start, step = predict(fit, [8], [0, 10])
    assert step.change - start.change == pytest.approx(10 * slope_at(fit, 8).estimate)
    assert start.ci_low < start.change < start.ci_high


def test_subgroups_are_baseline_bands(rows):
    mild = rows[rows["baseline"].between(5, 9)]
    assert fit_gee(rows, "mild").estimates == fit_gee(mild).estimates
    assert fit_gee(rows, "moderate to severe")["baseline"].n_sessions == (rows["baseline"] >= 10).sum()


def test_units_and_order_do_not_matter(rows):
    fit = fit_gee(rows)
    other = fit_gee(rows.iloc[::-1].assign(review_percentage=rows["review_percentage"] * 1000))
    assert other["review_percentage"].estimate * 1000 == pytest.approx(fit["review_percentage"].estimate, rel=1e-6)
    assert other["review_percentage"].p == pytest.approx(fit["review_percentage"].p, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.assign(client_id="a"), "single cluster"),
        (lambda rows: rows.assign(client_id=np.arange(len(rows)) % 4), "4 clusters for 4 coefficients"),
        (lambda rows: rows.assign(review_percentage=3.0), "no variation in review percentage"),
        (lambda rows: rows.assign(baseline=3.0), "no variation in the baseline"),
        (lambda rows: rows.assign(review_percentage=rows["baseline"] % 2, baseline=rows["baseline"] % 2), "each other"),
        (lambda rows: rows.assign(change=rows["baseline"]), "exactly"),
        (lambda rows: rows.iloc[:0], "one instrument"),
    ],
)
def test_data_that_do_not_carry_the_model(rows, change, message):
    with pytest.raises(StudyError, match=message):
        fit_gee(change(rows))


def test_clusters_that_are_not_known(rows):
    with pytest.raises(StudyError, match="no sessions"):
        fit_gee(rows.assign(therapist_id=None), cluster="therapist_id")


def test_what_a_reader_has_to_know(rows):
    def codes(some):
        return [notice.code for notice in cautions(some)]

    assert codes(rows) == []
    few = rows[rows["client_id"].isin(rows["client_id"].unique()[:20])]
    assert codes(few) == ["few-clusters"]
    always = rows["client_id"].isin(rows["client_id"].unique()[:30])
    assert codes(rows.assign(review_percentage=np.where(always, 5.0, 0.0))) == ["complete-separation"]
    only = rows["client_id"] == rows["client_id"].iloc[0]
    assert codes(rows.assign(review_percentage=np.where(only, 5.0, 0.0))) == ["separation", "complete-separation"]


def test_clusters_of_one_leave_independence(rows):
    fit = fit_gee(rows.drop_duplicates("client_id"))
    assert fit.working == "independence"
    assert np.isnan(fit.correlation)
