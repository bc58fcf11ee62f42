"""In which numbers a device trains."""

from __future__ import annotations

from typing import Literal

import torch

from action_recs.errors import ConfigError

Precision = Literal["fp32", "bf16", "fp16"]


def chosen_precision(wanted: Literal["auto"] | Precision) -> Precision:
    """What is wanted; for "auto", what the device is fast in.

    Raises
    ------
    ConfigError
        For fp16 without a GPU, where gradients cannot be scaled.
    """
    if wanted == "fp16" and not torch.cuda.is_available():
        raise ConfigError("precision: fp16 needs a GPU; take bf16, fp32 or auto")
    if wanted != "auto":
        return wanted
    if has_bfloat16():
        return "bf16"
    return "fp16" if torch.cuda.is_available() else "fp32"


def has_bfloat16() -> bool:
    """Whether the device computes in bfloat16 itself, so that mixed precision makes it faster."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
