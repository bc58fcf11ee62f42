"""Folds over AnnoMI: each transcript is read by models that were trained without it, by training/folds.py."""

import json
import sys
from pathlib import Path

import pytest
from recipes import SHORT, script

from action_recs import Tagger
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.collection import load_collection
from action_recs.checkpoint import Checkpoint, ReadingSettings, Task
from action_recs.errors import ConfigError, ModelError
from action_recs.evaluation.left_out import Fold, LeftOut, by_fold, load_left_out
from action_recs.evaluation.report import evaluate_sessions
from action_recs.training.config import config_from, load_config
from action_recs.training.data import Sources, gather
from action_recs.training.record import data_hash
from action_recs.transcript import Transcript


def call(monkeypatch, name, *arguments):
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
    script(name).main()


@pytest.fixture
def given(tiny_base, annotations, annomi_csv, tmp_path):
    """The arguments of a run of seconds, in two folds."""
    recipe = tmp_path / "fold.yaml"
    mix = {"annomi": 1, "authored": 1, "contrast": 1}
    settings = {**SHORT, "passes": 1, "evaluations": 1}
    recipe.write_text(json.dumps({"task": "review", "base": str(tiny_base), "mix": mix, **settings}), encoding="utf-8")
    return [recipe, "--annotations", annotations, "--annomi", annomi_csv, "--folds", 2, "--output", tmp_path / "folds"]


def test_every_transcript_is_read_by_what_did_not_learn_from_it(
    given, models, annotations, annomi_csv, tmp_path, monkeypatch, capsys
):
    call(monkeypatch, "folds", *given, "--only", 1)
    assert "folds are left to train" in capsys.readouterr().out
    with pytest.raises(ModelError, match=r"holds no folds; training/folds\.py"):
        load_left_out(tmp_path / "folds")
    figures = tmp_path / "folds" / "1" / "review" / "metrics.json"
    ended = figures.stat().st_mtime_ns
    call(monkeypatch, "folds", *given)
    assert figures.stat().st_mtime_ns == ended  # not trained again
    with pytest.raises(SystemExit, match="other values of seed"):
        call(monkeypatch, "folds", *given, "--set", "seed=5")

    left_out = load_left_out(tmp_path / "folds")
    assert left_out.set == "annomi"
    assert sorted(sorted(fold.groups) for fold in left_out.folds) == [["annomi-7"], ["annomi-8"]]
    for fold in left_out.folds:
        kept = {"annomi": tuple(fold.groups)}
        config = load_config(given[0])
        without = gather(config, Sources(annotations=annotations, annomi=annomi_csv, development_groups=kept))
        assert not {each.group for each in without.train["annomi"]} & fold.groups
        run = json.loads((fold.models / "run.json").read_text(encoding="utf-8"))
        assert run["data"]["sha256"] == data_hash(without)

    output = tmp_path / "metrics.json"
    reading = ["--annotations", annotations, "--annomi", annomi_csv, "--left-out", tmp_path / "folds"]
    call(monkeypatch, "evaluate", "--models", models, *reading, "--output", output, "--baselines")
    results = json.loads(output.read_text(encoding="utf-8"))
    assert results["data"]["annomi"]["train"] == results["data"]["annomi"]["development"]
    assert results["left_out"] == {"set": "annomi", "folds": 2}
    assert set(results["development"]) == {"models", "phrases", "bag of words"}
    found = results["development"]["models"]["annomi"]
    assert (found["sessions"], found["annotators"]) == (2, 2)
    annomi = load_collection(annotations, annomi_csv=annomi_csv)[0]
    of = {group: Tagger.from_pretrained(fold.models) for fold in left_out.folds for group in fold.groups}
    expected = evaluate_sessions(
        annomi.train + annomi.development, lambda some: [of[each.client_id].tag(each) for each in some]
    )
    assert found == expected

    with pytest.raises(SystemExit, match="--left-out"):
        call(monkeypatch, "evaluate", "--models", models, *reading, "--learnt", "annomi")

    capsys.readouterr()
    call(monkeypatch, "decoding", models / "review", *reading, "--setting", "split", "--values", 0.5)
    assert "| annomi, left out | utterances | 0.5 | " in capsys.readouterr().out


def test_a_baseline_learns_without_the_fold_that_it_reads(annotations, annomi_csv):
    sessions = [each for one in load_collection(annotations, annomi_csv=annomi_csv) for each in one.train]
    seen = []
    script("evaluate").learnt_without(seen.append, sessions)(Fold(frozenset({"annomi-7"}), Path("0")))
    assert seen == [[each for each in sessions if each.group != "annomi-7"]]
    assert len(seen[0]) < len(sessions)


