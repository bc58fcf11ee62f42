"""A checkpoint of which blocks were trained whole, as a small adapter over the encoder that it began as.

What training changed of a weight is nearly of a low rank; the best approximation of that rank (truncated singular value
decomposition) is an adapter of a few megabytes over public weights that need not be copied. Biases, norms and the layer
over the encoder are kept as they are.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import nn

from action_recs.checkpoint import Checkpoint
from action_recs.errors import ConfigError
from action_recs.training.adapting import heads
from action_recs.training.corrections import factors
from action_recs.training.start import start_model


def as_adapter(trained: Checkpoint, base: str, *, rank: int) -> Any:
    """A model with a LoRA adapter, such as ``saving.save_trained`` writes.

    Parameters
    ----------
    trained : Checkpoint
    base : str
        The folder or hub name of the encoder that it began as.
    rank : int

    Raises
    ------
    ConfigError
        Without peft, with another encoder, or when more was trained than blocks, such as the embeddings.
    """
    try:
        import peft
    except ImportError:
        raise ConfigError("peft is missing: pip install 'action_recs[train]'") from None
    settings = trained.settings
    model = start_model(
        base, settings.task, window_tokens=settings.window_tokens, overlap_tokens=settings.overlap_tokens
    ).model
    wanted = {name: each.float() for name, each in trained.model.state_dict().items()}
    own = model.state_dict()
    remedy = "name the encoder that it began as; of that, only blocks may have been trained (trained_blocks)"
    if {name: each.shape for name, each in own.items()} != {name: each.shape for name, each in wanted.items()}:
        raise ConfigError(f"{base}: has other weights than the checkpoint; {remedy}")
    within = f"{model.base_model_prefix}."
    changed = {name.rpartition(".")[0] for name in own if name.startswith(within) and _differs(own[name], wanted[name])}
    modules = {name: module for name, module in model.named_modules() if name in changed}
    linear = {name: module for name, module in modules.items() if isinstance(module, nn.Linear)}
    norms = [name for name, module in modules.items() if "Norm" in type(module).__name__]
    if others := sorted(changed - {*linear, *norms}):
        raise ConfigError(f"{base}: the checkpoint differs in {', '.join(others)}; {remedy}")
    if not linear:
        raise ConfigError(f"{base}: the checkpoint's encoder is the same; there is nothing for an adapter to hold")
    biased = {module.bias is not None for module in linear.values()}
    if len(biased) > 1:
        raise ConfigError(f"{base}: some of its layers have biases and some have none, which an adapter does not hold")
    adapted = peft.get_peft_model(
        model,
        peft.LoraConfig(
            task_type=peft.TaskType.TOKEN_CLS,
            r=rank,
            lora_alpha=rank,  # a scale of 1
            lora_bias=biased == {True},
            target_modules="|".join(map(re.escape, linear)),
            modules_to_save=[*heads(model), *norms],
        ),
    )
    _fill(adapted, wanted, rank)
    return adapted.half().eval()  # as checkpoints ship


def _differs(one: torch.Tensor, other: torch.Tensor) -> bool:
    return not torch.equal(one.half(), other.half())  # what is shipped is in half precision


def _fill(adapted: Any, wanted: dict[str, torch.Tensor], rank: int) -> None:
    """Give the matrices, biases, norms and the layer over the encoder their values."""
    with torch.no_grad():
        for name, module in adapted.get_base_model().named_modules():
            if hasattr(module, "lora_A"):
                up, down = factors(wanted[f"{name}.weight"] - module.base_layer.weight, rank)
                module.lora_A["default"].weight[: len(down)].copy_(down)
                module.lora_B["default"].weight.zero_()[:, : len(down)].copy_(up)
                if module.base_layer.bias is not None:
                    module.lora_B["default"].bias.copy_(wanted[f"{name}.bias"] - module.base_layer.bias)
            elif hasattr(module, "modules_to_save"):
                kept = {
                    each.removeprefix(f"{name}."): value
                    for each, value in wanted.items()
                    if each.startswith(f"{name}.")
                }
                module.modules_to_save["default"].load_state_dict(kept)
