"""From an encoder to a model that can be trained."""

import pytest
import torch

from action_recs import ModelError
from action_recs.checkpoint import ReadingSettings, Task
from action_recs.training.start import start_model


@pytest.mark.parametrize("task", Task)
def test_the_model_gets_the_tasks_classes_and_the_markers_begin_as_their_words(tiny_base, task):
    started = start_model(str(tiny_base), task, window_tokens=64, overlap_tokens=16)
    assert started.settings == ReadingSettings(task, window_tokens=64, overlap_tokens=16)
    assert tuple(started.model.config.id2label.values()) == task.classes
    weights = started.model.get_input_embeddings().weight
    for role in ("therapist", "client", "other"):
        marker = started.tokenizer.convert_tokens_to_ids(f"[{role.upper()}]")
        assert marker >= 100, "a marker is a token of its own"
        assert torch.equal(weights[marker], weights[started.tokenizer.convert_tokens_to_ids(role)])


@pytest.mark.parametrize(
    ("name", "window", "words"), [(".", 64, "cannot be loaded"), (None, 256, "at most 128 tokens")]
)
def test_an_encoder_that_is_missing_or_too_short_is_named(tiny_base, tmp_path, name, window, words):
    base = str(tmp_path / name) if name else str(tiny_base)
    with pytest.raises(ModelError) as caught:
        start_model(base, Task.REVIEW, window_tokens=window, overlap_tokens=16)
    assert base in str(caught.value)
    assert words in str(caught.value)
