"""The fast way through BERT computes what transformers computes."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from action_recs.checkpoint import Task, load_checkpoint
from action_recs.encoder import TransformersEncoder, WindowInput
from action_recs.packed_bert import PackedBert, can_pack
from action_recs.precision import Precision
from action_recs.transcript import Role


def whole(tokens):
    return WindowInput(tokens, np.arange(len(tokens)), np.array([0]), [Role.CLIENT])


@pytest.fixture(scope="module")
def config(models):
    return json.loads((models / "review" / "config.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def weights(models):
    return load_file(models / "review" / "model.safetensors")


@pytest.fixture(scope="module")
def theirs(models):
    """transformers' own forward pass of one window, without padding."""
    model = load_checkpoint(models / "review", Task.REVIEW).model

    def run(tokens):
        with torch.inference_mode():
            return model(input_ids=torch.tensor([tokens])).logits[0].softmax(-1).numpy()

    return run


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=64), min_size=1, max_size=5), st.data())
def test_it_gives_what_transformers_gives_for_the_rows_that_are_asked_for(config, weights, theirs, windows, data):
    packed = PackedBert(config, weights, Precision.FP32, seldom=data.draw(st.booleans()))
    inputs = []
    for tokens in windows:
        rows = data.draw(st.sets(st.integers(0, len(tokens) - 1)))
        inputs.append(WindowInput(tokens, np.array(sorted(rows), dtype=np.int64), np.array([], dtype=np.int64), []))
    found = packed.probabilities(inputs)
    assert len(found) == len(windows)
    for each, table in zip(inputs, found, strict=True):
        assert table.shape == (len(each.rows), 3)
        np.testing.assert_allclose(table, theirs(each.tokens)[each.rows], atol=2e-5)


@pytest.mark.parametrize(("precision", "near"), [(Precision.FP32, 1e-5), (Precision.BF16, 0.1)])
def test_a_window_reads_the_same_whatever_it_is_batched_with(config, weights, theirs, precision, near):
    packed = PackedBert(config, weights, precision)
    window, others = [7, 30, 31, 5, 60], [[9] * 50, [4], list(range(60))]
    (alone,) = packed.probabilities([whole(window)])
    (*_, last) = packed.probabilities([whole(each) for each in [*others, window]])
    np.testing.assert_array_equal(alone, last)
    np.testing.assert_allclose(alone, theirs(window), atol=near)


def test_padding_does_not_reach_the_probabilities_of_transformers_encoder(models, theirs):
    encoder = TransformersEncoder(load_checkpoint(models / "review", Task.REVIEW).model)
    windows = [[7, 30, 31, 5, 60], [9] * 50, [4]]
    for tokens, table in zip(windows, encoder.probabilities([whole(each) for each in windows]), strict=True):
        np.testing.assert_allclose(table, theirs(tokens), atol=2e-5)


@pytest.mark.parametrize(
    "changed", [{"model_type": "roberta"}, {"hidden_act": "relu"}, {"position_embedding_type": "relative_key"}]
)
def test_other_models_are_left_to_transformers(config, changed):
    assert can_pack(config)
    assert not can_pack(config | changed)


def test_weights_that_do_not_fit_are_refused(config, weights):
    name = "bert.encoder.layer.1.output.dense.bias"
    with pytest.raises(KeyError):
        PackedBert(config, {each: weights[each] for each in weights if each != name}, Precision.FP32)
    with pytest.raises(ValueError, match="shape"):
        PackedBert(config, weights | {name: torch.zeros(3)}, Precision.FP32)
    with pytest.raises(ValueError, match="not numbers"):
        PackedBert(config, weights | {name: torch.full((32,), torch.nan)}, Precision.FP32)