def test_settings_are_chosen_on_the_other_folds(monkeypatch):
    folds_script = script("folds")
    folds = [Fold(frozenset({name}), Path(name)) for name in "abc"]
    asked, saved = [], {}
    settings = ReadingSettings(Task.REVIEW)
    monkeypatch.setattr(Fold, "checkpoint", lambda fold, task: Checkpoint(fold.models.name, None, settings))
    monkeypatch.setattr(folds_script, "read_once", lambda checkpoint, sessions: checkpoint.model)
    monkeypatch.setattr(folds_script, "count_all", lambda task, sessions, reader: {None: [f"{sessions} by {reader}"]})
    monkeypatch.setattr(folds_script, "best_settings", lambda tables: asked.append(tables) or f"choice {len(asked)}")
    monkeypatch.setattr(
        folds_script,
        "save_settings",
        lambda checkpoint, folder: saved.update({str(folder): checkpoint.settings.decoding}),
    )
    folds_script.choose_decoding(folds, ["A", "B", "C"], {"contrast": "D"})
    assert asked[1] == {"contrast": {None: ["D by b"]}, "annomi": {None: ["A by a", "C by c"]}}
    assert saved["b/recommendation"] == "choice 2"
    assert len(saved) == 6


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"learn_development": ["annomi"]}, "learn_development"),
        ({"evaluate_on": ["annomi", "contrast"]}, "evaluate_on"),
        ({"mix": {"annomi": 1, "transferred": 1}}, "transferred"),
        ({"mix": {"contrast": 1}}, "lacks annomi"),
        ({"base": "shipped"}, "base: what ships knows annomi"),
        ({"distill": {"teachers": ["shipped"]}}, "distill: its teachers"),
    ],
)
def test_a_recipe_that_knows_what_it_is_to_read_is_refused(given, changed, words, monkeypatch, tmp_path):
    recipe = json.loads(given[0].read_text(encoding="utf-8"))
    given[0].write_text(json.dumps(recipe | changed), encoding="utf-8")
    with pytest.raises(SystemExit, match=words):
        call(monkeypatch, "folds", *given)
    assert not (tmp_path / "folds").exists()


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_fold_learns_from_a_share_of_what_it_is_not_to_read(share):
    said = Transcript.from_pairs([("therapist", "Go on.")])
    sessions = [AnnotatedSession(f"{n} {who}", said, group=f"t{n}") for n in range(24) for who in "ab"]
    fold = Fold(frozenset(f"t{n}" for n in range(4)), Path("0"))
    without = script("folds").not_learnt(fold, sessions, share, 1)
    assert fold.groups <= {*without}
    assert 24 - len(without) == 20 * share
    assert without == script("folds").not_learnt(fold, sessions, share, 1)
    assert without != script("folds").not_learnt(fold, sessions, share, 2)
    assert script("folds").not_learnt(fold, sessions, 1.0, 1) == tuple(sorted(fold.groups))


@pytest.mark.parametrize("extra", [["--folds", 1], ["--only", 2], ["--only", -1], ["--share", 0], ["--share", 1.5]])
def test_folds_that_are_not_there_are_refused(given, extra, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        call(monkeypatch, "folds", *given, *extra)
    assert f"error: {extra[0]}: " in capsys.readouterr().err


def test_a_set_that_is_not_at_hand_is_told(annotations):
    with pytest.raises(ModelError, match="annomi, which was divided, is not at hand; name its file"):
        LeftOut("annomi", ()).all_of(load_collection(annotations))


def test_transcripts_of_no_fold_go_to_the_other_tagger():
    left_out = LeftOut("annomi", (Fold(frozenset("a"), Path("0")), Fold(frozenset("bc"), Path("1"))))
    made = []

    def without(fold):
        made.append(fold.models.name)
        return lambda transcripts: [f"{each.client_id} without {fold.models}" for each in transcripts]

    tag = by_fold(left_out, without, lambda transcripts: [f"{each.client_id} by all" for each in transcripts])
    talk = [Transcript((), client_id=client) for client in ("c", None, "a", "b", "d")]
    assert tag(talk) == ["c without 1", "None by all", "a without 0", "b without 1", "d by all"]
    assert tag(talk[:1]) == ["c without 1"]
    assert sorted(made) == ["0", "1"]  # each once


def test_a_transcript_of_no_fold_is_told(annotations, annomi_csv):
    left_out = LeftOut("annomi", (Fold(frozenset({"annomi-7"}), Path("0")),))
    with pytest.raises(ModelError, match="annomi-8: left out by no fold"):
        left_out.all_of(load_collection(annotations, annomi_csv=annomi_csv))


def test_what_is_divided_must_be_given(given, monkeypatch, capsys):
    at = given.index("--annomi")
    with pytest.raises(SystemExit):
        call(monkeypatch, "folds", *given[:at], *given[at + 2 :])
    assert "--annomi: AnnoMI-full.csv is what is divided" in capsys.readouterr().err


def test_the_last_run_learns_from_development_sessions_too(annotations, annomi_csv):
    settings = {"task": "review", "base": "x", "mix": {"annomi": 1, "contrast": 1}, "evaluate_on": ["contrast"]}
    sources = Sources(annotations=annotations, annomi=annomi_csv)
    plain = gather(config_from(settings, source="x"), sources)
    last = gather(config_from(settings | {"learn_development": ["annomi"]}, source="x"), sources)
    assert {each.id for each in plain.train["annomi"]} == {"annomi-7"}
    assert {each.id for each in last.train["annomi"]} == {"annomi-7", "annomi-8"}
    assert last.train["contrast"] == plain.train["contrast"]


@pytest.mark.parametrize("name", ["authored", "own", "contrast"])
def test_development_sessions_to_learn_from_are_of_the_mix_and_not_measured_on(name):
    settings = {"task": "review", "base": "x", "mix": {"own": 1, "contrast": 1}, "evaluate_on": ["contrast"]}
    with pytest.raises(ConfigError, match=f"learn_development: '{name}'"):
        config_from(settings | {"learn_development": [name]}, source="x")
