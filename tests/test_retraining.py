"""A clinic's own sessions: from annotated files to a checkpoint that tags, by ``action-recs train``."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

import action_recs
from action_recs import ConfigError, ModelError
from action_recs.annotation.collection import read_folder
from action_recs.checkpoint import SHIPPED, Task, load_checkpoint
from action_recs.cli.train import train as command
from action_recs.evaluation.run import evaluate_files
from action_recs.training.config import config_from, load_config
from action_recs.training.data import Sources
from action_recs.training.run import train

SCRIPT = Path(__file__).parent.parent / "training" / "train.py"
SMALL = ["passes=2", "window_tokens=64", "batch_windows=2", "evaluations=2"]
TALK = [("therapist", "How did it go?"), ("client", "Good."), ("therapist", "Maybe you could walk again.")]


@pytest.fixture(scope="module")
def own(annotations, tmp_path_factory):
    """Six clients with two sessions each."""
    folder = tmp_path_factory.mktemp("own")
    text = (annotations / "corpus" / "c001.txt").read_text(encoding="utf-8")
    for number in range(6):
        (folder / f"k{number}.txt").write_text(text.replace("c001", f"k{number}"), encoding="utf-8")
    return folder


def settings(base, task=Task.REVIEW, **changed):
    plain = {
        "task": task.value,
        "base": str(base),
        "mix": {"own": 1},
        "passes": 2,
        "window_tokens": 64,
        "batch_windows": 2,
        "learning_rate": 1e-3,
        "evaluations": 2,
        "precision": "fp32",
    }
    return config_from(plain | changed, source="test")


def call(*arguments):
    import typer

    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(each) for each in arguments])


def read_json(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def runs(tiny_base, own, tmp_path_factory):
    """Both models from YAML, by the command: reviews with folds, recommendations with clients kept for development."""
    folder = tmp_path_factory.mktemp("runs")
    with_folds = ["--set", "folds=2", "--set", "class_weights=[none, root]"]
    for task, extra in ((Task.REVIEW, with_folds), (Task.RECOMMENDATION, [])):
        path = folder / f"{task.value}.yaml"
        path.write_text(json.dumps({"task": task.value, "base": str(tiny_base), "mix": {"own": 1}}), encoding="utf-8")
        sets = [part for each in SMALL for part in ("--set", each)]
        files = sorted(own.iterdir())
        done = call(path, "--data", *files, "--output", folder / task.value, *sets, *extra)
        assert done.exit_code == 0, done.output
    return folder


def test_the_command_leaves_a_model_that_tags(runs):
    tagger = action_recs.Tagger.from_pretrained(runs)
    assert [(each.role.value, each.text) for each in action_recs.tag(TALK, tagger=tagger).utterances] == TALK


@pytest.mark.parametrize("task", Task)
def test_a_runs_folder_says_what_it_was_made_of(runs, own, task):
    folder = runs / task.value
    record = read_json(folder / "run.json")
    assert set(record["data"]["files"]) == {str(path) for path in own.iterdir()}
    assert all(len(each) == 64 for each in (record["data"]["sha256"], *record["data"]["files"].values()))
    held = record["data"]["sets"]
    assert sum(part["own"]["sessions"] for part in held.values() if part) == 12
    assert {"torch", "transformers"} <= set(record["packages"])
    metrics = read_json(folder / "metrics.json")
    assert metrics["loss"]
    assert {path.name for path in (folder / "figures").iterdir()} == (
        {"loss.svg"} if task is Task.REVIEW else {"loss.svg", "f1.svg"}
    )
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"# {task.value} model" in card
    measured = metrics["folds"]["out_of_fold"] if task is Task.REVIEW else metrics["development"]["own"]
    assert f"{measured['metrics'][f'{task.value}_utterance']['f1']['value']:.2f}" in card


def test_nothing_in_a_runs_folder_quotes_a_session(runs, own):
    said = "Write in the notebook every evening"
    assert said in (own / "k0.txt").read_text(encoding="utf-8")
    for path in runs.rglob("*"):
        if path.is_file():
            assert said.encode() not in path.read_bytes(), path


def test_clients_are_not_divided_and_the_same_seed_divides_alike(runs, tiny_base, own):
    held = read_json(runs / "recommendation" / "run.json")["data"]["sets"]
    assert (held["train"]["own"]["clients"], held["development"]["own"]["clients"]) == (5, 1)
    assert held["development"]["own"]["sessions"] == 2


def test_every_session_is_counted_once_out_of_fold(runs):
    folds = read_json(runs / "review" / "metrics.json")["folds"]
    assert folds["folds"] == 2
    assert folds["out_of_fold"]["sessions"] == 12
    assert folds["out_of_fold"]["metrics"]["review_utterance"]["gold"] == 12
    decoding = load_checkpoint(runs / "review", Task.REVIEW).settings.decoding
    assert read_json(runs / "review" / "metrics.json")["decoding"]["threshold"] == decoding.threshold


def test_a_run_goes_on_from_any_step_as_if_it_had_not_stopped(tiny_base, own, tmp_path):
    """Stopped after each checkpoint in turn: losses, gradients and figures are equal to the last bit."""
    config = settings(tiny_base, keep=9, evaluations=3)
    whole = train(config, Sources(own=(own,)), tmp_path / "run")
    steps = sorted(int(path.name.partition("-")[2]) for path in (tmp_path / "run" / "checkpoints").iterdir())
    assert len(steps) >= 3
    for step in steps[:2]:
        assert train(config, Sources(own=(own,)), tmp_path / "run", resume=step) == whole
    shutil.rmtree(tmp_path / "run" / "checkpoints" / f"checkpoint-{steps[-1]}")
    (tmp_path / "run" / "metrics.json").unlink()
    assert train(config, Sources(own=(own,)), tmp_path / "run", resume=True) == whole


def test_so_does_one_with_an_adapter_and_steps_of_several_batches(tiny_base, own, tmp_path):
    config = settings(tiny_base, lora={"r": 2}, batch_tokens=128, step_tokens=200)
    whole = train(config, Sources(own=(own,)), tmp_path / "run")
    first = min(int(path.name.partition("-")[2]) for path in (tmp_path / "run" / "checkpoints").iterdir())
    assert train(config, Sources(own=(own,)), tmp_path / "run", resume=first) == whole


def test_folds_that_are_done_are_not_trained_again(runs, own, tmp_path, monkeypatch):
    import action_recs.training.folds as folds

    copy = Path(shutil.copytree(runs / "review", tmp_path / "review"))
    whole = read_json(copy / "metrics.json")
    assert [each["weights"] for each in whole["folds"]["class_weights"]] == ["none", "root"]
    monkeypatch.setattr(folds, "fit", lambda *_, **__: pytest.fail("trained again"))
    config = load_config(runs / "review.yaml", [*SMALL, "folds=2", "class_weights=[none, root]"])
    assert train(config, Sources(own=(own,)), copy, resume=True) == whole


def test_a_run_is_resumed_with_its_own_settings_and_sessions_only(runs, tiny_base, own, annotations):
    base = ["--data", own, "--output", runs / "recommendation", "--resume", "--set", "window_tokens=64"]
    base += ["--set", "batch_windows=2", "--set", "evaluations=2"]
    changed = call(runs / "recommendation.yaml", *base, "--set", "passes=3")
    assert (changed.exit_code, "passes" in changed.output) == (2, True)
    others = ["--set", "passes=2", "--data", annotations / "corpus" / "c001.txt"]
    changed = call(runs / "recommendation.yaml", *base, *others)
    assert (changed.exit_code, "other sessions" in changed.output) == (2, True)
    changed = call(runs / "recommendation.yaml", *base, "--set", "passes=2", "--resume-step", "999")
    assert (changed.exit_code, "no checkpoint of step 999" in changed.output) == (2, True)


def test_it_goes_on_from_the_shipped_checkpoint(own, tmp_path):
    """The vocabulary and the windows stay; the figures before and after stand side by side."""
    config = settings("shipped", window_tokens="auto", passes=1, evaluations=1, batch_windows=8)
    metrics = train(config, Sources(own=(own,)), tmp_path / "run")
    shipped, trained = action_recs.Tagger.from_pretrained().review, load_checkpoint(tmp_path / "run", Task.REVIEW)
    assert trained.tokenizer.get_vocab() == shipped.tokenizer.get_vocab()
    assert trained.settings.window_tokens == shipped.settings.window_tokens
    assert metrics["start"]["own"]["sessions"] == metrics["development"]["own"]["sessions"] == 2
    tagger = action_recs.Tagger.from_pretrained(review=tmp_path / "run")
    assert len(tagger.tag(TALK).utterances) == 3


def test_own_sessions_are_mixed_with_the_projects(tiny_base, own, annotations, tmp_path):
    config = settings(tiny_base, mix={"own": 1, "contrast": 0.5}, evaluate_on=["own", "contrast"])
    metrics = train(config, Sources(own=(own,), annotations=annotations), tmp_path / "run")
    assert set(metrics["development"]) == {"own", "contrast"}
    assert set(read_json(tmp_path / "run" / "run.json")["data"]["sets"]["train"]) == {"own", "contrast"}


def test_a_step_of_small_batches_is_that_of_a_large_one(tiny_base, own, tmp_path):
    """Tokens count alike in whichever batch they are: the gradient of a step is the same however it is cut."""

    def first(**batches):
        config = settings(tiny_base, passes=1, evaluations=1, recognised=0, wrong_speakers=0, **batches)
        return train(config, Sources(own=(own,)), tmp_path / str(len(list(tmp_path.iterdir()))))["loss"][0]

    import action_recs.training.start as start

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(start, "WITHOUT_DROPOUT", (*start.WITHOUT_DROPOUT, "hidden_dropout_prob"))
        large = first(batch_windows=100)
        small = first(batch_windows=2, step_tokens=10**6)
    assert small["loss"] == pytest.approx(large["loss"], rel=1e-4)
    assert small["grad_norm"] == pytest.approx(large["grad_norm"], rel=1e-3)


@pytest.fixture
def unmarked(own, tmp_path):
    """The same clients, nothing marked."""
    import re

    folder = tmp_path / "unmarked"
    folder.mkdir()
    for path in own.iterdir():
        text = re.sub(r"</?(rec|review)[^>]*>\n?", "", path.read_text(encoding="utf-8"))
        (folder / path.name).write_text(text, encoding="utf-8")
    return folder


def test_sessions_without_a_label_are_refused(tiny_base, unmarked, own, tmp_path):
    for sources, changed, words in (
        (Sources(own=(unmarked,)), {}, "no review is marked in the training sessions"),
        (Sources(own=(own / "k0.txt",), development=(unmarked / "k1.txt",)), {}, "development sessions of own"),
        (Sources(own=(own / "k0.txt", unmarked / "k1.txt")), {"folds": 2}, "one fold holds every review"),
    ):
        with pytest.raises(ConfigError, match=words):
            train(settings(tiny_base, **changed), sources, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_one_client_cannot_be_divided(tiny_base, own, tmp_path):
    sources = Sources(own=(own / "k0.txt",))
    with pytest.raises(ConfigError, match="all sessions are of one client"):
        train(settings(tiny_base), sources, tmp_path / "run")
    with pytest.raises(ConfigError, match="folds: all sessions are of one client"):
        train(settings(tiny_base, folds=5), sources, tmp_path / "run")
    with pytest.raises(ConfigError, match=r"of 2 clients.*folds=2"):
        train(settings(tiny_base, folds=5), Sources(own=(own / "k0.txt", own / "k1.txt")), tmp_path / "run")
    with pytest.raises(ConfigError, match="shares clients"):
        train(settings(tiny_base), Sources(own=(own,), development=(own / "k0.txt",)), tmp_path / "run")


def test_spans_that_no_window_can_hold_are_named(tiny_base, own, tmp_path):
    long = tmp_path / "long.txt"
    long.write_text(
        f"# session: long-s1 | modality: CBT\nC: Hello.\n"
        f'T: Good. <rec id="r1" form="casual" category="take_action">{"walk " * 29}walk</rec>.\n',
        encoding="utf-8",
    )
    config = settings(tiny_base, Task.RECOMMENDATION, window_tokens=32)
    place = "session long-s1, utterance 1, characters 6 to 155: 30 tokens.*raise window_tokens"
    with pytest.raises(ConfigError, match=place):
        train(config, Sources(own=(own, long)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_of_the_wrong_task_is_refused(runs, own, tmp_path):
    with pytest.raises(ModelError, match="wrong task, recommendation; start from a review checkpoint"):
        train(settings(runs / "recommendation"), Sources(own=(own,)), tmp_path / "run")


@pytest.mark.parametrize(
    ("changed", "sources", "words"),
    [
        ({}, Sources(), "is what --data names"),
        ({"mix": {"contrast": 1}, "evaluate_on": ["contrast"]}, Sources(own=(Path("x"),)), "lacks own"),
        ({}, Sources(own=(Path("absent"),)), "absent: no such file"),
        ({"window_tokens": "auto", "batch_tokens": 96}, None, "batch_tokens: 96 is less than one window of 128 tokens"),
        ({"precision": "fp16"}, None, "fp16 needs a GPU"),
        ({"lora": {"targets": ["quary"]}}, None, "no layer quary"),
        ({"mix": {"own": 1, "unlabelled": 1}, "distill": {"teachers": ["shipped"]}}, None, "--unlabelled"),
    ],
    ids=["no data", "not in the mix", "absent", "batches", "fp16", "targets", "unlabelled"],
)
def test_what_cannot_be_trained_is_said(tiny_base, own, tmp_path, changed, sources, words):
    if words.startswith("fp16") and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ConfigError, match=words):
        train(settings(tiny_base, **changed), sources or Sources(own=(own,)), tmp_path / "run")


def test_running_out_of_memory_names_the_settings_before_the_first_step(tiny_base, own, tmp_path, monkeypatch):
    import action_recs.training.trainer as trainer

    def full(*_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(trainer, "rehearse", full)
    with pytest.raises(ConfigError, match=r"out of memory with 2 windows.*batch_tokens.*window_tokens"):
        train(settings(tiny_base), Sources(own=(own,)), tmp_path / "run")
    assert not any((tmp_path / "run").glob("checkpoints/*"))


def test_the_projects_sessions_are_not_in_the_package(tiny_base, own, tmp_path, monkeypatch):
    import action_recs.training.data as data

    monkeypatch.setattr(data.action_recs, "__file__", str(tmp_path / "site-packages" / "action_recs" / "__init__.py"))
    with pytest.raises(ConfigError, match="--annotations"):
        train(settings(tiny_base, mix={"own": 1, "contrast": 1}), Sources(own=(own,)), tmp_path / "run")


def test_two_annotators_versions_stay_together(annotations, tmp_path, tiny_base):
    from dataclasses import replace

    from action_recs.annotation.loading import write_annotations
    from action_recs.training.data import gather

    sessions = read_folder(annotations / "corpus")
    both = [replace(each, annotator=name) for each in sessions for name in ("one", "two")]
    write_annotations(both, tmp_path / "both.jsonl", "jsonl")
    data = gather(settings(tiny_base, development_share=0.5), Sources(own=(tmp_path / "both.jsonl",)))
    train_ids, development_ids = ({each.id for each in part["own"]} for part in (data.train, data.development))
    assert not train_ids & development_ids
    assert len(data.train["own"]) + len(data.development["own"]) == len(both)


def test_they_are_measured_and_compared_with_the_shipped_ones(runs, own):
    found = evaluate_files(runs, [own], other="shipped").results
    for task in Task:
        differences = found[task.value]["comparison"]["utterance"]["f1"]
        assert 0 <= differences["own"] <= 1
        assert differences["difference"]["value"] == pytest.approx(differences["own"] - differences["other"], abs=1e-4)


def test_one_checkpoint_tags_beside_the_shipped_other(runs):
    tagger = action_recs.Tagger.from_pretrained(runs / "review")
    assert tagger.review.settings.window_tokens == 64
    shipped = load_checkpoint(SHIPPED / "recommendation", Task.RECOMMENDATION)
    assert tagger.recommendation.settings == shipped.settings


@pytest.mark.slow
@pytest.mark.parametrize("extra", [["passes=4"], ["folds=2", "step_tokens=300"]], ids=["development", "folds"])
def test_two_processes_train_one_model(tiny_base, own, tmp_path, extra):
    """As accelerate launch starts them on several devices: by torchrun."""
    path = tmp_path / "two.yaml"
    small = {"task": "review", "base": str(tiny_base), "mix": {"own": 1}, "window_tokens": 64, "batch_windows": 2}
    path.write_text(json.dumps(small), encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(SCRIPT)]
    command += [str(path), "--data", str(own), "--output", str(tmp_path / "run")]
    command += [part for each in extra for part in ("--set", each)]
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    environment["PYTHONPATH"] = str(SCRIPT.parent.parent)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    assert read_json(tmp_path / "run" / "run.json")["processes"] == 2
    assert load_checkpoint(tmp_path / "run", Task.REVIEW).settings.window_tokens == 64
