"""Weights that are not the ones that were written are not read."""

import json
import shutil
from pathlib import Path

import pytest

from action_recs import ModelError, Tagger, role_model
from action_recs.checkpoint import SHIPPED, Task, load_checkpoint
from action_recs.linking.model import load_linking_model
from action_recs.manifest import check_manifest, write_manifest

COVERED = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


@pytest.fixture
def folder(models, tmp_path):
    return Path(shutil.copytree(models / "review", tmp_path / "review"))


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_saving_writes_it_for_every_file_that_is_read(folder):
    listed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert tuple(listed) == COVERED
    assert check_manifest(folder) is True


@pytest.mark.parametrize("name", COVERED)
@pytest.mark.parametrize("where", [0, 0.5, 0.999])
def test_one_changed_bit_is_refused_with_the_file(folder, name, where):
    flip(folder / name, int(where * (folder / name).stat().st_size))
    with pytest.raises(ModelError, match=rf"{name}: is not the file that was written"):
        load_checkpoint(folder, Task.REVIEW)


def test_a_cut_file_is_refused(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelError, match="is not the file"):
        load_checkpoint(folder, Task.REVIEW)


def test_a_listed_file_that_is_gone_is_refused(folder):
    (folder / "vocab.txt").write_text("a")
    write_manifest(folder)
    (folder / "vocab.txt").unlink()
    with pytest.raises(ModelError, match=r"vocab\.txt is missing"):
        load_checkpoint(folder, Task.REVIEW)


@pytest.mark.parametrize(
    "name",
    ["added_tokens.json", "vocab.txt", "own.py", "pytorch_model.bin", "special_tokens_map.json"],
)
def test_an_added_file_that_could_be_read_is_refused(folder, name):
    (folder / name).write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match=rf"{name} was added"):
        load_checkpoint(folder, Task.REVIEW)


@pytest.mark.parametrize(
    "name", ["README.md", "metrics.json", "training_config.json", "run.log", ".DS_Store", "checkpoints/a/optimizer.pt"]
)
def test_cards_and_records_may_come_and_go(folder, name):
    (folder / name).parent.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text("more", encoding="utf-8")
    assert load_checkpoint(folder, Task.REVIEW).settings.task is Task.REVIEW


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"files": []}', '{"files": {"config.json": null}}', "\udcff"]
)
def test_a_broken_manifest_is_refused(folder, content):
    (folder / "manifest.json").write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ModelError, match=r"manifest\.json"):
        load_checkpoint(folder, Task.REVIEW)


def test_a_folder_of_another_maker_has_none_and_is_loaded(folder):
    (folder / "manifest.json").unlink()
    assert check_manifest(folder) is False
    assert load_checkpoint(folder, Task.REVIEW).settings.task is Task.REVIEW


def test_a_folder_below_answers_for_itself(folder):
    inner = folder / "other"
    inner.mkdir()
    (inner / "weights.json").write_text("1", encoding="utf-8")
    write_manifest(inner)
    assert check_manifest(folder) is True
    (inner / "weights.json").write_text("2", encoding="utf-8")
    assert check_manifest(folder) is True
    with pytest.raises(ModelError, match=r"weights\.json"):
        check_manifest(inner)


@pytest.mark.parametrize("folder", [SHIPPED, *(path.parent for path in sorted(SHIPPED.glob("*/manifest.json")))])
def test_what_ships_is_what_its_manifest_says(folder):
    assert check_manifest(folder, required=True)


def test_every_shipped_folder_of_weights_has_one():
    assert [each.name for each in SHIPPED.iterdir() if each.is_dir() and not (each / "manifest.json").is_file()] == []


def test_shipped_weights_without_manifest_are_refused(models, tmp_path, monkeypatch):
    shutil.copytree(models, tmp_path / "models", ignore=shutil.ignore_patterns("manifest.json"))
    monkeypatch.setattr("action_recs.checkpoint.SHIPPED", tmp_path / "models")
    with pytest.raises(ModelError, match=r"manifest\.json is missing; install"):
        Tagger.from_pretrained()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_what_links_is_compared_when_it_is_loaded(tmp_path, name):
    folder = Path(shutil.copytree(SHIPPED / "linking", tmp_path / "linking"))
    flip(folder / name, 3000)
    with pytest.raises(ModelError, match=rf"{name}: is not the file that was written"):
        load_linking_model(folder)


def test_what_tells_the_roles_is_compared_too(tmp_path, monkeypatch):
    for name in ("roles.json", "manifest.json"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    monkeypatch.setattr(role_model, "SHIPPED", tmp_path / "roles.json")
    fresh = role_model.shipped_model.__wrapped__
    assert fresh().threshold == role_model.shipped_model().threshold
    flip(tmp_path / "roles.json", 5000)
    with pytest.raises(ModelError, match=r"roles\.json: is not the file that was written"):
        fresh()
