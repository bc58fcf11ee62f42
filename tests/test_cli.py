"""The command line."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import action_recs
from action_recs.cli import app

TRANSCRIPTS = Path(__file__).parent / "fixtures" / "transcripts"
PLAIN, NAMES = TRANSCRIPTS / "plain.txt", TRANSCRIPTS / "names.txt"
ROLES = '{"Dr. Lee": "therapist", "Ann": "client"}'


def invoke(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_a_table_is_printed(models):
    result = invoke("tag", PLAIN, "--models", models)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "plain" in result.stdout
    assert "3 utterances" in result.stdout


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv"])
def test_the_session_is_written(models, tagger, tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    result = invoke("tag", PLAIN, "--models", models, "-o", path)
    assert result.exit_code == 0, result.stderr
    expected = action_recs.tag(PLAIN, tagger=tagger)
    if suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            assert [row["text"] for row in csv.DictReader(file)] == [each.text for each in expected.utterances]
    else:
        assert json.loads(path.read_text(encoding="utf-8")) == expected.to_dict()


def test_a_terminal_that_cannot_show_it_all_costs_nothing(models, tmp_path):
    path = tmp_path / "odd.txt"
    path.write_text("T: caf\u00e9 \U0001f642 :smile:\nC: \u597d", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "action_recs", "tag", path, "--models", models, "-o", tmp_path / "out.json"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["utterances"]) == 2


def test_one_checkpoint_reads_beside_the_shipped_one_of_the_other_task(models, tmp_path):
    result = invoke("tag", PLAIN, "--models", models / "review", "-o", tmp_path / "one.jsonl")
    assert result.exit_code == 0, result.output
    expected = action_recs.tag(PLAIN, tagger=action_recs.Tagger.from_pretrained(review=models / "review"))
    assert json.loads((tmp_path / "one.jsonl").read_text()) == expected.to_dict()


def test_pages_are_written(models, tagger, tmp_path):
    result = invoke("tag", PLAIN, "--models", models, "-o", tmp_path / "one.html")
    assert (result.exit_code, result.stderr) == (0, "")
    expected = action_recs.tag(PLAIN, tagger=tagger)
    assert (tmp_path / "one.html").read_text(encoding="utf-8") == expected.to_html()
    result = invoke("tag", PLAIN, NAMES, "--roles", ROLES, "--models", models, "-o", tmp_path / "two.html")
    assert result.exit_code == 0, result.stderr
    both = [expected, action_recs.tag(NAMES, roles=json.loads(ROLES), tagger=tagger)]
    assert (tmp_path / "two.html").read_text(encoding="utf-8") == action_recs.sessions_html(both)


def test_several_files_become_one_file(models, tmp_path):
    result = invoke("tag", PLAIN, NAMES, "--roles", ROLES, "--models", models, "--output", tmp_path / "week.jsonl")
    assert result.exit_code == 0, result.stderr
    lines = (tmp_path / "week.jsonl").read_text(encoding="utf-8").splitlines()
    sessions = [json.loads(line) for line in lines]
    assert [(one["session_id"], len(one["utterances"])) for one in sessions] == [("plain", 3), ("names", 3)]
    assert [each["role"] for each in sessions[1]["utterances"]] == ["therapist", "client", "therapist"]


def test_text_that_looks_like_terminal_markup_is_printed_as_it_is(models, tmp_path):
    path = tmp_path / "odd.txt"
    path.write_text("T: [bold]walk[/bold] [/]\nC: [red]okay\n" * 3, encoding="utf-8")
    result = invoke("tag", path, "--models", models)
    assert (result.exit_code, result.exception) == (0, None)
    assert "6 utterances" in result.stdout


def test_the_version_is_printed():
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, f"{action_recs.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([TRANSCRIPTS / "no_labels.txt"], ["no_labels.txt, line 1", "no speaker label"]),
        ([TRANSCRIPTS / "one_speaker.txt"], ["one_speaker.txt", "every turn"]),
        ([TRANSCRIPTS / "latin1.txt"], ["latin1.txt, line 2", "UTF-8"]),
        ([TRANSCRIPTS / "binary.txt"], ["binary.txt", "binary"]),
        ([TRANSCRIPTS / "empty.txt"], ["empty.txt", "empty"]),
        ([TRANSCRIPTS / "absent*.txt"], ["absent*.txt", "no file matches"]),
        ([TRANSCRIPTS / "absent.txt"], ["absent.txt", "cannot be read"]),
        ([TRANSCRIPTS / "empty.txt", TRANSCRIPTS / "latin1.txt"], ["empty.txt", "1 others failed"]),
        ([PLAIN, "--models", TRANSCRIPTS / "absent"], ["absent", "no such folder"]),
        ([PLAIN, "--models", TRANSCRIPTS], ["no such folder"]),
        ([PLAIN, "--roles", "{"], ["--roles", "JSON"]),
        ([PLAIN, "--roles", "[]"], ["--roles", "JSON"]),
        ([PLAIN, "--roles", '{"Ann": 3}'], ["--roles", "JSON"]),
        ([PLAIN, "--roles", '{"Ann": "boss"}'], ["--roles", "therapist"]),
        ([PLAIN, "-o", "out.xlsx"], ["out.xlsx", ".jsonl"]),
        ([PLAIN, NAMES, "-o", "out.json"], ["out.json", ".jsonl"]),
        ([PLAIN, "--resume"], ["--resume", "-o"]),
        ([PLAIN, "-o", "out.jsonl", "--resume", "--overwrite"], ["--resume", "--overwrite"]),
        ([PLAIN, "--columns", "speaker=who"], ["--columns", "JSON"]),
        ([PLAIN, "--threshold", "2"], ["--threshold", "0 to 1"]),
        ([PLAIN, "--threshold", "mood=0.5"], ["--threshold", "recommendation=0.8"]),
        ([PLAIN, "--precision", "0"], ["--precision"]),
        ([PLAIN, "--precision", "0.9", "--threshold", "0.5"], ["--threshold and --precision"]),
        ([PLAIN, "--precision", "0.9", "--models", "MODELS"], ["metrics.json", "--threshold"]),
        ([PLAIN, "--format", "nonesuch"], ["unknown format", "webvtt"]),
        ([PLAIN, "-o", "absent/out.json"], ["absent", "does not exist"]),
        ([PLAIN, "--device", "nonesuch", "--models", "MODELS"], ["nonesuch"]),
    ],
)
def test_bad_input_ends_with_2_and_one_line_that_holds_no_transcript(models, arguments, words):
    result = invoke("tag", *(models if each == "MODELS" else each for each in arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("action-recs: ")
    assert result.stderr.count("\n") == 1
    assert [word for word in words if word not in result.stderr] == []
    assert [word for word in ("Rosebud", "Zebedee", "nobody") if word in result.stderr] == []


def test_a_bad_second_model_is_one_line_too(own_models):
    (own_models / "review" / "model.safetensors").write_bytes(b"no weights")
    result = invoke("tag", PLAIN, "--models", own_models)
    assert (result.exit_code, result.stdout) == (2, "")
    assert (result.stderr.startswith(f"action-recs: {own_models}/review: "), result.stderr.count("\n")) == (True, 1)


def test_a_bad_file_costs_no_other_its_turn(models, tmp_path):
    out = tmp_path / "out.jsonl"
    result = invoke("tag", TRANSCRIPTS / "empty.txt", PLAIN, tmp_path / "gone.txt", "--models", models, "-o", out)
    assert (result.exit_code, result.stdout) == (1, f"1 sessions tagged, 2 failed: {out}\n")
    assert [json.loads(line)["session_id"] for line in out.read_text(encoding="utf-8").splitlines()] == ["plain"]
    failures = [json.loads(line) for line in Path(f"{out}.failures.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [Path(each["source"]).name for each in failures] == ["empty.txt", "gone.txt"]
    assert [each["session"] for each in failures] == [1, 1]
    assert "a transcript has at least one turn" in failures[0]["error"]
    assert "cannot be read" in failures[1]["error"]


def test_on_the_terminal_too(models):
    result = invoke("tag", TRANSCRIPTS / "empty.txt", PLAIN, "--models", models)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "3 utterances" in result.stdout


@pytest.mark.parametrize("names", [["empty.txt"], ["empty.txt", "latin1.txt"]])
def test_where_nothing_was_done_there_is_no_output(models, tmp_path, names):
    out = tmp_path / "out.jsonl"
    result = invoke("tag", *(TRANSCRIPTS / name for name in names), "--models", models, "-o", out)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    left = [f"{out.name}.failures.jsonl"] if len(names) > 1 else []
    assert [path.name for path in tmp_path.iterdir()] == left


def test_json_on_standard_output(models, tagger):
    result = invoke("tag", PLAIN, "--models", models, "--json")
    report = json.loads(result.stdout)
    assert report.pop("tagged") == [action_recs.tag(PLAIN, tagger=tagger).to_dict()]
    assert report == {"inputs": 1, "sessions": 1, "failures": 0, "failed": [], "exit_code": 0}


def test_a_summary_as_json(models, tmp_path):
    out = tmp_path / "out.jsonl"
    result = invoke("tag", PLAIN, TRANSCRIPTS / "empty.txt", "--models", models, "-o", out, "--json")
    assert json.loads(result.stdout) == {
        "inputs": 2,
        "sessions": 1,
        "new": 1,
        "failures": 1,
        "repeated_ids": 0,
        "output": str(out),
        "failures_file": f"{out}.failures.jsonl",
        "exit_code": 1,
    }


def test_an_output_that_exists_is_kept(models, tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text("mine", encoding="utf-8")
    result = invoke("tag", PLAIN, "--models", models, "-o", out)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert [word for word in ("exists", "--overwrite", "--resume") if word not in result.stderr] == []
    assert out.read_text(encoding="utf-8") == "mine"
    assert invoke("tag", TRANSCRIPTS / "empty.txt", "--models", models, "-o", out, "--overwrite").exit_code == 2
    assert out.read_text(encoding="utf-8") == "mine"
    assert invoke("tag", PLAIN, "--models", models, "-o", out, "--overwrite").exit_code == 0
    assert json.loads(out.read_text(encoding="utf-8"))["session_id"] == "plain"


def test_thresholds_decide_what_is_found(models):
    def found(*arguments):
        session = json.loads(invoke("tag", NAMES, "--roles", ROLES, "--models", models, "--json", *arguments).stdout)
        return [bool(session["tagged"][0][what]) for what in ("recommendations", "reviews")]

    assert found("--threshold", "1") == [False, False]
    assert found("--threshold", "0") == [True, True]
    assert found("--threshold", "review=1", "--threshold", "recommendation=0") == [True, False]


def test_a_wanted_precision_takes_the_lowest_threshold_that_reaches_it(own_models):
    curve = {"curve": {"thresholds": [1.0, 0.5, 0.0], "precision": [0.9, 0.1, 0.3], "recall": [0.1, 0.5, 1.0]}}
    measured = {"recommendation": curve, "review": curve}
    (own_models / "metrics.json").write_text(json.dumps(measured), encoding="utf-8")
    for precision, count in (("0.2", 1), ("0.8", 0)):
        result = invoke("tag", NAMES, "--roles", ROLES, "--models", own_models, "--json", "--precision", precision)
        assert min(len(json.loads(result.stdout)["tagged"][0]["reviews"]), 1) == count
    result = invoke("tag", PLAIN, "--models", own_models, "--precision", "0.95")
    assert (result.exit_code, "no threshold" in result.stderr) == (2, True)


def test_roles_and_columns_may_be_files(models, tmp_path):
    (tmp_path / "roles.json").write_text(ROLES, encoding="utf-8")
    (tmp_path / "columns.json").write_text('{"speaker": "a", "text": "b"}', encoding="utf-8")
    (tmp_path / "talk.csv").write_text("a,b\nDr. Lee,Did you walk?\nAnn,Twice.\n", encoding="utf-8")
    result = invoke(
        *("tag", tmp_path / "talk.csv", "--roles", tmp_path / "roles.json", "--columns", tmp_path / "columns.json"),
        *("--models", models, "--json"),
    )
    assert [each["role"] for each in json.loads(result.stdout)["tagged"][0]["utterances"]] == ["therapist", "client"]


def test_as_a_process_it_ends_with_2_and_one_line():
    ran = subprocess.run(
        [sys.executable, "-c", "from action_recs.cli import app; app()", "tag", TRANSCRIPTS / "latin1.txt"],
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (f"action-recs: {TRANSCRIPTS / 'latin1.txt'}, line 2: not UTF-8; save the file as UTF-8\n")


def test_the_demo_needs_no_arguments(tagger, monkeypatch):
    monkeypatch.setattr(action_recs, "shipped_tagger", lambda: tagger)
    result = invoke("demo")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "34 utterances" in result.stdout


@pytest.mark.parametrize("output", [None, "out.jsonl", "out.csv", "out.html"])
def test_redacted_output_holds_no_word(models, tmp_path, output):
    arguments = ("tag", NAMES, "--roles", ROLES, "--models", models, "--redact")
    if output is None:
        result = invoke(*arguments, "--json")
        shown = result.stdout
        plain = json.loads(invoke(*arguments[:-1], "--json").stdout)["tagged"][0]
        hidden = json.loads(shown)["tagged"][0]
        for name in ("labels", "scores", "role", "index"):
            assert [each[name] for each in hidden["utterances"]] == [each[name] for each in plain["utterances"]]
    else:
        result = invoke(*arguments, "-o", tmp_path / output)
        shown = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    assert result.exit_code == 0, result.stderr
    assert "\u2588" in shown or "\\u2588" in shown
    assert [word for word in ("walk", "Good.", "Lee", "Ann") if word in shown] == []


def test_a_cell_that_a_spreadsheet_would_run_is_text_and_reads_back(models, tmp_path):
    path = tmp_path / "talk.txt"
    path.write_text("T: =1+1\nC: - and then?\n", encoding="utf-8")
    assert invoke("tag", path, "--models", models, "-o", tmp_path / "out.csv").exit_code == 0
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["'=1+1", "'- and then?"]
    assert [each.text for each in action_recs.read(tmp_path / "out.csv").utterances] == ["=1+1", "- and then?"]
