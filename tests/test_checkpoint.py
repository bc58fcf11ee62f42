"""Model folders: what is refused, and how."""

import json
import pickle
import re
import shutil

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from action_recs import ModelError, Tagger
from action_recs.checkpoint import SHIPPED, ReadingSettings, Task, load_checkpoint
from action_recs.decoding import DecodingSettings


def change_config(folder, **values):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values), encoding="utf-8")


def foreign_weights(folder):
    save_file({"foreign.weight": torch.zeros(3, 3)}, folder / "model.safetensors", metadata={"format": "pt"})


def other_classifier(folder):
    weights = load_file(folder / "model.safetensors")
    weights["classifier.weight"] = torch.zeros(9, 32)
    weights["classifier.bias"] = torch.zeros(9)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def settings_of(folder, **values):
    change_config(folder, action_recs=json.loads((folder / "config.json").read_text())["action_recs"] | values)


DAMAGES = {
    "no weights": (lambda f: (f / "model.safetensors").unlink(), ["model.safetensors is missing"]),
    "no config": (lambda f: (f / "config.json").unlink(), ["config.json is missing"]),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), ["tokenizer.json is missing"]),
    "nothing": (lambda f: [each.unlink() for each in f.iterdir()], ["config.json, model.safetensors, tokenizer.json"]),
    "weights cut short": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:1000]),
        ["cannot be loaded", "again"],
    ),
    "weights are no safetensors": (
        lambda f: (f / "model.safetensors").write_bytes(pickle.dumps({"a": 1})),
        ["cannot be loaded"],
    ),
    "weights of another model": (foreign_weights, []),
    "weights with other classes": (other_classifier, []),
    "config is no JSON": (lambda f: (f / "config.json").write_text("{"), ["config.json", "not a checkpoint of ours"]),
    "config is a list": (lambda f: (f / "config.json").write_text("[]"), ["config.json", "not a checkpoint of ours"]),
    "config of another library": (lambda f: change_config(f, action_recs=None), ["config.json", "action-recs train"]),
    "settings of no task": (lambda f: settings_of(f, task="sentiment"), ["config.json", "action-recs train"]),
    "settings of the other task": (lambda f: settings_of(f, task="review"), ["a review checkpoint where"]),
    "windows beyond the encoder": (lambda f: settings_of(f, window_tokens=4096), []),
    "unknown architecture": (lambda f: change_config(f, model_type="nonesuch"), ["cannot be loaded"]),
    "other labels": (
        lambda f: change_config(f, id2label={str(n): f"L{n}" for n in range(5)}),
        ["config.json", "labels"],
    ),
    "tokenizer is no JSON": (lambda f: (f / "tokenizer.json").write_text("{"), ["cannot be loaded"]),
    "tokenizer without markers": (
        lambda f: (f / "tokenizer.json").write_text(
            (f / "tokenizer.json").read_text(encoding="utf-8").replace("[THERAPIST]", "[DOCTOR]"), encoding="utf-8"
        ),
        [],
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_foreign_folder_is_refused_with_its_path(own_models, damage):
    break_it, words = DAMAGES[damage]
    folder = own_models / "recommendation"
    break_it(folder)
    with pytest.raises(ModelError) as caught:
        Tagger.from_pretrained(own_models)
    assert [word for word in [str(folder), *words] if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_refused_with_its_path(tmp_path):
    with pytest.raises(ModelError, match=r"absent/recommendation: no such folder; give"):
        Tagger.from_pretrained(tmp_path / "absent")
    with pytest.raises(ModelError, match=r"absent: no such folder; give"):
        Tagger.from_pretrained(recommendation=tmp_path / "absent")


def test_where_one_of_both_is_missing_the_way_to_use_the_other_is_said(own_models):
    shutil.rmtree(own_models / "recommendation")
    alone = re.escape(str(own_models / "review"))
    with pytest.raises(ModelError, match=rf"recommendation: no such folder; .*, or {alone} alone, to use the shipped"):
        Tagger.from_pretrained(own_models)


def test_swapped_checkpoints_are_refused(models):
    with pytest.raises(ModelError, match="a review checkpoint where a recommendation checkpoint is needed"):
        Tagger.from_pretrained(recommendation=models / "review", review=models / "recommendation")


@pytest.mark.parametrize("device", ["nonesuch", "cuda:99"])
def test_a_device_that_is_not_there_is_named(models, device):
    with pytest.raises(ModelError, match=device):
        Tagger.from_pretrained(models, device=device)


class Bomb:
    """Raises when it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("weights were unpickled",)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.ckpt"])
def test_weights_are_never_unpickled(own_models, name):
    folder = own_models / "recommendation"
    (folder / name).write_bytes(pickle.dumps(Bomb()))
    assert load_checkpoint(folder, Task.RECOMMENDATION).settings.task is Task.RECOMMENDATION
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors is missing"):
        load_checkpoint(folder, Task.RECOMMENDATION)


def test_code_in_a_checkpoint_is_never_run(own_models):
    folder = own_models / "recommendation"
    (folder / "own.py").write_text("raise SystemExit('code of a checkpoint was run')", encoding="utf-8")
    own = {"AutoConfig": "own.Config", "AutoModelForTokenClassification": "own.Model"}
    change_config(folder, auto_map=own, model_type="own")
    with pytest.raises(ModelError, match="names code"):
        load_checkpoint(folder, Task.RECOMMENDATION)


@pytest.mark.parametrize("task", Task)
def test_weights_are_saved_in_half_precision_with_the_tasks_classes_and_settings(models, task):
    with safe_open(models / task.value / "model.safetensors", "pt") as weights:
        assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.float16}  # noqa: SIM118
    config = json.loads((models / task.value / "config.json").read_text(encoding="utf-8"))
    assert tuple(config["id2label"].values()) == task.classes
    assert config["action_recs"] == {
        "task": task.value,
        "window_tokens": 64,
        "overlap_tokens": 24,
        "decoding": {"threshold": 0.5, "floor": 0.3, "split": 0.5},
    }


def test_settings_go_to_a_record_and_back():
    settings = ReadingSettings(Task.REVIEW, 100, 20, DecodingSettings(0.6, 0.2, 0.7))
    assert ReadingSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_the_shipped_models_lie_in_the_package():
    assert SHIPPED.parts[-2:] == ("action_recs", "models")
