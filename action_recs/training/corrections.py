"""The low-rank corrections that lead a checkpoint's encoder to another one of its kind.

Fine-tuning for spans cost the encoder much of what the public one, which it began as, knew of meanings. What leads back
is the difference of the weights; its best approximation of a low rank (truncated singular value decomposition) is small
enough to be shipped. The same leads on to an encoder that was trained for something else.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from transformers import AutoModel

from action_recs.checkpoint import Checkpoint
from action_recs.errors import ModelError

RANK = 32
"""Of what ships: twice as many brought vectors little nearer to the public encoder's."""


def corrections_towards(target: nn.Module, checkpoint: Checkpoint, *, rank: int) -> dict[str, torch.Tensor]:
    """What ``meanings.corrected_encoder`` takes, in half precision.

    Linear layers get corrections of the rank and the target's biases; its norms are taken as they are. The
    embeddings stay: fine-tuning hardly moved them.
    """
    others = dict(target.named_modules())
    found: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        for name, module in checkpoint.model.base_model.named_modules():
            other = others.get(name)
            if isinstance(module, nn.Linear) and isinstance(other, nn.Linear) and name.startswith("encoder"):
                found[f"{name}.up"], found[f"{name}.down"] = factors(other.weight - module.weight.float(), rank)
                found[f"{name}.bias"] = other.bias
            elif isinstance(module, nn.LayerNorm) and isinstance(other, nn.LayerNorm):
                found[f"{name}.weight"], found[f"{name}.bias"] = other.weight, other.bias
    return {name: tensor.detach().half().contiguous().clone() for name, tensor in found.items()}


def public_encoder(base: Path) -> nn.Module:
    """The encoder in a folder.

    Raises
    ------
    ModelError
        When there is none.
    """
    try:
        encoder: nn.Module = AutoModel.from_pretrained(
            base, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        remedy = "name the folder of the public encoder that the checkpoint began as"
        raise ModelError(f"{base}: cannot be loaded ({type(error).__name__}); {remedy}") from None
    return encoder


def factors(difference: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The two matrices of a rank whose product is nearest to a matrix.

    Returns
    -------
    (tensor of shape (outputs, rank), tensor of shape (rank, inputs))

    Examples
    --------
    >>> up, down = factors(torch.ones(2, 3), rank=1)
    >>> torch.allclose(up @ down, torch.ones(2, 3), atol=1e-5)
    True
    """
    left, strength, right = torch.linalg.svd(difference, full_matrices=False)
    root = strength[:rank].sqrt()
    return left[:, :rank] * root, root[:, None] * right[:rank]
