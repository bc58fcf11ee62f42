"""Clustered intervals of means, shares and medians."""

import numpy as np
import pytest

pytest.importorskip("pandas")

from scipy import stats

from action_recs.study.intervals import mean_intervals, median_interval

ONE_GROUP = np.zeros(6, dtype=int)


def test_a_mean_of_sessions_that_are_their_own_clusters_is_students():
    values = np.array([1.0, 4, 2, 8, 5, 7])
    low, high = stats.t.interval(0.95, 5, values.mean(), stats.sem(values))
    found = mean_intervals(values, ONE_GROUP, np.arange(6)).iloc[0]
    assert found[["estimate", "ci_low", "ci_high"]].tolist() == pytest.approx([4.5, low, high])


def test_a_mean_of_equal_clusters_is_the_mean_of_their_means():
    values, clusters = np.array([1.0, 3, 2, 8, 5, 9]), np.array([0, 0, 1, 1, 2, 2])
    means = np.array([2.0, 5, 7])
    low, high = stats.t.interval(0.95, 2, means.mean(), stats.sem(means))
    found = mean_intervals(values, ONE_GROUP, clusters).iloc[0]
    assert found.tolist() == pytest.approx([means.mean(), low, high, 6, 3])


def test_a_share_of_none_and_of_all_has_clopper_and_pearsons_limits():
    """Without any in n, the upper limit p makes none as likely as 2.5 %: (1 - p)^n = 0.025."""
    found = mean_intervals(np.repeat([0.0, 1.0], 10), np.repeat([0, 1], 10), np.arange(20), share=True)
    limit = 1 - 0.025 ** (1 / 10)
    assert found[["ci_low", "ci_high"]].to_numpy().ravel() == pytest.approx([0, limit, 1 - limit, 1])


def test_a_share_counts_alike_clusters_less():
    marks = np.repeat([0.0, 1, 1, 0], 25)
    alone = mean_intervals(marks, np.zeros(100, int), np.arange(100), share=True).iloc[0]
    alike = mean_intervals(marks, np.zeros(100, int), np.repeat(range(4), 25), share=True).iloc[0]
    assert alone["estimate"] == alike["estimate"] == 0.5
    exact = stats.binomtest(50, 100).proportion_ci()
    assert [alone["ci_low"], alone["ci_high"]] == pytest.approx([exact.low, exact.high], abs=0.002)
    assert alike["ci_low"] < 0.15
    assert alike["ci_high"] > 0.85


def test_a_single_cluster_has_no_interval():
    found = mean_intervals(np.ones(3), np.zeros(3, int), np.zeros(3, int)).iloc[0]
    assert found[["ci_low", "ci_high"]].isna().all()
    assert np.isnan(median_interval(np.array([1.0, 2]), np.zeros(2))[1:]).all()


def test_a_medians_limits_are_quantiles_at_its_shares_limits():
    values = np.arange(1.0, 202)
    reach = stats.t.ppf(0.975, 200) * np.sqrt((101 / 201) * (100 / 201) / 200)
    expected = [101, *np.quantile(values, [0.5 - reach, 0.5 + reach])]
    assert median_interval(values, np.arange(201)) == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["share", "mean", "median"])
def test_intervals_hold_the_truth_in_95_of_100_draws(kind):
    draw = np.random.default_rng(0)
    clusters = np.repeat(np.arange(40), 8)
    truth, hits = {"share": 0.5, "mean": 0.0, "median": 0.0}[kind], 0
    for _ in range(400):
        values = np.repeat(draw.standard_normal(40), 8) + draw.standard_normal(320)
        if kind == "median":
            _, low, high = median_interval(values, clusters)
        else:
            marks = (values > 0).astype(float) if kind == "share" else values
            _, low, high = mean_intervals(marks, np.zeros(320, int), clusters, share=kind == "share").iloc[0, :3]
        hits += low <= truth <= high
    assert 0.92 <= hits / 400 <= 0.985
