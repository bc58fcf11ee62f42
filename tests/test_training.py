"""training/train.py from a tiny base to a model that tags."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch
from recipes import SHORT, script
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

import action_recs
from action_recs.checkpoint import Task, load_checkpoint

TALK = [("therapist", "How did it go?"), ("client", "Good."), ("therapist", "Maybe you could walk again.")]


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["train.py", *map(str, arguments)])
    script("train").main()


def recipe(folder, encoder, task, **changed):
    settings = {
        "task": task.value,
        "base": str(encoder),
        "mix": {"authored": 1, "encounters": 1, "contrast": 1},
        **SHORT,
    } | changed
    path = folder / f"{task.value}.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    return path


@pytest.fixture(scope="module")
def runs(tiny_base, annotations, tmp_path_factory):
    """Both models, trained for a few steps."""
    folder = tmp_path_factory.mktemp("runs")
    for task in Task:
        with pytest.MonkeyPatch.context() as patch:
            run(
                patch,
                recipe(folder, tiny_base, task),
                "--output",
                folder / task.value,
                "--annotations",
                annotations,
                "--set",
                "seed=3",
            )
    return folder


def test_the_trained_models_tag(runs, tmp_path):
    tagger = action_recs.Tagger.from_pretrained(recommendation=runs / "recommendation", review=runs / "review")
    session = action_recs.tag(TALK, tagger=tagger)
    assert [(each.role.value, each.text) for each in session.utterances] == TALK
    tagger.save_pretrained(tmp_path)
    assert action_recs.tag(TALK, tagger=action_recs.Tagger.from_pretrained(tmp_path)) == session


@pytest.mark.parametrize("task", Task)
def test_a_run_leaves_its_settings_and_figures(runs, task):
    folder = runs / task.value
    kept = json.loads((folder / "training_config.json").read_text(encoding="utf-8"))
    assert (kept["task"], kept["seed"], kept["mix"]) == (task.value, 3, {"authored": 1, "encounters": 1, "contrast": 1})
    history = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["history"]
    assert len(history) >= 2
    for entry in history:
        assert entry["eval_f1"] == pytest.approx((entry["eval_contrast_f1"] + entry["eval_authored_f1"]) / 2)
        assert 0 <= entry["eval_f1"] <= 1
    decoding = load_checkpoint(folder, task).settings.decoding
    assert 0.2 <= decoding.threshold <= 0.9
    assert decoding.floor <= decoding.threshold


def test_a_stopped_run_goes_on(runs, tiny_base, annotations, tmp_path, monkeypatch):
    folder = Path(shutil.copytree(runs / "review", tmp_path / "review"))
    whole = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["history"]
    saved = sorted((folder / "checkpoints").glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2]))
    assert len(saved) == 2
    shutil.rmtree(saved[-1])
    for name in ("model.safetensors", "metrics.json"):
        (folder / name).unlink()
    config = recipe(tmp_path, tiny_base, Task.REVIEW)
    run(monkeypatch, config, "--output", folder, "--annotations", annotations, "--set", "seed=3", "--resume")
    resumed = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["history"]
    assert [entry["step"] for entry in resumed] == [entry["step"] for entry in whole]
    assert resumed == whole
    assert load_checkpoint(folder, Task.REVIEW).settings.task is Task.REVIEW


@pytest.mark.parametrize(
    ("changed", "extra", "words"),
    [
        ({"mix": {"annomi": 1}}, [], ["annomi", "--annomi"]),
        ({"pases": 1}, [], ["did you mean 'passes'?"]),
        ({"base": "absent-encoder"}, [], ["absent-encoder", "cannot be loaded"]),
        ({"evaluate_on": ["annomi"]}, [], ["evaluate_on", "annomi"]),
        ({"evaluate_on": ["encounters"]}, [], ["evaluate_on", "encounters"]),
        ({}, ["--resume"], ["--resume"]),
        ({}, ["--annotations", "absent"], ["absent"]),
        ({}, ["--annomi", "absent.csv"], ["absent.csv"]),
    ],
    ids=["no csv", "key", "base", "no csv to evaluate on", "none held out", "resume nothing", "annotations", "csv"],
)
def test_what_is_wrong_ends_the_script_with_one_line(
    tiny_base, annotations, tmp_path, monkeypatch, changed, extra, words
):
    config = recipe(tmp_path, tiny_base, Task.REVIEW, **changed)
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, config, "--output", tmp_path / "run", "--annotations", annotations, *extra)
    message = str(caught.value.code)
    assert message.startswith("train.py: ")
    assert [word for word in words if word not in message] == []


def test_a_run_with_fixed_embeddings_and_fewer_words(tiny_base, annotations, tmp_path, monkeypatch):
    config = recipe(tmp_path, tiny_base, Task.REVIEW, train_embeddings=False, vocabulary=0, masked=0.2, keep=2)
    run(monkeypatch, config, "--output", tmp_path / "run", "--annotations", annotations)
    base, trained = AutoTokenizer.from_pretrained(tiny_base), load_checkpoint(tmp_path / "run", Task.REVIEW)
    before = AutoModel.from_pretrained(tiny_base).get_input_embeddings().weight
    after = trained.model.get_input_embeddings().weight
    assert after.shape[0] == len(trained.tokenizer) < len(base)
    for token in ("walk", "a"):
        old, new = base.convert_tokens_to_ids(token), trained.tokenizer.convert_tokens_to_ids(token)
        assert torch.equal(after[new], before[old].half().float())


def test_a_run_can_end_before_its_last_pass(tiny_base, annotations, tmp_path, monkeypatch):
    config = recipe(tmp_path, tiny_base, Task.REVIEW, passes=4, evaluations=4, stop_after=2)
    run(monkeypatch, config, "--output", tmp_path / "run", "--annotations", annotations)
    history = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["history"]
    assert len(history) == 2


def test_averaged_checkpoints_are_the_mean_of_their_weights(runs, annotations, tmp_path, monkeypatch, capsys):
    saved = sorted((runs / "review" / "checkpoints").glob("checkpoint-*"))
    assert len(saved) == 2
    arguments = [*saved, "--task", "review", "--like", runs / "review", "--output", tmp_path / "mean"]
    arguments += ["--annotations", annotations]
    monkeypatch.setattr(sys, "argv", ["average.py", *map(str, arguments)])
    script("average").main()
    mean = load_checkpoint(tmp_path / "mean", Task.REVIEW).model.state_dict()
    each = [load_file(folder / "model.safetensors") for folder in saved]
    for name in each[0]:
        assert torch.allclose(mean[name], (each[0][name] + each[1][name]) / 2, atol=2e-3), name
    assert "threshold" in capsys.readouterr().out


def test_averaging_checkpoints_of_different_shape_is_refused(runs, models, tmp_path, monkeypatch):
    arguments = [models / "recommendation", "--task", "review", "--like", runs / "review", "--output", tmp_path / "x"]
    monkeypatch.setattr(sys, "argv", ["average.py", *map(str, arguments)])
    with pytest.raises(SystemExit, match=r"average\.py: .*other weights"):
        script("average").main()
    assert not (tmp_path / "x").exists()


def test_evaluating_prints_and_writes_figures_and_cards(models, annotations, annomi_csv, tmp_path, monkeypatch, capsys):
    folder = Path(shutil.copytree(models, tmp_path / "models"))
    output = tmp_path / "metrics.json"
    arguments = ["--models", folder, "--annotations", annotations, "--output", output, "--cards"]
    arguments += ["--annomi", annomi_csv, "--baselines", "--errors", tmp_path / "errors"]
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *map(str, arguments)])
    script("evaluate").main()
    results = json.loads(output.read_text(encoding="utf-8"))
    assert set(results["development"]["models"]) == {"annomi", "authored", "contrast"}
    assert set(results["development"]) == {"models", "phrases", "bag of words"}
    assert results["data"]["contrast"]["development"] == {"sessions": 2, "recommendation": 1, "review": 1}
    reports = {each.parent.name for each in (tmp_path / "errors").glob("*/report.html")}
    assert reports == {"authored", "contrast"}  # AnnoMI's development part has no mark here
    printed = capsys.readouterr().out
    assert all(f"models: {name}" in printed for name in ("authored", "contrast"))
    for task in Task:
        assert f"# action_recs: {task.value}" in (folder / task.value / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["authored", "contrast"])
def test_what_was_learnt_is_told_of_the_training_sessions_of_a_set(name, models, annotations, tmp_path, monkeypatch):
    output = tmp_path / "metrics.json"
    arguments = ["--models", models, "--annotations", annotations, "--output", output, "--learnt", name]
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *map(str, arguments)])
    script("evaluate").main()
    results = json.loads(output.read_text(encoding="utf-8"))
    assert set(results["development"]["models"]) == {name}
    assert results["data"][name]["train"] == results["data"][name]["development"]


@pytest.mark.parametrize(
    ("given", "said"),
    [(["--learnt", "dreams"], "no set dreams"), (["--learnt", "authored", "--errors", "x"], "--learnt")],
)
def test_what_was_learnt_of_no_set_or_with_reports_is_refused(given, said, models, annotations, monkeypatch):
    arguments = ["--models", models, "--annotations", annotations, *given]
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *map(str, arguments)])
    with pytest.raises(SystemExit, match=said):
        script("evaluate").main()
