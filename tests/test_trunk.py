"""Two models with the same numbers below their classifiers are read in one pass, and say what they say apart."""

import json
import pickle
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_encoders import ENCODERS, save_encoder
from transformers import AutoModelForTokenClassification

from action_recs import Label, Role, Tagger
from action_recs.checkpoint import ReadingSettings, Task
from action_recs.close_calls import CarefulEncoder
from action_recs.encoder import TransformersEncoder, WindowInput

TALK = [
    ("therapist", "How did it go this week?"),
    ("client", "Okay. I went twice, last time we talked about it."),
    ("therapist", "Maybe you could walk again, that was good for you. Call her!"),
    ("other", ""),
    ("client", "Walk, cook " * 30),
] * 25
SHORT = TALK[2:4]


def shared(tagger):
    one, other = tagger.scorers
    return one.encoder is other.encoder and one.exact is other.exact


def same(one, other, near):
    assert [each.labels for each in one.utterances] == [each.labels for each in other.utterances]
    scores = [[list(each.scores.values()) for each in session.utterances] for session in (one, other)]
    np.testing.assert_allclose(*scores, atol=near)


@pytest.fixture(params=["packed", "transformers"])
def engine(request, models, apart, tmp_path):
    """Both folders, as each of the engines reads them."""
    folders = []
    for name, folder in (("models", models), ("apart", apart)):
        folders.append(shutil.copytree(folder, tmp_path / name, ignore=shutil.ignore_patterns("manifest.json")))
        if request.param == "transformers":
            for task in Task:
                path = folders[-1] / task.value / "config.json"
                path.write_text(json.dumps(json.loads(path.read_text()) | {"hidden_act": "gelu_new"}))
    return folders


@pytest.mark.parametrize(("precision", "near"), [("fp32", 1e-5), ("bf16", 0.1)])
def test_one_pass_finds_what_two_passes_find(engine, precision, near):
    together, alone = (Tagger.from_pretrained(folder, precision=precision) for folder in engine)
    assert (shared(together), shared(alone)) == (True, False)
    assert repr(together) == repr(alone)
    same(together.tag(TALK), alone.tag(TALK), near)
    for one, other in zip(
        together.tag_many([TALK, SHORT], batch_tokens=130), alone.tag_many([TALK, SHORT]), strict=True
    ):
        same(one, other, near)


def test_windows_of_other_lengths_are_read_apart(own_models):
    path = own_models / "review" / "config.json"
    config = json.loads(path.read_text())
    config["action_recs"]["overlap_tokens"] = 20
    path.write_text(json.dumps(config))
    assert not shared(Tagger.from_pretrained(own_models))


def test_other_tokens_are_read_apart(own_models):
    path = own_models / "review" / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"normalizer": None}))
    assert not shared(Tagger.from_pretrained(own_models))


def test_what_is_shared_stays_so(tagger):
    assert shared(tagger)
    again = pickle.loads(pickle.dumps(tagger))
    assert shared(again)
    assert again.tag(SHORT) == tagger.tag(SHORT)
    strict = tagger.with_thresholds({Label.REVIEW: 0.9})
    assert strict.scorers[0].encoder is strict.scorers[1].encoder is tagger.scorers[0].encoder
    assert [each.settings.decoding.threshold for each in strict.scorers] == [0.5, 0.9]


def test_each_checkpoint_is_saved_whole(engine, tmp_path):
    folder, _ = engine
    tagger = Tagger.from_pretrained(folder)
    tagger.tag(SHORT)
    tagger.save_pretrained(tmp_path / "saved")
    for task in Task:
        one, other = (load_file(each / task.value / "model.safetensors") for each in (folder, tmp_path / "saved"))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("family", sorted(ENCODERS))
def test_encoders_of_every_family_take_a_second_top(family, tmp_path):
    save_encoder(family, tmp_path)
    one, other = (
        AutoModelForTokenClassification.from_pretrained(tmp_path, num_labels=count).eval() for count in (5, 3)
    )
    other.load_state_dict(
        {name: tensor for name, tensor in one.state_dict().items() if not name.startswith("classifier.")}, strict=False
    )
    encoders = [TransformersEncoder(each) for each in (one, other)]
    windows = [WindowInput(range(5, 5 + length), np.arange(length), np.array([0]), [Role.CLIENT]) for length in (9, 4)]
    both = encoders[0].with_top_of(encoders[1])
    apart = [encoder.probabilities(windows) for encoder in encoders]
    for table, *expected in zip(both.probabilities(windows), *apart, strict=True):
        np.testing.assert_allclose(table, np.concatenate(expected, axis=1), atol=1e-6)
    next(iter(other.base_model.parameters())).data += 1e-3
    assert encoders[0].with_top_of(encoders[1]) is None


def test_a_window_that_is_close_for_one_of_them_is_read_again_once_for_both():
    class Constant:
        name = "constant"

        def __init__(self, *tables):
            self.tables, self.asked = tables, []

        def probabilities(self, windows):
            self.asked += [each.tokens[0] for each in windows]
            return [self.tables[each.tokens[0]] for each in windows]

    def table(recommends, reviews):
        return np.array(
            [[1.0, 0, 0, 0, 0, 1 - reviews, 0, reviews], [1 - recommends, 0, recommends, 0, 0, 1 - reviews, 0, reviews]]
        )

    fast = Constant(table(0.5, 0.01), table(0.01, 0.5), table(0.5, 0.5), table(0.01, 0.01))
    exact = Constant(*[table(0.9, 0.9)] * 4)
    readings = [
        (ReadingSettings(Task.RECOMMENDATION), slice(0, 5)),
        (ReadingSettings(Task.REVIEW), slice(5, 8)),
    ]
    windows = [WindowInput([number], np.arange(2), np.array([0]), [Role.THERAPIST]) for number in range(4)]
    found = CarefulEncoder(fast, exact, readings).probabilities(windows)
    assert (fast.asked, exact.asked) == ([0, 1, 2, 3], [0, 1, 2])
    assert [float(each[1, 2]) for each in found] == [0.9, 0.9, 0.9, 0.01]
