"""From a public encoder to a model that can be trained: classes, role markers, reading settings."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from action_recs.checkpoint import Checkpoint, ReadingSettings
from action_recs.errors import ModelError
from action_recs.windows import ROLE_MARKERS


def start_model(base: str, settings: ReadingSettings) -> Checkpoint:
    """Load an encoder, give it the task's classes, and teach its tokenizer the role markers.

    The markers begin as the mean of the word that they stand for, not as noise: with few positives that is worth
    having.

    Raises
    ------
    ModelError
        When the encoder cannot be loaded, or is shorter than the windows.
    """
    local = Path(base).is_dir()  # then nothing is fetched
    try:
        config = AutoConfig.from_pretrained(base, trust_remote_code=False, local_files_only=local)
        tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False, local_files_only=local)
        config.id2label = dict(enumerate(settings.task.classes))
        config.label2id = {label: number for number, label in config.id2label.items()}
        # PyTorch's fused attention has no dropout on CPUs; with it, a step takes nearly three times as long.
        config.attention_probs_dropout_prob = 0.0
        model = AutoModelForTokenClassification.from_pretrained(
            base,
            config=config,
            use_safetensors=True,
            dtype=torch.float32,
            trust_remote_code=False,
            local_files_only=local,
        )
    except Exception as error:  # transformers, tokenizers and safetensors each raise their own
        reason = str(error).partition("\n")[0]
        raise ModelError(f"{base}: cannot be loaded as an encoder: {type(error).__name__}: {reason}") from error
    longest = getattr(config, "max_position_embeddings", settings.window_tokens)
    if settings.window_tokens > longest:
        raise ModelError(f"{base}: reads at most {longest} tokens; set window_tokens to that or less")
    _add_markers(model, tokenizer)
    return Checkpoint(model, tokenizer, settings)


def _add_markers(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    words = {role: tokenizer(role.value, add_special_tokens=False)["input_ids"] for role in ROLE_MARKERS}
    new = [marker for marker in ROLE_MARKERS.values() if marker not in tokenizer.get_vocab()]
    tokenizer.add_special_tokens({"additional_special_tokens": list(ROLE_MARKERS.values())})
    embeddings = model.get_input_embeddings()
    if len(tokenizer) > embeddings.num_embeddings:
        embeddings = model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    with torch.no_grad():
        for role, marker in ROLE_MARKERS.items():
            if marker in new:
                meaning = embeddings.weight[words[role]].mean(dim=0)
                embeddings.weight[tokenizer.convert_tokens_to_ids(marker)] = meaning
