"""Exported models: written whole, compared with their origin, and read like any other."""

import json

import numpy as np
import pytest

import action_recs
from action_recs import ModelError, OutputError, Tagger
from action_recs.onnx_export import export_models

pytest.importorskip("onnx_ir")
pytest.importorskip("onnxruntime")

TALK = [
    ("therapist", "How did it go this week?"),
    ("client", "Okay."),
    ("therapist", "Maybe you could walk again, that was good for you. Call her!"),
    ("client", "I went in. Twice."),
    ("other", ""),
] * 12

TASKS = ("recommendation", "review")


@pytest.fixture(scope="module")
def exported(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports") / "fp32"
    return folder, export_models(folder, models)


def test_an_exported_tagger_tags_as_the_one_it_was_made_from(exported, models):
    folder, compared = exported
    assert compared.largest_difference < 1e-5
    (one, other) = (
        action_recs.tag(TALK, tagger=Tagger.from_pretrained(path, precision="fp32")) for path in (folder, models)
    )
    assert [each.labels for each in one.utterances] == [each.labels for each in other.utterances]
    for each, expected in zip(one.utterances, other.utterances, strict=True):
        assert each.scores == pytest.approx(expected.scores, abs=1e-5)
    assert (
        repr(Tagger.from_pretrained(folder)) == "Tagger(Scorer(recommendation, onnx, fp32), Scorer(review, onnx, fp32))"
    )


def test_eight_bit_integers_stay_near(exported, models, tmp_path):
    assert export_models(tmp_path / "int8", models, int8=True).largest_difference > 0
    tagger = Tagger.from_pretrained(tmp_path / "int8")
    assert "onnx, int8" in repr(tagger)
    one, other = (action_recs.tag(TALK, tagger=each) for each in (tagger, Tagger.from_pretrained(exported[0])))
    scores = [[list(each.scores.values()) for each in session.utterances] for session in (one, other)]
    assert np.abs(np.subtract(*scores)).mean() < 0.03


def test_one_checkpoint_is_exported_beside_the_shipped_one(models, tmp_path):
    export_models(tmp_path / "out", models / "review")
    names = {each: json.loads((tmp_path / "out" / each / "config.json").read_text())["hidden_size"] for each in TASKS}
    assert names == {"recommendation": 384, "review": 32}


def test_what_is_there_is_not_written_over(tmp_path, models):
    (tmp_path / "kept.txt").write_text("kept")
    with pytest.raises(OutputError, match="holds something"):
        export_models(tmp_path, models)
    assert (tmp_path / "kept.txt").read_text() == "kept"


def test_models_that_are_not_there_leave_nothing_behind(tmp_path):
    with pytest.raises(ModelError, match="no such folder"):
        export_models(tmp_path / "out", tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []


def test_exported_models_are_refused_where_they_cannot_serve(exported, tmp_path):
    folder, _ = exported
    with pytest.raises(ModelError, match="exported as fp32"):
        Tagger.from_pretrained(folder, precision="bf16")
    with pytest.raises(ModelError, match="load the checkpoint that it was made from"):
        Tagger.from_pretrained(folder).save_pretrained(tmp_path / "saved")


@pytest.mark.parametrize("name", ["model.onnx", "config.json"])
def test_a_damaged_export_is_named(exported, tmp_path, name):
    import shutil

    folder = shutil.copytree(exported[0], tmp_path / "models")
    broken = folder / "review" / name
    if name == "config.json":
        record = json.loads(broken.read_text())
        broken.write_text(json.dumps({key: record[key] for key in record if key != "onnx"}))
    else:
        broken.write_bytes(broken.read_bytes()[:500])
    with pytest.raises(ModelError, match=rf"review/{name}: is not the file that was written"):
        Tagger.from_pretrained(folder)
    (folder / "review" / "manifest.json").unlink()
    with pytest.raises(ModelError, match="review: the exported model cannot be loaded"):
        Tagger.from_pretrained(folder)
