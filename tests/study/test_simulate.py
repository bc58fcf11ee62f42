"""Simulated cohorts: what is stated is what is drawn."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("pandas")

from action_recs import Form, Role
from action_recs.errors import StudyError
from action_recs.study.columns import SESSION_COLUMNS
from action_recs.study.join import Window, join
from action_recs.study.simulate import ANXIETY, DEPRESSION, Cohort, Design, simulate_cohort

LARGE = Design(n_sessions=40_000, n_clients=8_000, n_therapists=4_000, n_organisations=1_000)


@pytest.fixture(scope="module")
def large() -> Cohort:
    return simulate_cohort(LARGE, seed=1)


def test_the_default_is_the_published_study():
    sessions = simulate_cohort().sessions
    assert len(sessions) == 2444
    assert sessions["organisation_id"].nunique() == 14
    assert tuple(sessions.columns) == (*SESSION_COLUMNS, "true_review_percentage")


def test_the_same_seed_draws_the_same_cohort():
    one, same, other = (simulate_cohort(seed=seed) for seed in (5, 5, 6))
    assert one.sessions.equals(same.sessions)
    assert one.outcomes.equals(same.outcomes)
    assert not one.outcomes.equals(other.outcomes)


@pytest.mark.parametrize(
    ("figure", "stated", "tolerance"),
    [
        (lambda table: (table["recommendations"] > 0).mean(), 0.95, 0.005),
        (lambda table: (table["structured"] > 0).mean(), 0.61, 0.01),
        (lambda table: (table["reviews"] > 0).mean(), 0.50, 0.01),
        (lambda table: table["recommendations"].mean(), 4.5, 0.1),
        (lambda table: table.loc[table["reviews"] > 0, "review_percentage"].mean(), 8.0, 0.15),
        (lambda table: table.loc[table["reviews"] > 0, "review_percentage"].std(), 6.0, 0.15),
    ],
)
def test_the_stated_figures_are_drawn(large, figure, stated, tolerance):
    assert figure(large.sessions) == pytest.approx(stated, abs=tolerance)


def test_sessions_of_one_therapist_are_alike(large):
    """With 20 % of the latent variance between therapists (and 5 % between organisations), so are the numbers."""
    sessions = large.sessions
    means = sessions.groupby("therapist_id")["recommendations"].agg(["mean", "size"])
    chance = sessions["recommendations"].var() / means["size"]
    assert means["mean"].var() > 1.5 * chance.mean()
    flat = dataclasses.replace(LARGE, organisation_share=0.0, therapist_share=0.0, client_share=0.0)
    sessions = simulate_cohort(flat, seed=1).sessions
    means = sessions.groupby("therapist_id")["recommendations"].agg(["mean", "size"])
    assert means["mean"].var() == pytest.approx((sessions["recommendations"].var() / means["size"]).mean(), rel=0.1)


def test_everyone_has_someone(large):
    sessions = large.sessions
    assert sessions.groupby("client_id")["therapist_id"].nunique().eq(1).all()
    assert sessions.groupby("therapist_id")["organisation_id"].nunique().eq(1).all()
    assert sessions.groupby("client_id").size().min() >= LARGE.minimum_sessions
    assert sessions["client_id"].nunique() == LARGE.n_clients


def test_dates_run_forward_and_scores_follow_their_session(large):
    sessions, scores = large.sessions, large.outcomes
    days = sessions.groupby("client_id")["date"].diff().dropna().dt.days
    assert set(days) == {7, 14, 21}
    first = scores.groupby(["client_id", "instrument"])["date"].min()
    start = sessions.groupby("client_id")["date"].min()
    assert (first.droplevel("instrument") == start.reindex(first.index.get_level_values("client_id")).to_numpy()).all()
    assert not scores.duplicated(["client_id", "instrument", "date"]).any()
    assert len(scores) == 2 * (LARGE.n_sessions + LARGE.n_clients)


def test_scores_are_whole_and_within_the_instrument(large):
    for instrument, maximum in (("PHQ-9", 27), ("GAD-7", 21)):
        score = large.outcomes.loc[large.outcomes["instrument"] == instrument, "score"]
        assert score.between(0, maximum).all()
        assert (score == score.round()).all()


def test_without_noise_the_score_is_the_stated_line():
    """Change = 1 - 0.2 r - 0.5 b + 0.01 r b, by hand."""
    line = dataclasses.replace(
        DEPRESSION,
        intercept=1.0,
        review_percentage=-0.2,
        baseline=-0.5,
        interaction=0.01,
        client_sd=0.0,
        therapist_sd=0.0,
        organisation_sd=0.0,
        residual_sd=0.0,
        whole=False,
    )
    design = Design(n_sessions=60, n_clients=20, n_therapists=5, n_organisations=2, outcomes=(line,))
    cohort = simulate_cohort(design, seed=2)
    for client, scores in cohort.outcomes.groupby("client_id"):
        baseline, *after = scores["score"]
        reviewed = cohort.sessions.loc[cohort.sessions["client_id"] == client, "review_percentage"]
        expected = [1 - 0.2 * r - 0.5 * baseline + 0.01 * r * baseline for r in reviewed]
        assert np.subtract(after, baseline) == pytest.approx(expected)


def test_paired_rows_are_those_of_the_join():
    design = Design(n_sessions=60, n_clients=20, n_therapists=5, n_organisations=2)
    cohort = simulate_cohort(design, seed=9)
    for instrument in ("PHQ-9", "GAD-7"):
        joined = join(cohort.sessions, cohort.outcomes, Window(after=6)).of(instrument).sort_values("line")
        paired = cohort.paired(instrument)
        for column in ("session_id", "baseline", "baseline_band", "score", "change"):
            assert list(paired[column]) == list(joined[column])


def test_a_tagger_with_errors_reports_another_percentage():
    design = dataclasses.replace(LARGE, precision=0.711, recall=0.6)
    sessions = simulate_cohort(design, seed=3).sessions
    true = (sessions["true_review_percentage"] * sessions["utterances"] / 100).sum()
    assert sessions["review_utterances"].sum() == pytest.approx(true * 0.6 / 0.711, rel=0.01)
    assert (sessions["review_percentage"] != sessions["true_review_percentage"]).mean() > 0.5


def test_missing_scores_are_missing():
    scores = simulate_cohort(dataclasses.replace(LARGE, missing_scores=0.2), seed=4).outcomes
    expected = 2 * (LARGE.n_clients + 0.8 * LARGE.n_sessions)
    assert len(scores) == pytest.approx(expected, rel=0.01)


def test_tagged_sessions_say_the_same_as_the_table():
    cohort = simulate_cohort(Design(n_sessions=40, n_clients=10, n_therapists=4, n_organisations=2), seed=7)
    table = cohort.sessions.to_dict("records")
    for session, row in zip(cohort.tagged_sessions(), table, strict=True):
        assert len(session) == row["utterances"]
        assert len(session.recommendations) == row["recommendations"]
        assert sum(span.form is Form.STRUCTURED for span in session.recommendations) == row["structured"]
        assert session.review_percentage == pytest.approx(row["review_percentage"])
        assert (session.client_id, session.date) == (row["client_id"], f"{row['date']:%Y-%m-%d}")
        assert all(session.utterances[span.utterance].role is Role.THERAPIST for span in session.recommendations)
        assert all(
            session.utterances[span.utterance].text[span.start : span.end] == span.text
            for span in session.recommendations
        )
        assert len({(span.utterance, span.start) for span in session.recommendations}) == row["recommendations"]
        words = sum(len(utterance.text.split()) for utterance in session.utterances)
        assert words == row["words"]
        assert session.utterances[-1].end == pytest.approx(60 * row["minutes"], abs=0.01)
        assert {word for utterance in session.utterances for word in utterance.text.split()} == {"simulated"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"n_therapists": 5}, "n_organisations <= n_therapists"),
        ({"n_sessions": 700}, "without sessions"),
        ({"share_with_review": 1.5}, "between 0 and 1"),
        ({"mean_recommendations": 2.0}, "raise the mean"),
        ({"share_with_structured": 0.96}, "cannot exceed"),
        ({"review_sd": 60.0}, "review_sd"),
        ({"therapist_share": 0.95}, "sum to less than 1"),
        ({"recall": 0.0}, "precision and recall"),
        ({"missing_scores": 1.0}, "missing_scores"),
        ({"utterances": 5}, "utterances"),
        ({"outcomes": (dataclasses.replace(ANXIETY, instrument="BDI"),)}, "PHQ-9, GAD-7"),
        ({"outcomes": (ANXIETY, ANXIETY)}, "comes twice"),
    ],
)
def test_a_design_that_contradicts_itself(changes, problem):
    with pytest.raises(StudyError, match=problem):
        Design(**changes)


def test_an_engaged_client_can_make_an_association_without_an_effect():
    """The confounder moves both sides: the slope of change on review is not 0 though the stated one is."""
    confounded = dataclasses.replace(ANXIETY, engagement=-2.0, whole=False)
    design = dataclasses.replace(LARGE, client_share=0.4, outcomes=(confounded,))
    cohort = simulate_cohort(design, seed=8)
    first = cohort.outcomes.groupby("client_id")["score"].first()
    last = cohort.outcomes.groupby("client_id")["score"].last()
    mean = cohort.sessions.groupby("client_id")["review_percentage"].mean()
    assert np.polyfit(mean, (last - first).reindex(mean.index), 1)[0] < -0.1
