"""training/joint.py: two checkpoints on one encoder."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from recipes import SHORT, script
from safetensors.torch import load_file

import action_recs
from action_recs.annotation.collection import read_folder
from action_recs.checkpoint import Task, load_checkpoint
from action_recs.training.config import config_from
from action_recs.training.joint import apart, both_labels, divided, start_joint
from action_recs.training.labels import piece_labels
from action_recs.windows import tokenize

TALK = [("therapist", "How did it go?"), ("client", "Good."), ("therapist", "Maybe you could walk again.")]


def settings(base, /, **changed):
    return {
        "task": "review",
        "base": str(base),
        "mix": {"authored": 2, "contrast": 1},
        **SHORT,
    } | changed


def run(config, annotations, output, *more):
    path = output.with_suffix(".yaml")
    path.write_text(json.dumps(config), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            sys, "argv", ["joint.py", *map(str, (path, "--output", output, "--annotations", annotations)), *more]
        )
        script("joint").main()


@pytest.fixture(scope="module")
def joint_run(tiny_base, annotations, tmp_path_factory):
    folder = tmp_path_factory.mktemp("joint") / "run"
    run(settings(tiny_base), annotations, folder)
    return folder


def weights(folder):
    return {task: load_file(folder / task.value / "model.safetensors") for task in Task}


def test_the_two_checkpoints_differ_in_their_last_layer_only(joint_run, models):
    ones, others = weights(joint_run).values()
    differing = {name for name in ones if ones[name].shape != others[name].shape or not ones[name].equal(others[name])}
    assert differing == {"classifier.weight", "classifier.bias"}
    begun = weights(models)[Task.REVIEW]  # the same encoder, untrained
    assert not all(each.equal(ones[name]) for name, each in begun.items() if name not in differing)


def test_they_tag(joint_run):
    tagger = action_recs.Tagger.from_pretrained(joint_run)
    session = action_recs.tag(TALK, tagger=tagger)
    assert [(each.role.value, each.text) for each in session.utterances] == TALK


@pytest.mark.parametrize("task", Task)
def test_each_has_its_figures_and_its_card(joint_run, task):
    folder = joint_run / task.value
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics["development"]) == {"contrast", "authored"}
    for entry in metrics["history"]:
        means = [entry[f"eval_{each.value}_f1"] for each in Task]
        assert entry["eval_f1"] == pytest.approx(sum(means) / 2)
    assert f"# {task.value} model" in (folder / "README.md").read_text(encoding="utf-8")
    assert (joint_run / "run.json").is_file()


def test_a_stopped_run_goes_on_to_the_same_weights(joint_run, tiny_base, annotations, tmp_path):
    folder = Path(shutil.copytree(joint_run, tmp_path / "run"))
    saved = sorted((folder / "checkpoints").glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2]))
    shutil.rmtree(saved[-1])
    for task in Task:
        shutil.rmtree(folder / task.value)
    run(settings(tiny_base), annotations, folder, "--resume")
    for task, whole in weights(joint_run).items():
        assert all(each.equal(whole[name]) for name, each in weights(folder)[task].items())


def test_one_number_says_the_classes_of_both_tasks(annotations, tokenizer):
    for session in read_folder(annotations / "corpus"):
        pieces = tokenize(session.transcript, tokenizer, window_tokens=64)
        joint = [number for piece in both_labels(session, pieces) for number in piece]
        found = apart(torch.tensor(joint))
        for task in Task:
            assert found[task].tolist() == [each for piece in piece_labels(session, pieces, task) for each in piece]


def test_it_begins_in_the_middle_between_two_checkpoints(models, tmp_path):
    pair = Path(shutil.copytree(models, tmp_path / "pair", ignore=shutil.ignore_patterns("manifest.json")))
    moved = load_checkpoint(pair / "review", Task.REVIEW)
    with torch.no_grad():
        moved.model.bert.embeddings.word_embeddings.weight.add_(1.0)
    action_recs.Tagger(load_checkpoint(pair / "recommendation", Task.RECOMMENDATION), moved).save_pretrained(pair)
    joint = start_joint(config_from(settings(pair), source="here"))
    before = weights(pair)
    name = "bert.embeddings.word_embeddings.weight"
    middle = (before[Task.RECOMMENDATION][name].float() + before[Task.REVIEW][name].float()) / 2
    assert torch.allclose(joint.model.state_dict()[name], middle)
    for task, each in divided(joint).items():
        assert each.settings.task is task
        assert each.model.state_dict()["classifier.weight"].equal(before[task]["classifier.weight"].float())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"lora": {"r": 2, "targets": ["no_such_layer"]}}, "no_such_layer"),
        ({"class_weights": "balanced"}, "class_weights"),
        ({"decoding": {"threshold": 0.5, "floor": 0.1, "split": 0.5}}, "decoding"),
        ({"mix": {"encounters": 1}}, "no review is marked"),
        ({"base": "absent-encoder"}, "absent-encoder"),
    ],
)
def test_what_cannot_end_well_is_told_before_the_first_step(tiny_base, annotations, tmp_path, changed, words):
    with pytest.raises(SystemExit, match=words):
        run(settings(tiny_base, **changed), annotations, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_checkpoints_of_two_vocabularies_are_refused(models, tiny_base, annotations, tmp_path):
    pair = Path(shutil.copytree(models, tmp_path / "pair", ignore=shutil.ignore_patterns("manifest.json")))
    other = load_checkpoint(pair / "review", Task.REVIEW)
    other.tokenizer.add_tokens(["vocabularies"])
    other.model.resize_token_embeddings(len(other.tokenizer))
    first = load_checkpoint(pair / "recommendation", Task.RECOMMENDATION)
    action_recs.Tagger(first, replace(other)).save_pretrained(pair)
    with pytest.raises(SystemExit, match="same vocabulary"):
        run(settings(pair), annotations, tmp_path / "run")


@pytest.mark.parametrize("task", Task)
def test_checkpoints_of_a_joint_run_are_averaged_for_each_task(joint_run, annotations, tmp_path, task):
    saved = list((joint_run / "checkpoints").glob("checkpoint-*"))
    assert len(saved) == 2
    mean = script("average").averaged(task, saved, joint_run / task.value, joint=True).model.state_dict()
    rows = slice(0, 5) if task is Task.RECOMMENDATION else slice(5, 8)
    tops = [load_file(folder / "model.safetensors")["classifier.bias"][rows] for folder in saved]
    assert torch.allclose(mean["classifier.bias"], sum(tops) / 2)


def test_an_adapter_is_trained_for_both_and_lies_in_each_folder(tiny_base, annotations, tmp_path):
    run(settings(tiny_base, lora={"r": 2}), annotations, tmp_path / "run")
    adapters = [load_file(tmp_path / "run" / task.value / "adapter_model.safetensors") for task in Task]
    differing = {name for name in adapters[0] if not torch.equal(*(each[name] for each in adapters))}
    assert differing == {"base_model.model.classifier.weight", "base_model.model.classifier.bias"}
    assert any(bool(each.any()) for name, each in adapters[0].items() if "lora_B" in name)  # they begin as nought
    tagger = action_recs.Tagger.from_pretrained(tmp_path / "run")
    assert tagger.scorers[0].encoder is tagger.scorers[1].encoder
    read = json.loads((tmp_path / "run" / "review" / "metrics.json").read_text(encoding="utf-8"))["development"]
    assert {"authored", "contrast"} <= read.keys()


def test_an_adapter_over_two_encoders_is_refused(models, annotations, tmp_path):
    pair = Path(shutil.copytree(models, tmp_path / "pair", ignore=shutil.ignore_patterns("manifest.json")))
    moved = load_checkpoint(pair / "review", Task.REVIEW)
    with torch.no_grad():
        moved.model.bert.embeddings.word_embeddings.weight.add_(1.0)
    action_recs.Tagger(load_checkpoint(pair / "recommendation", Task.RECOMMENDATION), moved).save_pretrained(pair)
    with pytest.raises(SystemExit, match="not one encoder"):
        run(settings(pair, lora={"r": 2}), annotations, tmp_path / "run")
