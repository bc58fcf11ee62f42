"""training/decoding.py: other values of a decoding setting, beside the one that a checkpoint has."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from recipes import script

from action_recs import Tagger
from action_recs.annotation.collection import load_collection
from action_recs.checkpoint import Task, load_checkpoint
from action_recs.evaluation.report import evaluate_sessions

METRICS = {"utterances": "{task}_utterance", "spans": "recommendation_span"}


@pytest.fixture
def call(monkeypatch):
    def called(*arguments):
        monkeypatch.setattr(sys, "argv", ["decoding.py", *map(str, arguments)])
        script("decoding").main()

    return called


@pytest.mark.parametrize("task", Task)
def test_figures_are_those_of_the_checkpoint_with_each_value(task, call, models, annotations, tmp_path, capsys):
    call(models / task.value, "--setting", "threshold", "--values", 0.3, 0.6, "--annotations", annotations)
    head, _, *rows = capsys.readouterr().out.strip().splitlines()
    known = load_checkpoint(models / task.value, task).settings.decoding.threshold
    assert f"at {known:g}" in head
    authored = next(each for each in load_collection(annotations) if each.name == "authored").development
    found = {}
    for value in (known, 0.3, 0.6):
        folder = Path(shutil.copytree(models, tmp_path / f"{value:g}"))
        if value != known:
            call(folder / task.value, "--setting", "threshold", "--values", value, "--keep")
        tagger = Tagger.from_pretrained(folder)
        found[value] = evaluate_sessions(authored, lambda some, own=tagger: [own.tag(each) for each in some])["metrics"]
    names = ["utterances", "spans"] if task is Task.RECOMMENDATION else ["utterances"]
    for value in (0.3, 0.6):
        for name in names:
            metric = METRICS[name].format(task=task.value)
            one, other = (found[each][metric]["f1"]["value"] for each in (value, known))
            expected = f"| authored | {name} | {value:g} | {one:.3f} | {other:.3f} | "
            assert [each for each in rows if each.startswith(expected)], expected


def test_a_value_that_is_kept_changes_nothing_else(call, models, tmp_path, capsys):
    folder = Path(shutil.copytree(models / "review", tmp_path / "review"))
    before = load_checkpoint(folder, Task.REVIEW)
    call(folder, "--setting", "split", "--values", 0.9, "--keep")
    after = load_checkpoint(folder, Task.REVIEW)  # compares the manifest
    assert after.settings == replace(before.settings, decoding=replace(before.settings.decoding, split=0.9))
    assert all(after.model.state_dict()[name].equal(each) for name, each in before.model.state_dict().items())
    assert "-> 0.9" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--setting", "split", "--values", 1.5], "between 0 and 1"),
        (["--setting", "threshold", "--values", 0.01, "--keep"], "floor would lie above"),
        (["--setting", "split", "--values", 0.5, "--left-out", "absent"], "absent: holds no folds"),
        (["--setting", "split", "--values", 0.5, "--annomi", "absent.csv"], "absent.csv"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(call, models, annotations, tmp_path, arguments, words):
    folder = Path(shutil.copytree(models / "review", tmp_path / "review"))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    with pytest.raises(SystemExit, match=rf"decoding\.py: .*{words}"):
        call(folder, "--annotations", annotations, *arguments)
    assert json.loads((folder / "config.json").read_text(encoding="utf-8")) == config


def test_a_folder_without_a_checkpoint_is_refused(call, tmp_path):
    with pytest.raises(SystemExit, match="no checkpoint of ours"):
        call(tmp_path, "--setting", "split", "--values", 0.5)
