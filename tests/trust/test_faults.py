"""Runs that are killed, files that change while they are read, clocks that jump."""

import json
import os
import pickle
import shutil
import time
from pathlib import Path

import pytest
from kill import tag_kills, train_kills
from typer.testing import CliRunner

import action_recs
from action_recs.cli import app
from action_recs.cli.inputs import Input
from action_recs.cli.items import Failure, Reading, read_items


def test_tagging_that_is_killed_ends_as_if_it_never_was(tmp_path):
    assert tag_kills(2, sessions=40).kills == 2


@pytest.mark.slow
def test_tagging_survives_100_kills():
    assert tag_kills(100).kills == 100


@pytest.mark.slow
def test_training_survives_100_kills(tiny_base):
    assert train_kills(100, tiny_base).kills == 100


def sessions(folder, count=12):
    folder.mkdir()
    for number in range(count):
        (folder / f"s{number:02}.txt").write_text(f"T: Walk {number} times.\nC: Mm.\n", encoding="utf-8")
    return folder


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def invoke(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_a_file_that_changes_before_its_turn_is_read_as_it_is_then(models, tmp_path, monkeypatch):
    """Every session is read once, when its turn comes: what is in the output is one state of the file, never two."""
    folder = sessions(tmp_path / "in")
    from action_recs.readers import reading

    original, seen = reading.load_content, []

    def changing(path):
        content = original(path)
        seen.append(str(path))
        for later in folder.glob("*.txt"):
            if str(later) not in seen:
                later.write_text("T: Swim instead.\nC: No.\nT: All right.\n", encoding="utf-8")
        return content

    monkeypatch.setattr(reading, "load_content", changing)
    done = invoke("tag", folder, "--models", models, "-o", tmp_path / "out.jsonl")
    assert done.exit_code == 0, done.stderr
    found = lines(tmp_path / "out.jsonl")
    assert len(found) == 12
    said = [[each["text"] for each in session["utterances"]] for session in found]
    states = (["Walk 0 times.", "Mm."], ["Swim instead.", "No.", "All right."])
    assert all(each in states or each[0].startswith("Walk") for each in said)
    assert {len(each) for each in said} <= {2, 3}


@pytest.mark.parametrize("jump", [-3600.0, 86_400.0 * 400])
def test_a_clock_that_jumps_changes_nothing(models, tmp_path, monkeypatch, jump):
    folder = sessions(tmp_path / "in")
    assert invoke("tag", folder, "--models", models, "-o", tmp_path / "calm.jsonl").exit_code == 0
    now, calls = time.time, [0]

    def jumping():
        calls[0] += 1
        return now() + jump * (calls[0] % 2)

    monkeypatch.setattr(time, "time", jumping)
    done = invoke("tag", folder, "--models", models, "-o", tmp_path / "jumped.jsonl")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "jumped.jsonl").read_bytes() == (tmp_path / "calm.jsonl").read_bytes()


class Deadly(type(Path())):
    """A file that ends every other process that is to read it."""

    def __reduce__(self):
        return os._exit, (9,)


def test_a_file_that_kills_its_readers_is_listed_and_the_others_are_read(tmp_path):
    paths = sorted(sessions(tmp_path / "in", 6).iterdir())
    inputs = [Input(path.name, Deadly(path) if path is paths[2] else path, path.stem, path.stem) for path in paths]
    items = list(read_items(inputs, Reading({}, {}), workers=1))
    assert [each.source for each in items] == [*range(6)]
    failure = items.pop(2).found
    assert isinstance(failure, Failure)
    assert (failure.source, "died" in failure.error) == ("s02.txt", True)
    assert [each.found.utterances[0].text for each in items] == [f"Walk {number} times." for number in (0, 1, 3, 4, 5)]


class Bomb:
    """Fails the test when it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("a checkpoint of a run was unpickled",)


def test_nothing_planted_in_a_run_is_unpickled(tiny_base, annotations, tmp_path, monkeypatch):
    """A run's own checkpoints hold the optimizer as torch writes it: read with weights_only, which runs nothing."""
    import runpy
    import sys

    from kill import ROOT, recipe

    out = tmp_path / "run"
    given = ["train.py", str(recipe(tmp_path, tiny_base)), "--output", str(out), "--annotations", str(annotations)]

    def train(*more):
        monkeypatch.setattr(sys, "argv", [*given, "--set", "passes=1", "--set", "evaluations=1", *more])
        runpy.run_path(str(ROOT / "training" / "train.py"), run_name="__main__")

    train()
    (checkpoint,) = (out / "checkpoints").glob("checkpoint-*")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin"):
        (checkpoint / name).write_bytes(pickle.dumps(Bomb()))
    with pytest.raises((SystemExit, Exception)):  # pytest's own failure is neither
        train("--resume")


def test_a_full_disk_leaves_the_old_weights_or_none(tagger, tmp_path, monkeypatch):
    """What cannot be written whole is refused when it is read."""
    from action_recs import ModelError, Tagger

    tagger.save_pretrained(tmp_path / "models")
    path = tmp_path / "models" / "review" / "model.safetensors"
    data = path.read_bytes()
    for cut in (0, 7, 4000, len(data) - 1):
        path.write_bytes(data[:cut])
        with pytest.raises(ModelError):
            Tagger.from_pretrained(tmp_path / "models")
    shutil.rmtree(tmp_path / "models" / "review")
    with pytest.raises(ModelError):
        Tagger.from_pretrained(tmp_path / "models")
    assert len(action_recs.tag([("client", "Mm.")], tagger=tagger)) == 1
