"""Figures of sessions, by group, over time, and corrected for the tagger's errors."""

import json

import pytest

pytest.importorskip("pandas")

import numpy as np
import pandas as pd

from action_recs.errors import StudyError
from action_recs.study.columns import SESSION_COLUMNS
from action_recs.study.correction import Rates, corrected, read_rates
from action_recs.study.describe import describe, lag_to_review
from action_recs.study.results import Prevalence


def table(**columns):
    """Sessions with these columns, one a day, everything else missing or 0."""
    size = len(next(iter(columns.values())))
    text = ["session_id", "client_id", "therapist_id", "organisation_id", "modality"]
    rows = pd.DataFrame({name: [None] * size if name in text else [np.nan] * size for name in SESSION_COLUMNS})
    counts = {"recommendations": 0, "structured": 0, "reviews": 0, "review_percentage": 0.0}
    rows = rows.assign(**counts, date=pd.date_range("2024-01-01", periods=size)).assign(**columns)
    return rows.assign(visit=rows.groupby("client_id", dropna=False).cumcount() + 1.0)


FOUR = {
    "client_id": ["a", "a", "b", "c"],
    "therapist_id": ["t", "t", "t", "u"],
    "recommendations": [0, 2, 3, 9],
    "structured": [0, 1, 0, 2],
    "reviews": [0, 0, 1, 1],
    "review_percentage": [0.0, 0.0, 10.0, 30.0],
}


def test_the_figures_of_four_sessions():
    found = describe(table(**FOUR))
    expected = {
        "share_with_recommendation": 0.75,
        "share_with_structured": 0.5,
        "share_with_review": 0.5,
        "mean_recommendations": 3.5,
        "median_recommendations": 2.5,
        "mean_review_percentage": 10,
        "median_review_percentage": 5,
        "median_review_percentage_of_reviewing": 20,
    }
    assert {figure.label: figure.estimate for figure in found.overall} == expected
    assert found.cluster == "therapist_id"
    assert found["share_with_review"].n_clusters == 2
    counts = {one.label: dict(zip(one.values, one.n_sessions, strict=True)) for one in found.distributions}
    assert counts["recommendations"] == {0: 1, 1: 0, 2: 1, 3: 1, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0, 9: 1}
    assert counts["review_percentage"][0] == 2
    assert counts["review_percentage"][30] == 1


def test_the_file_has_the_figures_by_name():
    written = describe(table(**FOUR)).to_dict()
    assert written["share_with_recommendation"]["estimate"] == 0.75
    assert {"ci_low", "ci_high", "n_sessions"} <= written["median_review_percentage"].keys()
    assert json.loads(json.dumps(written, allow_nan=False)) == written


def test_groups_are_described_and_clustered_by_who_is_in_them():
    groups = [one for one in describe(table(**FOUR)).groups if one.label == "mean_recommendations"]
    found = {(one.by, one.group): (one.estimate, one.n_sessions, one.n_clusters) for one in groups}
    assert found == {
        ("therapist_id", "t"): (5 / 3, 3, 2),
        ("therapist_id", "u"): (9, 1, 1),
        ("client_id", "a"): (1, 2, 2),
        ("client_id", "b"): (3, 1, 1),
        ("client_id", "c"): (9, 1, 1),
        ("visit", "01"): (4, 3, 2),
        ("visit", "02"): (2, 1, 1),
    }


def test_sessions_of_nobody_are_their_own_clusters():
    found = describe(table(recommendations=[1, 0, 2]))
    assert found.cluster == "session"
    assert found["share_with_recommendation"].n_clusters == 3


@pytest.mark.parametrize(
    ("reviews", "times", "curve", "median", "counts"),
    [
        ([0, 1, 0, 0], (1,), (1 / 3,), np.nan, (3, 1)),  # the first waits 1 visit; the others are censored at 2 and 1
        ([0, 0, 0, 1], (1, 2, 3), (1 / 3, 2 / 3, 1), 2, (3, 3)),
        ([1, 0, 0, 0], (), (), np.nan, (3, 0)),
    ],
)
def test_lag_to_review(reviews, times, curve, median, counts):
    """Kaplan-Meier of four sessions of a client, all with recommendations; the last has nothing to wait for."""
    found = lag_to_review(table(client_id=["a"] * 4, recommendations=[1] * 4, reviews=reviews), "visits")
    assert found.times == times
    assert found.reviewed == pytest.approx(curve)
    assert found.median == pytest.approx(median, nan_ok=True)
    assert (found.n_sessions, found.n_reviewed) == counts


def figure(estimate, low, high, label="share_with_review"):
    return Prevalence(label, estimate, low, high, 1000, 100)


def test_rogan_and_gladens_estimate():
    """(0.5 + 0.9 - 1) / (0.8 + 0.9 - 1) = 0.5714."""
    found = corrected(figure(0.5, 0.45, 0.55), Rates(80, 10, 20, 90))
    assert found.method == "rogan-gladen"
    assert found.estimate == pytest.approx(0.4 / 0.7)
    assert found.raw == 0.5


def test_its_interval_is_as_wide_as_the_delta_method_says():
    """var = (v(p) + (1 - q)^2 v(Sp) + q^2 v(Se)) / (Se + Sp - 1)^2 for the corrected share q."""
    found = corrected(figure(0.5, 0.48, 0.52), Rates(800, 100, 200, 900))
    q = 0.4 / 0.7
    variance = (0.04 / 3.919928) ** 2 + (1 - q) ** 2 * 0.9 * 0.1 / 1000 + q**2 * 0.8 * 0.2 / 1000
    assert found.ci_high - found.ci_low == pytest.approx(3.919928 * np.sqrt(variance) / 0.7, rel=0.03)


def test_precision_and_recall_alone_scale_the_figure():
    found = corrected(figure(4.0, 3.8, 4.2, "mean_recommendations"), Rates.of(0.76, 0.95, 500))
    assert found.method == "precision-recall"
    assert found.estimate == pytest.approx(4 * 0.76 / 0.95)
    assert found.ci_low < found.estimate < found.ci_high


def test_a_share_stays_a_share():
    found = corrected(figure(0.97, 0.95, 0.99), Rates(80, 10, 20, 90))
    assert found.estimate == found.ci_high == 1


def test_rates_no_better_than_chance():
    with pytest.raises(StudyError, match="chance"):
        corrected(figure(0.5, 0.4, 0.6), Rates(30, 70, 70, 30))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "write"),
        ("no json", "write"),
        ('{"share_with_review": {"precision": 0.7}}', "write"),
        ('{"share_with_review": {"precision": 0, "recall": 1, "gold": 5}}', "precision and recall"),
        ('{"share_with_review": {"precision": 0.1, "recall": 1, "gold": 5, "sessions": 10}}', "do not fit"),
        ('{"share_with_review": {"precision": 1, "recall": 1, "gold": 1' + "0" * 400 + "}}", "gold is a count"),
        ("[" * 100_000, "write"),
        ('{"mood": {"precision": 1, "recall": 1, "gold": 5}}', "mood cannot be corrected"),
    ],
)
def test_a_file_of_rates_that_is_wrong(tmp_path, content, message):
    path = tmp_path / "rates.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(StudyError, match=message):
        read_rates(path)
