"""The whole way: two files in, a report and results out."""

import json
import subprocess
import sys

import pytest

pytest.importorskip("pandas")

import numpy as np
from typer.testing import CliRunner

from action_recs.cli import app
from action_recs.study.analysis import Choices, analyse
from action_recs.study.join import join
from action_recs.study.measurement import Calibration
from action_recs.study.scores import collect
from action_recs.study.simulate import Design, simulate_cohort

SMALL = Design(n_sessions=160, n_clients=40, n_therapists=16, n_organisations=6)
TERMS = ["review_percentage", "baseline", "review_percentage:baseline"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    cohort = simulate_cohort(SMALL, seed=4)
    with (folder / "tagged.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(session.to_json() + "\n" for session in cohort.tagged_sessions())
    cohort.outcomes[["client_id", "date", "instrument", "score"]].to_csv(folder / "outcomes.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def tables():
    cohort = simulate_cohort(SMALL, seed=4)
    scores = collect(list(enumerate(cohort.outcomes.to_dict("records"), 2)), list(cohort.outcomes.columns))
    return cohort.sessions, scores.table


def run(files, *options):
    return CliRunner().invoke(app, ["study", str(files / "tagged.jsonl"), str(files / "outcomes.csv"), *options])


def test_the_command_writes_what_it_promises(files, tmp_path):
    result = run(files, "-o", str(tmp_path / "new" / "report"))
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "new" / "report" / "results.json").read_text(encoding="utf-8"))
    whole = [row for row in written["gee"] if row["subgroup"] == "all"]
    assert [(row["instrument"], row["term"]) for row in whole] == [(i, t) for i in ("PHQ-9", "GAD-7") for t in TERMS]
    columns = ["instrument", "subgroup", "term", "estimate", "se", "ci_low", "ci_high", "p", "n_clients", "n_sessions"]
    assert all(list(row) == columns for row in written["gee"])
    figures = ["share_with_recommendation", "share_with_structured", "share_with_review", "mean_recommendations"]
    for name in (*figures, "median_review_percentage"):
        assert written["describe"][name]["ci_low"] <= written["describe"][name]["estimate"]
        assert written["describe"][name]["ci_high"] >= written["describe"][name]["estimate"]
    assert written["describe"]["share_with_review"]["unit"] == "share, 0 to 1"
    assert written["describe"]["median_review_percentage"]["unit"] == "per cent, 0 to 100"
    assert "associations" in written["statement"]
    assert (tmp_path / "new" / "report" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    dropped = (tmp_path / "new" / "report" / "dropped.csv").read_text(encoding="utf-8")
    assert dropped.splitlines()[0] == "line,session_id,instrument,reason"


def test_options_reach_the_analysis(files, tmp_path):
    (tmp_path / "rates.json").write_text('{"share_with_review": {"precision": 0.711, "recall": 0.7, "gold": 60}}')
    options = [
        "--cluster",
        "therapist",
        "--working",
        "independence",
        "--after",
        "3",
        "--rates",
        str(tmp_path / "rates.json"),
    ]
    result = run(files, "-o", str(tmp_path / "out"), *options)
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert {(fit["cluster"], fit["working"]) for fit in written["gee_fits"]} == {("therapist_id", "independence")}
    (corrected,) = written["describe"]["corrected"]
    assert corrected["estimate"] == pytest.approx(corrected["raw"] * 0.711 / 0.7)
    assert any("3 days" in step["reason"] for step in written["flow"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "tagged.jsonl").unlink(), "cannot be read"),
        (lambda folder: (folder / "outcomes.csv").write_text("client_id,date\n"), "no column with scores"),
        (
            lambda folder: (folder / "outcomes.csv").write_text("client_id,date,PHQ-9\nz,2024-01-01,3\n"),
            "check that client_id is the same",
        ),
    ],
)
def test_bad_input_is_one_line(files, tmp_path, change, message):
    for name in ("tagged.jsonl", "outcomes.csv"):
        (tmp_path / name).write_bytes((files / name).read_bytes())
    change(tmp_path)
    result = run(tmp_path, "-o", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_what_the_data_do_not_carry_is_said_and_the_rest_is_done(tables):
    sessions, scores = tables
    flat = sessions.assign(review_percentage=0.0)
    study = analyse(flat, join(flat, scores))
    assert study.gee == ()
    reasons = [notice.message for notice in study.notices if notice.code == "not-fitted"]
    assert reasons
    assert all("no variation in review percentage" in reason or "no sessions" in reason for reason in reasons)
    assert study.describe["share_with_recommendation"].estimate > 0.5
    json.dumps(study.to_dict(), allow_nan=False)


def test_a_single_cluster_is_said(tables):
    sessions, scores = tables
    study = analyse(
        sessions.assign(therapist_id="t"),
        join(sessions.assign(therapist_id="t"), scores),
        choices=Choices("therapist_id"),
    )
    assert study.gee == ()
    assert any("all clients: the GEE was not fitted: a single cluster" in notice.message for notice in study.notices)
    assert any(notice.code == "few-clusters" for notice in study.notices)


def test_transcripts_of_one_length_leave_the_other_models(tables):
    sessions, scores = tables
    sessions = sessions.assign(utterances=40)
    study = analyse(sessions, join(sessions, scores))
    assert {"adjusted gee", "mixed", "mixed, within and between clients", "lagged"} <= {
        row.model for row in study.models
    }
    assert len(study.curves) == 2
    assert {row.term for row in study.models if row.model == "adjusted gee"} == {*TERMS, "visit"}
    assert [notice.message for notice in study.notices if notice.code == "not-adjusted"] == [
        f"{name}: session length is the same in every session that is analysed; no model is adjusted for it."
        for name in ("PHQ-9", "GAD-7")
    ]


def test_every_part_of_a_study_is_there(tables):
    sessions, scores = tables
    calibration = Calibration(0.5, 0.9, 0.05, 0.2, 1.0, 1.5, 60)
    study = analyse(sessions, join(sessions, scores), calibration=calibration)
    models = {row.model for row in study.models}
    assert {
        "adjusted gee",
        "gee, autoregressive",
        "gee, clusters by therapist",
        "gee, independence",
        "gee, without small-sample correction",
        "lagged",
        "lagged, reversed",
        "mixed",
        "mixed, within and between clients",
        "regression calibration",
        "simex",
    } <= models
    assert {curve.instrument for curve in study.curves} == {"PHQ-9", "GAD-7"}
    assert len(study.e_values) == 2
    tests = [one.label for one in study.comparisons]
    assert tests[:3] == [
        "PHQ-9, all clients: review percentage at a baseline of 0",
        "PHQ-9, all clients: review percentage × baseline",
        "PHQ-9, mild at baseline: review percentage at the mean baseline",
    ]
    assert len(tests) == len(set(tests))
    assert all(one.holm >= one.benjamini_hochberg >= one.p for one in study.comparisons)
    assert all(np.isfinite([row.estimate, row.se, row.p]).all() for row in study.models)


def test_importing_the_package_and_the_command_line_needs_no_pandas():
    code = "import sys, action_recs.cli; sys.exit(any(name in sys.modules for name in ('pandas', 'statsmodels')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
