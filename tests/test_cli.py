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


def test_pages_are_written(models, tagger, tmp_path):
    result = invoke("tag", PLAIN, "--models", models, "-o", tmp_path / "one.html")
    assert (result.exit_code, result.stderr) == (0, "")
    expected = action_recs.tag(PLAIN, tagger=tagger)
    assert (tmp_path / "one.html").read_text(encoding="utf-8") == expected.to_html()
    result = invoke("tag", PLAIN, PLAIN, "--models", models, "-o", tmp_path / "two.html")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "two.html").read_text(encoding="utf-8") == action_recs.sessions_html([expected, expected])


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
        ([TRANSCRIPTS], ["transcripts", "directory"]),
        ([TRANSCRIPTS / "absent.txt"], ["absent.txt", "cannot be read"]),
        ([PLAIN, TRANSCRIPTS / "latin1.txt"], ["latin1.txt, line 2"]),
        ([PLAIN, "--models", TRANSCRIPTS / "absent"], ["absent", "no such folder"]),
        ([PLAIN, "--models", TRANSCRIPTS], ["no such folder"]),
        ([PLAIN, "--roles", "{"], ["--roles", "JSON"]),
        ([PLAIN, "--roles", "[]"], ["--roles", "JSON"]),
        ([PLAIN, "--roles", '{"Ann": 3}'], ["--roles", "JSON"]),
        ([PLAIN, "--roles", '{"Ann": "boss"}'], ["--roles", "therapist"]),
        ([PLAIN, "-o", "out.xlsx"], ["out.xlsx", ".jsonl"]),
        ([PLAIN, PLAIN, "-o", "out.json"], ["out.json", ".jsonl"]),
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


def test_nothing_is_written_when_a_file_is_bad(models, tmp_path):
    result = invoke("tag", PLAIN, TRANSCRIPTS / "empty.txt", "--models", models, "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []


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
