"""No command reaches for the network, whatever the environment says of the hub."""

import json
import os
import runpy
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from leaks import study_files, write_sound
from typer.testing import CliRunner

import action_recs
from action_recs import ModelError, Tagger
from action_recs.cli import app

ROOT = Path(__file__).parents[2]
TRANSCRIPTS = ROOT / "tests" / "fixtures" / "transcripts"


def python(env, *arguments):
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, env=env)
    return done.returncode, done.stdout, done.stderr


def untouched(env):
    """Nothing asked for the network, and nothing was kept at home."""
    tried = Path(env["NETWORK_TRIED"])
    return not tried.exists() and not [path for path in Path(env["HOME"]).rglob("*") if path.is_file()]


def test_the_refusal_is_heard_of(alone):
    code, _, said = python(alone, "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9/')")
    assert code != 0
    assert "refused" in said
    assert not untouched(alone)


def test_the_shipped_models_tag_without_a_network_home_or_cache(alone, tmp_path):
    assert not [name for name in alone if name.startswith(("HF_", "TRANSFORMERS_"))]
    out = tmp_path / "out.jsonl"
    given = ("-m", "action_recs", "tag", TRANSCRIPTS / "plain.txt", "-o", out)
    code, _, said = python(alone, *given)
    assert (code, said) == (0, "")
    assert len(json.loads(out.read_text(encoding="utf-8"))["utterances"]) == 3
    assert untouched(alone)


def test_the_models_are_folders_and_never_names_of_a_hub(no_network, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(ModelError, match="no such folder"):
        Tagger.from_pretrained("sentence-transformers/all-MiniLM-L6-v2")


def test_tagging_and_reading_open_no_connection(models, tmp_path, no_network):
    tagger = Tagger.from_pretrained(models)
    assert len(action_recs.tag(TRANSCRIPTS / "plain.txt", tagger=tagger)) == 3
    for path in sorted(TRANSCRIPTS.rglob("*")):
        if path.is_file():
            with suppress(action_recs.TranscriptError):
                action_recs.read(path)
    done = CliRunner().invoke(app, ["tag", str(TRANSCRIPTS / "plain.txt"), "--models", str(models)])
    assert done.exit_code == 0


@pytest.mark.parametrize("telemetry", ["1", "0", None])
def test_the_hubs_switches_stay_as_they_are_set(models, monkeypatch, no_network, telemetry):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    if telemetry is None:
        monkeypatch.delenv("HF_HUB_DISABLE_TELEMETRY", raising=False)
    else:
        monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", telemetry)
    before = dict(os.environ)
    Tagger.from_pretrained(models).tag([("therapist", "Walk.")])
    assert dict(os.environ) == before


def test_annotations_of_every_form_open_no_connection(tmp_path, no_network):
    from action_recs.annotation.loading import stream_annotations

    for path in sorted((ROOT / "tests" / "fixtures" / "annotated").iterdir()):
        read = stream_annotations(path, collect=True, roles={"Dr. Lee": "therapist", "Ann": "client"})
        assert list(read) or read.problems


def test_a_study_opens_no_connection(tmp_path, no_network):
    lines, scores = study_files(tmp_path)
    done = CliRunner().invoke(app, ["study", str(lines), str(scores), "-o", str(tmp_path / "report")])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "<script src" not in page
    assert "<link" not in page


def test_evaluation_opens_no_connection(annotations, models, tmp_path, no_network, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    given = ["--models", models, "--annotations", annotations, "--output", tmp_path / "metrics.json"]
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *map(str, given)])
    runpy.run_path(str(ROOT / "training" / "evaluate.py"), run_name="__main__")
    assert json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["development"]


COMMANDS = {
    "evaluate": "evaluate --data {anna} --model {models} --compare {models} -o {out}",
    "train": "train review --data {anna} --from {models}/review --set passes=1 --set evaluations=1 -o {out}",
    "suggest": "suggest {tagged} -n 2 --model {models} -o {out}.json",
    "follow-up": "follow-up {tagged} -o {out}.jsonl",
    "report": "report {tagged} -o {out}",
    "agree": "annotations agree {anna} {ben} --html {out}.html",
    "adjudicate": "annotations adjudicate {anna} {ben} --by union -o {out}.jsonl",
    "split": "annotations split {anna} -o {out}",
    "export": "export --models {models} -o {out}",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_other_commands_do_their_work_without_a_connection(name, models, tmp_path, no_network, monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    sound = write_sound(tmp_path)
    given = [each.format(models=models, out=tmp_path / "out", **sound) for each in COMMANDS[name].split()]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0, done.output
    assert list(tmp_path.glob("out*"))
