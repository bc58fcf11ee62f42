"""From a simulated cohort's files to the folder of the report, on the command line."""

import csv
import json

import pytest

pytest.importorskip("statsmodels")
pytest.importorskip("great_tables")

from typer.testing import CliRunner

from action_recs.cli import app
from action_recs.export import write_sessions
from action_recs.study.gee import fit_gee
from action_recs.study.sessions import read_sessions
from action_recs.study.simulate import Design, simulate_cohort

COUNTED = ("session_id", "client_id", "visit", "utterances", "words", "recommendations", "structured", "reviews")
MEASURED = ("review_percentage", "review_percentage_words", "review_percentage_minutes", "minutes")
PLACED = ("recommendation_position", "review_position")


@pytest.fixture(scope="module")
def cohort():
    design = Design(n_sessions=160, n_clients=40, n_therapists=16, n_organisations=4, utterances=60)
    return simulate_cohort(design, seed=11)


@pytest.fixture(scope="module")
def folder(cohort, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    write_sessions(list(cohort.tagged_sessions()), folder / "tagged.jsonl")
    scores = cohort.outcomes[["client_id", "date", "instrument", "score"]]
    scores.astype({"score": int}).to_csv(folder / "outcomes.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def results(folder):
    arguments = ["study", str(folder / "tagged.jsonl"), str(folder / "outcomes.csv"), "-o", str(folder / "report")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    return json.loads((folder / "report" / "results.json").read_text(encoding="utf-8"))


def test_the_file_reads_back_as_the_drawn_table(cohort, folder):
    read = read_sessions(folder / "tagged.jsonl", processes=1).table
    for column in COUNTED:
        assert list(read[column]) == list(cohort.sessions[column]), column
    for column in (*MEASURED, *PLACED):
        assert list(read[column]) == pytest.approx(list(cohort.sessions[column]), abs=0.01, nan_ok=True), column
    assert list(read["date"]) == list(cohort.sessions["date"])


@pytest.mark.parametrize("instrument", ["PHQ-9", "GAD-7"])
def test_the_model_of_the_files_is_that_of_the_drawn_pairs(cohort, results, instrument):
    fit = fit_gee(cohort.paired(instrument))
    rows = {row["term"]: row for row in results["gee"] if (row["instrument"], row["subgroup"]) == (instrument, "all")}
    assert list(rows) == ["review_percentage", "baseline", "review_percentage:baseline"]
    for term, row in rows.items():
        expected = fit[term]
        assert (row["n_clients"], row["n_sessions"]) == (40, 160)
        for name in ("estimate", "se", "ci_low", "ci_high", "p"):
            assert row[name] == pytest.approx(getattr(expected, name), rel=1e-6), (term, name)


def test_the_figures_of_the_results(cohort, results):
    sessions, described = cohort.sessions, results["describe"]
    for label, expected in (
        ("share_with_recommendation", (sessions["recommendations"] > 0).mean()),
        ("share_with_structured", (sessions["structured"] > 0).mean()),
        ("share_with_review", (sessions["reviews"] > 0).mean()),
        ("mean_recommendations", sessions["recommendations"].mean()),
        ("median_review_percentage", sessions["review_percentage"].median()),
    ):
        assert described[label]["estimate"] == pytest.approx(expected, abs=1e-9)
        assert described[label]["ci_low"] <= expected <= described[label]["ci_high"]


def test_the_report_is_there(results, folder):
    page = (folder / "report" / "report.html").read_text(encoding="utf-8")
    assert "Simulated data" in page
    rows = list(csv.DictReader((folder / "report" / "tables" / "gee.csv").open(encoding="utf-8")))
    assert [float(row["p"]) for row in rows] == pytest.approx([row["p"] for row in results["gee"]])
