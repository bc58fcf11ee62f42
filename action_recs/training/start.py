"""What training begins with: a public encoder that gets classes and role markers, or a checkpoint that goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import torch
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from action_recs.checkpoint import SHIPPED, Checkpoint, ReadingSettings, Task, checkpoint_task, load_checkpoint
from action_recs.decoding import DecodingSettings
from action_recs.errors import ModelError
from action_recs.input_length import automatic_window, longest_input
from action_recs.markers import place_markers
from action_recs.training.config import SHIPPED_BASE
from action_recs.windows import ROLE_MARKERS

WITHOUT_DROPOUT = ("attention_probs_dropout_prob", "attention_dropout")
"""PyTorch's fused attention has no dropout on CPUs; with it, a step takes nearly three times as long."""


def base_of(base: str, task: Task) -> str:
    """What a configuration's ``base`` stands for: of a folder of two checkpoints, or "shipped", that of the task.

    A folder that is an encoder or a checkpoint itself stands for itself, whatever lies below it.
    """
    folder = SHIPPED if base == SHIPPED_BASE else Path(base)
    own = folder / task.value
    return str(own) if checkpoint_task(own) is task and not (folder / "config.json").is_file() else base


def start_model(
    base: str,
    task: Task,
    *,
    window_tokens: int | Literal["auto"] = "auto",
    overlap_tokens: int | Literal["auto"] = "auto",
) -> Checkpoint:
    """Load an encoder, give it the task's classes, and teach its tokenizer the role markers.

    The markers begin as the mean of the word that they stand for, not as noise: with few positives that is worth
    having. A checkpoint of ours keeps its classes, markers and, with "auto", its windows.

    Raises
    ------
    ModelError
        When the encoder cannot be loaded, is a checkpoint of the other task, or reads less than the windows.
    """
    base = base_of(base, task)
    earlier = earlier_settings(base)
    if earlier is not None and earlier.task is not task:
        remedy = f"start from a {task.value} checkpoint, or from an encoder"
        raise ModelError(f"{base}: a checkpoint of the wrong task, {earlier.task.value}; {remedy}")
    local = Path(base).is_dir()  # then nothing is fetched
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # without the report that the classes are new
    try:
        if local and (Path(base) / "adapter_config.json").is_file():
            loaded = load_checkpoint(base, task)
            model, tokenizer = loaded.model, loaded.tokenizer
        else:
            model, tokenizer = _load(base, task, local)
    except ModelError:
        raise
    except Exception as error:  # transformers, tokenizers and safetensors each raise their own
        reason = str(error).partition("\n")[0]
        raise ModelError(f"{base}: cannot be loaded as an encoder: {type(error).__name__}: {reason}") from error
    finally:
        logging.set_verbosity(verbosity)
    if not tokenizer.is_fast:
        raise ModelError(f"{base}: a fast tokenizer (tokenizer.json) is needed for character offsets")
    if tokenizer.pad_token_id is None or (tokenizer.cls_token_id is None and tokenizer.bos_token_id is None):
        raise ModelError(f"{base}: its tokenizer has no padding or no opening token; take an encoder, such as BERT")
    _add_markers(model, tokenizer)
    return Checkpoint(model, tokenizer, _settings(base, model, task, earlier, window_tokens, overlap_tokens))


def earlier_settings(base: str) -> ReadingSettings | None:
    """The settings of a checkpoint of ours; None for any other encoder."""
    try:
        config = json.loads((Path(base) / "config.json").read_text(encoding="utf-8"))
        return ReadingSettings.from_dict(config["action_recs"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # an encoder, a hub name, or a broken folder
        return None


def _load(base: str, task: Task, local: bool) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    config = AutoConfig.from_pretrained(base, trust_remote_code=False, local_files_only=local)
    tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False, local_files_only=local)
    config.id2label = dict(enumerate(task.classes))
    config.label2id = {label: number for number, label in config.id2label.items()}
    for name in WITHOUT_DROPOUT:
        if hasattr(config, name):
            setattr(config, name, 0.0)
    model = AutoModelForTokenClassification.from_pretrained(
        base,
        config=config,
        use_safetensors=True,
        dtype=torch.float32,
        trust_remote_code=False,
        local_files_only=local,
    )
    return model, tokenizer


def _settings(
    base: str,
    model: PreTrainedModel,
    task: Task,
    earlier: ReadingSettings | None,
    window: int | Literal["auto"],
    overlap: int | Literal["auto"],
) -> ReadingSettings:
    longest = longest_input(model)
    if window == "auto":
        window = earlier.window_tokens if earlier else automatic_window(model)
    if longest is not None and window > longest:
        raise ModelError(f"{base}: reads at most {longest} tokens; set window_tokens to that or less")
    if overlap == "auto":
        overlap = earlier.overlap_tokens if earlier and earlier.window_tokens == window else window // 3
    if overlap * 2 > window:
        raise ModelError(f"{base}: overlap_tokens is {overlap}; at most half of the windows of {window} tokens")
    return ReadingSettings(task, window, overlap, earlier.decoding if earlier else DecodingSettings())


def _add_markers(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    known = tokenizer.get_vocab()
    tokenizer.add_special_tokens({"additional_special_tokens": list(ROLE_MARKERS.values())})
    place_markers(model, tokenizer, known)
