"""What a text means, as a vector: by the encoder as it was before it learned to find spans, or nearly so.

Fine-tuning for spans cost the encoder most of what it knew of meanings. Low-rank corrections (Hu et al. 2021, arXiv
2106.09685), added to the weights of the shipped one, lead back to the public one; they are all that is stored.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from action_recs.linking.encoding import encoded
from action_recs.windows import LONE_SURROGATE

if TYPE_CHECKING:
    import torch

    from action_recs.checkpoint import Checkpoint

Floats = NDArray[np.float32]

TEXT_TOKENS = 160
"""Of a text; what stands before its last ones is not read."""

BATCH_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class Meanings:
    """The corrected encoder.

    Attributes
    ----------
    checkpoint : Checkpoint
        The one it was made from: its tokenizer is used.
    encoder : torch.nn.Module
    mean : array of shape (hidden size,)
        Of the vectors of training texts, which all texts have in common.
    """

    checkpoint: Checkpoint
    encoder: torch.nn.Module
    mean: Floats = field(repr=False)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """The mean of each text's last states, less what all texts have in common, of unit length.

        Returns
        -------
        array of shape (texts, hidden size)
        """
        if not texts:
            return np.zeros((0, len(self.mean)), dtype=np.float32)
        tokenizer = self.checkpoint.tokenizer
        rows = [
            [tokenizer.cls_token_id, *ids[-TEXT_TOKENS:], tokenizer.sep_token_id]
            for ids in tokenizer(
                [LONE_SURROGATE.sub("\ufffd", text) for text in texts],
                add_special_tokens=False,
                split_special_tokens=True,
                verbose=False,
            )["input_ids"]
        ]
        found = np.zeros((len(rows), len(self.mean)), dtype=np.float32)
        for batch, output, mask in encoded(self.encoder, self.checkpoint, rows, batch_tokens=BATCH_TOKENS):
            states = output.last_hidden_state.float()
            found[batch] = ((states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)).cpu().numpy()
        return of_unit_length(of_unit_length(found) - self.mean)


def of_unit_length(vectors: Floats) -> Floats:
    """Each row divided by its length; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def corrected_encoder(checkpoint: Checkpoint, corrections: Mapping[str, torch.Tensor]) -> torch.nn.Module:
    """A copy of a checkpoint's encoder with corrected weights.

    Parameters
    ----------
    corrections : mapping of name to tensor
        ``NAME.down`` (rank, inputs) and ``NAME.up`` (outputs, rank), whose product is added to ``NAME.weight``; any
        other name stands for the parameter itself.
    """
    import torch

    encoder: torch.nn.Module = copy.deepcopy(checkpoint.model.base_model)
    parameters = dict(encoder.named_parameters())
    with torch.no_grad():
        for name, tensor in corrections.items():
            module, _, kind = name.rpartition(".")
            if kind == "down":
                up = corrections[f"{module}.up"]
                weight = parameters[f"{module}.weight"]
                weight.add_((up.float() @ tensor.float()).to(weight))
            elif kind != "up":
                parameters[name].copy_(tensor.to(parameters[name]))
    encoder.eval()
    return encoder
