"""How exactly the models compute: chosen from what the processor has, or by the user."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from action_recs.errors import ModelError

if TYPE_CHECKING:
    import torch


class Precision(StrEnum):
    """The numbers that a model computes with.

    Weights are kept in half precision on disk. What is summed, the norms and the class probabilities are 32-bit floats
    in each of them.
    """

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"
    INT8 = "int8"


ON_DEVICE = {
    "cpu": (Precision.FP32, Precision.BF16),
    "cuda": (Precision.FP32, Precision.BF16, Precision.FP16),
    "mps": (Precision.FP32, Precision.FP16),
    "xpu": (Precision.FP32, Precision.BF16, Precision.FP16),
}


def choose_precision(wanted: Precision | str, device: torch.device) -> Precision:
    """The precision to compute with; with "auto" the fastest that gives the labels of 32-bit floats.

    Parameters
    ----------
    wanted : Precision or str
    device : torch.device

    Raises
    ------
    ModelError
        When there is no such precision, or not on this device.
    """
    try:
        precision = Precision(wanted)
    except ValueError:
        raise ModelError(f"the precision {wanted} is not known; use one of {', '.join(Precision)}") from None
    if precision is Precision.AUTO:
        return _fastest(device)
    if precision not in ON_DEVICE[device.type]:
        if precision is Precision.INT8:
            raise ModelError("int8 is a matter of the file: write one with action-recs export --int8, and load that")
        there = ", ".join(ON_DEVICE[device.type])
        raise ModelError(f"the precision {precision} is not at hand on {device.type}; use one of auto, {there}")
    return precision


def _fastest(device: torch.device) -> Precision:
    import torch

    if device.type == "cuda":
        return Precision.BF16 if torch.cuda.is_bf16_supported() else Precision.FP16
    if device.type == "cpu" and _multiplies_bf16():
        return Precision.BF16
    return Precision.FP32


def _multiplies_bf16() -> bool:
    """Whether the processor multiplies bf16 itself; where it does not, bf16 is slower than 32-bit floats."""
    import torch

    ask = getattr(torch.cpu, "get_capabilities", dict)  # absent from older versions, which then keep 32-bit floats
    has: dict[str, object] = ask()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16"))
