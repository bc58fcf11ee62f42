"""LoRA adapters: small folders that are loaded over the checkpoint or encoder that they were trained on."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from recipes import script
from tiny_encoders import ENCODERS, save_encoder

from action_recs import ConfigError, ModelError, OutputError, Tagger, Transcript
from action_recs.checkpoint import SHIPPED, Task, load_checkpoint, save_checkpoint
from action_recs.manifest import write_manifest
from action_recs.scoring import piece_scores
from action_recs.training.adapting import with_adapter
from action_recs.training.config import LoraConfig, TrainingConfig
from action_recs.training.fitting import with_wanted_words
from action_recs.training.saving import save_settings, save_trained
from action_recs.training.start import start_model

TALK = Transcript.from_pairs([("therapist", "You could walk again."), ("client", "Okay, this week.")])


def scores(checkpoint):
    return np.concatenate(piece_scores(checkpoint, [TALK], batch_tokens=1000)[0][1])


def adapted(base, task, lora, folder):
    """A checkpoint whose adapter, markers and head are no longer what they began as, and its folder."""
    config = TrainingConfig(task, str(base), {"own": 1.0}, lora=lora, evaluate_on=("own",))
    torch.manual_seed(0)
    started = start_model(str(base), task, window_tokens=64)
    model = with_adapter(started, lora)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    checkpoint = replace(started, model=model.eval())
    expected = scores(checkpoint)
    save_trained(checkpoint, config, folder)
    return expected


@pytest.mark.parametrize("top", [None, 1])
@pytest.mark.parametrize("family", ENCODERS)
def test_an_adapter_reads_as_the_model_that_was_trained(family, top, tmp_path):
    base = save_encoder(family, tmp_path / "base")
    expected = adapted(base, Task.RECOMMENDATION, LoraConfig(r=2, top=top), tmp_path / "adapter")
    assert not (tmp_path / "adapter" / "model.safetensors").exists()
    loaded = load_checkpoint(tmp_path / "adapter", Task.RECOMMENDATION)
    assert np.allclose(scores(loaded), expected, atol=1e-4)
    fresh = start_model(str(base), Task.RECOMMENDATION, window_tokens=64)
    assert not np.allclose(scores(replace(fresh, model=fresh.model.eval())), expected, atol=1e-2)


def test_a_merged_one_is_an_ordinary_checkpoint(tiny_base, tmp_path):
    expected = adapted(tiny_base, Task.REVIEW, LoraConfig(r=2, merge=True), tmp_path / "merged")
    assert not (tmp_path / "merged" / "adapter_config.json").exists()
    assert np.allclose(scores(load_checkpoint(tmp_path / "merged", Task.REVIEW)), expected, atol=5e-3)


def test_one_over_the_shipped_checkpoint_names_it_and_tags(tmp_path):
    adapted("shipped", Task.REVIEW, LoraConfig(r=2), tmp_path / "review")
    held = json.loads((tmp_path / "review" / "config.json").read_text(encoding="utf-8"))["action_recs"]["adapter"]
    assert held["base"] == "shipped"
    size = sum(path.stat().st_size for path in (tmp_path / "review").glob("*.safetensors"))
    assert size < (SHIPPED / "review" / "model.safetensors").stat().st_size / 10
    tagger = Tagger.from_pretrained(review=tmp_path / "review")
    assert len(tagger.tag(TALK).utterances) == 2
    tagger.save_pretrained(tmp_path / "whole")
    again = load_checkpoint(tmp_path / "whole" / "review", Task.REVIEW)
    assert np.allclose(scores(again), scores(tagger.review), atol=5e-3)


def test_settings_of_an_adapter_can_be_chosen_afterwards(tiny_base, tmp_path):
    adapted(tiny_base, Task.REVIEW, LoraConfig(r=2), tmp_path / "adapter")
    loaded = load_checkpoint(tmp_path / "adapter", Task.REVIEW)
    decoding = replace(loaded.settings.decoding, threshold=0.77)
    save_settings(replace(loaded, settings=replace(loaded.settings, decoding=decoding)), tmp_path / "adapter")
    assert load_checkpoint(tmp_path / "adapter", Task.REVIEW).settings.decoding.threshold == 0.77


def test_one_adapter_can_be_the_base_of_another(tiny_base, tmp_path):
    adapted(tiny_base, Task.REVIEW, LoraConfig(r=2), tmp_path / "first")
    expected = adapted(tmp_path / "first", Task.REVIEW, LoraConfig(r=2), tmp_path / "second")
    assert np.allclose(scores(load_checkpoint(tmp_path / "second", Task.REVIEW)), expected, atol=1e-4)


def test_a_base_that_is_gone_or_another_is_refused(tiny_base, tmp_path):
    base = Path(shutil.copytree(tiny_base, tmp_path / "base"))
    adapted(base, Task.REVIEW, LoraConfig(r=2), tmp_path / "adapter")
    with pytest.raises(ModelError, match="a review checkpoint where a recommendation checkpoint is needed"):
        load_checkpoint(tmp_path / "adapter", Task.RECOMMENDATION)
    other = start_model(str(base), Task.REVIEW, window_tokens=64)
    save_checkpoint(other, tmp_path / "other")
    shutil.copy(tmp_path / "other" / "model.safetensors", base / "model.safetensors")
    with pytest.raises(ModelError, match="other weights than the adapter was trained over"):
        load_checkpoint(tmp_path / "adapter", Task.REVIEW)
    shutil.rmtree(base)
    with pytest.raises(ModelError, match="is missing"):
        load_checkpoint(tmp_path / "adapter", Task.REVIEW)
    (tmp_path / "adapter" / "adapter_model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"adapter_model\.safetensors"):
        load_checkpoint(tmp_path / "adapter", Task.REVIEW)


def test_a_base_of_the_hub_is_never_fetched_to_read(tiny_base, tmp_path):
    adapted(tiny_base, Task.REVIEW, LoraConfig(r=2), tmp_path / "adapter")
    path = tmp_path / "adapter" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["action_recs"]["adapter"] = {"base": "some/encoder", "sha256": None}
    path.write_text(json.dumps(config), encoding="utf-8")
    write_manifest(tmp_path / "adapter")
    with pytest.raises(ModelError, match="its base some/encoder is not on this machine"):
        load_checkpoint(tmp_path / "adapter", Task.REVIEW)


def test_layers_that_the_encoder_lacks_are_named(tiny_base):
    started = start_model(str(tiny_base), Task.REVIEW, window_tokens=64)
    with pytest.raises(ConfigError, match="no layer quary; there are dense, key, query, value"):
        with_adapter(started, LoraConfig(targets=("quary",)))


def test_markers_that_the_base_knows_stay_what_they_are_there(tiny_base, tmp_path):
    started = start_model(str(tiny_base), Task.REVIEW, window_tokens=64)
    with torch.no_grad():
        started.model.get_input_embeddings().weight[-3:] += 1.0
    started.model.base_model.save_pretrained(tmp_path / "knowing")
    started.tokenizer.save_pretrained(tmp_path / "knowing")
    expected = adapted(tmp_path / "knowing", Task.REVIEW, LoraConfig(r=2, top=1), tmp_path / "adapter")
    assert np.allclose(scores(load_checkpoint(tmp_path / "adapter", Task.REVIEW)), expected, atol=1e-4)


@pytest.mark.parametrize("family", ENCODERS)
def test_only_the_uppermost_blocks_get_matrices(family, tmp_path):
    base = save_encoder(family, tmp_path / "base")
    started = start_model(str(base), Task.REVIEW, window_tokens=64)
    blocks = started.model.config.num_hidden_layers
    with pytest.raises(ConfigError, match=f"the encoder has {blocks} blocks"):
        with_adapter(started, LoraConfig(top=blocks + 1))
    named = [name for name, each in with_adapter(started, LoraConfig(top=1)).named_parameters() if each.requires_grad]
    within = [name for name in named if "lora_" in name]
    assert within
    assert all(f".{blocks - 1}." in name for name in within)
    assert not any("embed" in name for name in named)  # else all of it would have to be gone back through


@pytest.mark.parametrize("family", ENCODERS)
def test_without_an_adapter_too_only_the_uppermost_blocks_can_be_trained(family, tmp_path):
    base = save_encoder(family, tmp_path / "base")
    started = start_model(str(base), Task.REVIEW, window_tokens=64)
    blocks = started.model.config.num_hidden_layers
    config = TrainingConfig(Task.REVIEW, str(base), {"own": 1.0}, trained_blocks=1, evaluate_on=("own",))
    model = with_wanted_words(started, config, {}).model
    learning = [name for name, each in model.named_parameters() if each.requires_grad]
    within = [name for name in learning if name.startswith(f"{model.base_model_prefix}.")]
    assert all(f".{blocks - 1}." in name for name in within)
    assert any(name.endswith("weight") for name in within)
    assert {"classifier.weight", "classifier.bias"} <= set(learning)
    with pytest.raises(ConfigError, match=f"trained_blocks: the encoder has {blocks} blocks"):
        with_wanted_words(started, replace(config, trained_blocks=blocks + 1), {})
    with pytest.raises(ConfigError, match="trained_blocks: not with lora"):
        replace(config, lora=LoraConfig())


@pytest.mark.parametrize("family", ["bert", "roberta", "mpnet"])
def test_a_checkpoint_of_which_blocks_were_trained_becomes_an_adapter(family, tmp_path):
    base = save_encoder(family, tmp_path / "base")
    started = start_model(str(base), Task.REVIEW, window_tokens=64, overlap_tokens=16)
    size = started.model.config.hidden_size
    torch.manual_seed(0)
    with torch.no_grad():
        for name, each in started.model.named_parameters():
            if "embeddings" not in name and "relative" not in name:
                each.add_(torch.randn_like(each) * 0.1)
    save_checkpoint(replace(started, model=started.model.eval()), tmp_path / "whole")
    expected = scores(load_checkpoint(tmp_path / "whole", Task.REVIEW))

    def away(rank):
        folder = tmp_path / f"rank-{rank}"
        script("adapter").turn(tmp_path / "whole", str(base), folder, rank)
        loaded = load_checkpoint(folder, Task.REVIEW)
        assert loaded.settings.window_tokens == 64
        return np.abs(scores(loaded) - expected).max()

    assert away(2 * size) < 0.01 < away(1)


def test_what_an_adapter_cannot_hold_is_refused(tiny_base, tmp_path):
    started = start_model(str(tiny_base), Task.REVIEW, window_tokens=64)
    with torch.no_grad():
        started.model.get_input_embeddings().weight.add_(0.5)
    save_checkpoint(started, tmp_path / "whole")
    with pytest.raises(ConfigError, match=r"the checkpoint differs in .*word_embeddings"):
        script("adapter").turn(tmp_path / "whole", str(tiny_base), tmp_path / "adapter", 2)
    other = save_encoder("electra", tmp_path / "other")
    with pytest.raises(ConfigError, match="has other weights than the checkpoint"):
        script("adapter").turn(tmp_path / "whole", str(other), tmp_path / "adapter", 2)
    with pytest.raises(ModelError, match="not a checkpoint of action_recs"):
        script("adapter").turn(tiny_base, str(tiny_base), tmp_path / "adapter", 2)
    with pytest.raises(OutputError, match="is not empty"):
        script("adapter").turn(tmp_path / "whole", str(tiny_base), tmp_path / "whole", 2)
    with pytest.raises(ConfigError, match="r: must be at least 1"):
        script("adapter").turn(tmp_path / "whole", str(tiny_base), tmp_path / "adapter", 0)
    save_checkpoint(start_model(str(tiny_base), Task.REVIEW, window_tokens=64), tmp_path / "same")
    with pytest.raises(ConfigError, match="nothing for an adapter to hold"):
        script("adapter").turn(tmp_path / "same", str(tiny_base), tmp_path / "adapter", 2)
    assert not (tmp_path / "adapter").exists()
