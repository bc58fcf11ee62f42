"""LoRA: which layers of an encoder get small matrices beside them, and what else is trained."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from action_recs.checkpoint import Checkpoint
from action_recs.errors import ConfigError
from action_recs.training.config import LoraConfig
from action_recs.two_tops import TOP
from action_recs.windows import ROLE_MARKERS

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def with_adapter(checkpoint: Checkpoint, config: LoraConfig) -> Any:
    """The model with a LoRA adapter: its encoder stays as it is, its head and the role markers are trained whole.

    With ``top`` the markers stay the words that they began as: what is learnt does not reach down to them.

    Raises
    ------
    ConfigError
        Without peft, or when no layer has one of the ``targets``' names.
    """
    try:
        import peft
    except ImportError:
        raise ConfigError("lora: peft is missing: pip install 'action_recs[train]'") from None
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    markers = [tokenizer.convert_tokens_to_ids(marker) for marker in ROLE_MARKERS.values()]
    within, names = _within(model, config), adapted_layers(model, config)
    settings = peft.LoraConfig(
        task_type=peft.TaskType.TOKEN_CLS,
        r=config.r,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=rf"{within}\.({'|'.join(map(re.escape, sorted(names)))})",
        modules_to_save=heads(model),
        trainable_token_indices={_embedding_name(model): markers} if config.top is None else None,
    )
    model.requires_grad_(False)
    return peft.get_peft_model(model, settings)


def heads(model: PreTrainedModel) -> list[str]:
    """The names of what lies over the encoder and has weights."""
    return [
        name
        for name, module in model.named_children()
        if name != model.base_model_prefix and any(True for _ in module.parameters())
    ]


def adapted_layers(model: PreTrainedModel, config: LoraConfig) -> set[str]:
    """The names of the layers that get matrices.

    Raises
    ------
    ConfigError
        When no layer has one of the ``targets``' names, or the encoder has fewer blocks than ``top``.
    """
    within = _within(model, config)
    names = linear_layers(model) if config.targets == "auto" else set(config.targets)
    if missing := sorted(name for name in names if not _has(model, rf"{within}\.{re.escape(name)}")):
        known = ", ".join(sorted(linear_layers(model)))
        raise ConfigError(f"lora.targets: the encoder has no layer {', '.join(missing)}; there are {known}")
    return names


def with_some_classes(adapted: Any, rows: slice, classes: Sequence[str]) -> Any:
    """A model with an adapter, with some of its classes only; it is changed in place."""
    model = adapted.get_base_model()
    saved = getattr(model, TOP)
    for top in (saved.original_module, *saved.modules_to_save.values()):
        top.weight = torch.nn.Parameter(top.weight.detach()[rows].clone())
        top.bias = torch.nn.Parameter(top.bias.detach()[rows].clone())
        top.out_features = len(classes)
    model.config.id2label = dict(enumerate(classes))
    model.config.label2id = {name: number for number, name in model.config.id2label.items()}
    model.num_labels = len(classes)
    return adapted


def linear_layers(model: PreTrainedModel) -> set[str]:
    """The names, such as "query", that the linear layers of an encoder have in their blocks."""
    within = f"{model.base_model_prefix}."
    return {
        name.rpartition(".")[2]
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name.startswith(within) and "." in name.removeprefix(within)
    }


def _within(model: PreTrainedModel, config: LoraConfig) -> str:
    """A pattern for what the names of layers in the adapted blocks begin with."""
    within = rf"{re.escape(model.base_model_prefix)}\..*"
    if config.top is None:
        return within
    return rf"{within}\.{upper_blocks(model, config.top, setting='lora.top')}\..*"


def upper_blocks(model: PreTrainedModel, count: int, *, setting: str) -> str:
    """A pattern for the numbers of an encoder's uppermost blocks, as they stand in the names of its parameters.

    Raises
    ------
    ConfigError
        When it has fewer; ``setting`` is the key that asked for them.
    """
    blocks = model.config.num_hidden_layers
    if count > blocks:
        raise ConfigError(f"{setting}: the encoder has {blocks} blocks, not {count}")
    return f"(?:{'|'.join(map(str, range(blocks - count, blocks)))})"


def _has(model: PreTrainedModel, pattern: str) -> bool:
    return any(re.fullmatch(pattern, name) for name, _ in model.named_modules())


def _embedding_name(model: PreTrainedModel) -> str:
    wanted = model.get_input_embeddings()
    names: list[str] = [name for name, module in model.named_modules() if module is wanted]
    return names[0]
