"""training/joint.py: two checkpoints on one encoder."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from recipes import SHORT, script
from safetensors.torch import load_file
from tiny_encoders import save_encoder

import action_recs
from action_recs.annotation.collection import read_folder
from action_recs.checkpoint import Task, load_checkpoint, save_checkpoint
from action_recs.decoding import TokenScores
from action_recs.errors import ConfigError, OutputError
from action_recs.training.config import config_from
from action_recs.training.distillation import Teachers
from action_recs.training.joint import (
    JointLoss,
    apart,
    both_labels,
    divided,
    likeliest_of_both,
    own_top,
    start_joint,
)
from action_recs.training.joint_distillation import JointTeachers
from action_recs.training.labels import piece_labels
from action_recs.training.loss import TokenLoss
from action_recs.training.start import base_of, start_model
from action_recs.training.teachers_memory import Said, TeachersMemory
from action_recs.transcript import Role, Transcript, Utterance
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
        ({"distill": {"teachers": ["shipped"], "hidden": 0.5}}, "distill.hidden"),
        ({"distill": {"teachers": ["absent"]}}, "absent does not hold"),
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


def test_teachers_of_both_say_what_the_teachers_of_each_say(models, annotations, tmp_path):
    other = save_encoder("roberta", tmp_path / "roberta")
    for task in Task:
        save_checkpoint(start_model(str(other), task, window_tokens=96, overlap_tokens=24), tmp_path / task.value)
    talk = read_folder(annotations / "corpus")[0].transcript
    pieces = tokenize(talk, load_checkpoint(models / "review", Task.REVIEW).tokenizer, window_tokens=64)
    both = JointTeachers.load([str(models), str(tmp_path)])(talk, pieces)
    for task in Task:
        folders = [str(models / task.value), str(tmp_path / task.value)]
        of_one = Teachers.load(folders, task)(talk, pieces)
        for rows, expected in zip(both, of_one, strict=True):
            assert np.allclose(rows[:, own_top(task)], expected, atol=0.02), "in half precision"
    assert [bool(rows[1:, :5].any()) for rows in both] == [piece.role is Role.THERAPIST for piece in pieces]


def test_what_teachers_said_is_remembered_without_the_text(models, annotations, tmp_path, monkeypatch):
    talk = read_folder(annotations / "corpus")[0].transcript
    pieces = tokenize(talk, load_checkpoint(models / "review", Task.REVIEW).tokenizer, window_tokens=64)
    folder = tmp_path / "memory"
    first = JointTeachers.load([str(models)], memory=folder)(talk, pieces)
    (file,) = folder.iterdir()
    assert not any(each.text.encode() in file.read_bytes() for each in talk.utterances if len(each.text) > 5)
    again = JointTeachers.load([str(models)], memory=folder)
    longer = Path(shutil.copytree(models, tmp_path / "longer", ignore=shutil.ignore_patterns("manifest.json")))
    wider = load_checkpoint(longer / "recommendation", Task.RECOMMENDATION)
    save_checkpoint(replace(wider, settings=replace(wider.settings, overlap_tokens=1)), longer / "recommendation")
    others = [JointTeachers.load(each, memory=folder) for each in ([str(models)] * 2, [str(longer)])]

    class ReadAnewError(Exception):
        pass

    def reading(*_, **__):
        raise ReadAnewError

    monkeypatch.setattr("action_recs.training.joint_distillation.start_scoring", reading)
    assert all(np.array_equal(one, other) for one, other in zip(first, again(talk, pieces), strict=True))
    for each in others:
        with pytest.raises(ReadAnewError):
            each(talk, pieces)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ReadAnewError):
        again(talk, pieces)


@pytest.mark.parametrize("texts", [[], [""], ["half a character \ud83d", "", "Go on."]])
def test_the_memory_gives_back_what_it_was_given(tmp_path, texts):
    talk = Transcript([Utterance(Role.THERAPIST, each) for each in texts])
    tokens = [
        TokenScores(np.full((len(each), 5), 0.2, np.float32), [(at, at + 1) for at in range(len(each))])
        for each in texts
    ]
    said = Said([tokens, tokens[::-1]], np.full((len(texts), 3), 1 / 3))
    memory = TeachersMemory(tmp_path / "memory", "these", count=2)
    assert memory.get(talk) is None
    memory.put(talk, said)
    found = memory.get(talk)
    assert np.array_equal(found.reviews, said.reviews)
    for given, kept in zip(said.tokens, found.tokens, strict=True):
        for one, other in zip(given, kept, strict=True):
            assert np.array_equal(one.classes, other.classes)
            assert one.offsets == other.offsets
    (file,) = (tmp_path / "memory").iterdir()
    whole = dict(np.load(file))
    for name, each in whole.items():
        for spoilt in (None, np.append(each, each[:1], axis=0) if len(each) else np.ones((1, *each.shape[1:]))):
            np.savez(file, **{key: value for key, value in (whole | {name: spoilt}).items() if value is not None})
            assert memory.get(talk) is None, name


def test_a_memory_forgets_its_own_files_only(tmp_path):
    folder = tmp_path / "memory"
    memory = TeachersMemory(folder, "these", count=0)
    said = Said([], np.zeros((0, 3)))
    memory.put(Transcript([]), said)
    (folder / f".{'0' * 64}.npz.part").write_bytes(b"")
    (folder / "notes.npz").write_bytes(b"")
    memory.forget()
    assert [each.name for each in folder.iterdir()] == ["notes.npz"]
    (folder / "notes.npz").unlink()
    memory.put(Transcript([]), said)
    memory.forget()
    assert not folder.exists()
    memory.forget()


def test_a_memory_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    memory = TeachersMemory(tmp_path / "file" / "memory", "these", count=0)
    with pytest.raises(OutputError, match="cannot be made"):
        memory.put(Transcript([]), Said([], np.zeros((0, 3))))


def test_teachers_move_the_student(joint_run, models, tiny_base, annotations, tmp_path):
    run(settings(tiny_base, distill={"teachers": [str(models)], "soft": 0.9}), annotations, tmp_path / "run")
    alone, taught = weights(joint_run), weights(tmp_path / "run")
    for task in Task:
        assert not alone[task]["classifier.weight"].equal(taught[task]["classifier.weight"])
    assert not (tmp_path / "run" / "teachers_said").exists()  # it tells of the sessions


@pytest.mark.parametrize("task", Task)
def test_one_checkpoint_is_no_teacher_of_both(models, tmp_path, task):
    alone = Path(shutil.copytree(models / task.value, tmp_path / "alone"))
    for other in Task:  # whatever lies below it
        shutil.copytree(models / other.value, alone / other.value)
    with pytest.raises(ConfigError, match="does not hold"):
        JointTeachers.load([str(alone)])


def test_a_run_may_lie_below_the_encoder_that_it_begins_with(tiny_base, annotations, tmp_path):
    base = Path(shutil.copytree(tiny_base, tmp_path / "encoder"))
    run(settings(base), annotations, base / "review")
    assert (base / "review" / "review" / "metrics.json").is_file()
    assert base_of(str(base), Task.REVIEW) == str(base)


def test_the_loss_of_both_is_that_of_each_with_its_own_teachers():
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 4, 8), torch.tensor([[-100, 1, 3, 5], [0, 7, 17, -100]])
    soft = torch.cat([torch.rand(2, 4, 5).softmax(-1), torch.rand(2, 4, 3).softmax(-1)], dim=-1)
    batch = {"labels": labels, "soft": soft, "labelled": torch.tensor([True, False])}
    of_one = TokenLoss(soft=0.4, temperature=2.0)
    each = {
        task: of_one(
            logits[..., own_top(task)],
            {"labels": of, "soft": soft[..., own_top(task)], "labelled": batch["labelled"]},
            torch.tensor(3),
        )
        for task, of in apart(labels).items()
    }
    found = JointLoss(recommendations=2.0, of_one=of_one)(logits, batch, torch.tensor(3))
    assert torch.allclose(found, 2 * each[Task.RECOMMENDATION] + each[Task.REVIEW])
    without = JointLoss()(logits, {"labels": labels}, torch.tensor(3))
    assert not torch.allclose(found, without)


def test_what_teachers_hold_for_likeliest_is_taken_apart_again():
    rows = np.array([[0.1, 0.1, 0.7, 0.1, 0, 0.9, 0.1, 0], [0, 0, 0, 0, 0, 0.1, 0.2, 0.7]])
    found = apart(torch.tensor(likeliest_of_both(rows)))
    assert {task: of.tolist() for task, of in found.items()} == {Task.RECOMMENDATION: [2, -100], Task.REVIEW: [0, 2]}


def test_a_student_of_a_pair_learns_from_talk_that_nobody_marked(models, tiny_base, annotations, tmp_path):
    talk = tmp_path / "talk.txt"
    talk.write_text("Therapist: How did it go?\nClient: Okay.\nTherapist: You could walk again this week.\n" * 4)
    learning = settings(tiny_base, mix={"authored": 1, "unlabelled": 1}, distill={"teachers": ["absent"], "soft": 0.5})
    run(learning, annotations, tmp_path / "run", "--teachers", str(models), "--unlabelled", str(talk))
    tagger = action_recs.Tagger.from_pretrained(tmp_path / "run")
    assert tagger.scorers[0].encoder is tagger.scorers[1].encoder
    assert len(tagger.tag(TALK).utterances) == 3


def test_an_adapter_over_two_encoders_is_refused(models, annotations, tmp_path):
    pair = Path(shutil.copytree(models, tmp_path / "pair", ignore=shutil.ignore_patterns("manifest.json")))
    moved = load_checkpoint(pair / "review", Task.REVIEW)
    with torch.no_grad():
        moved.model.bert.embeddings.word_embeddings.weight.add_(1.0)
    action_recs.Tagger(load_checkpoint(pair / "recommendation", Task.RECOMMENDATION), moved).save_pretrained(pair)
    with pytest.raises(SystemExit, match="not one encoder"):
        run(settings(pair, lora={"r": 2}), annotations, tmp_path / "run")


def test_an_adapter_over_a_folder_of_two_checkpoints_finds_its_own(joint_run, annotations, tmp_path):
    run(settings(joint_run, lora={"r": 2}), annotations, tmp_path / "run")
    for task in Task:
        record = json.loads((tmp_path / "run" / task.value / "config.json").read_text(encoding="utf-8"))
        assert record["action_recs"]["adapter"]["base"] == str(joint_run / task.value)
    tagger = action_recs.Tagger.from_pretrained(tmp_path / "run")
    assert len(tagger.tag(TALK).utterances) == 3
    with pytest.raises(OutputError, match="holds an adapter"):
        tagger.save_pretrained(tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "recommendation")
    with pytest.raises(OutputError, match="holds an adapter"):
        tagger.save_pretrained(tmp_path / "run")
    assert not (tmp_path / "run" / "recommendation").exists()
    assert load_checkpoint(tmp_path / "run" / "review", Task.REVIEW)
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    record = (tmp_path / "run" / "run.json").read_bytes()
    with pytest.raises(SystemExit, match="holds an adapter"):
        run(settings(joint_run), annotations, tmp_path / "run")
    assert (tmp_path / "run" / "run.json").read_bytes() == record
