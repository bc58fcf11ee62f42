"""The low-rank corrections that lead the shipped encoder back to the public one that it began as.

Fine-tuning for spans cost the encoder much of what it knew of meanings. What leads back is the difference of the
weights; its best approximation of a low rank (truncated singular value decomposition) is small enough to be shipped.
"""

from __future__ import annotations

import torch
from torch import nn

from action_recs.checkpoint import Checkpoint


def corrections_towards(public: nn.Module, checkpoint: Checkpoint, *, rank: int) -> dict[str, torch.Tensor]:
    """What ``meanings.corrected_encoder`` takes, in half precision.

    Linear layers get corrections of the rank and the public encoder's biases; its norms are taken as they are. The
    embeddings stay: fine-tuning hardly moved them.
    """
    others = dict(public.named_modules())
    found: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        for name, module in checkpoint.model.base_model.named_modules():
            other = others.get(name)
            if isinstance(module, nn.Linear) and isinstance(other, nn.Linear) and name.startswith("encoder"):
                left, strength, right = torch.linalg.svd(other.weight - module.weight.float(), full_matrices=False)
                root = strength[:rank].sqrt()
                found[f"{name}.up"] = left[:, :rank] * root
                found[f"{name}.down"] = root[:, None] * right[:rank]
                found[f"{name}.bias"] = other.bias
            elif isinstance(module, nn.LayerNorm) and isinstance(other, nn.LayerNorm):
                found[f"{name}.weight"], found[f"{name}.bias"] = other.weight, other.bias
    return {name: tensor.detach().half().contiguous().clone() for name, tensor in found.items()}
