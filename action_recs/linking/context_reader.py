"""An encoder that reads a recommendation, or a review, in its context, and says of which class it is.

Words and meanings (``reader.py``) are told by linear models; what hangs on the order of the words, and on who says
them, only an encoder can tell that was trained for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from action_recs.checkpoint import Checkpoint
from action_recs.linking.contexts import Context, Contexts
from action_recs.linking.encoding import encoded
from action_recs.linking.term_model import Table

if TYPE_CHECKING:
    import torch

BATCH_TOKENS = 4096
"""Of all texts of a batch, padding included."""

Top = tuple["torch.Tensor", "torch.Tensor"]
"""Weights of shape (classes, 2 * hidden size), and as many intercepts."""


@dataclass(frozen=True, slots=True)
class ContextReader:
    """A trained encoder with a linear layer for each question.

    Attributes
    ----------
    checkpoint : Checkpoint
        The one it was made from: its tokenizer is used.
    encoder : torch.nn.Module
    tops : mapping of str to (tensor, tensor)
        By question: "category", "adherence".
    """

    checkpoint: Checkpoint
    encoder: torch.nn.Module
    tops: Mapping[str, Top] = field(repr=False)

    @property
    def contexts(self) -> Contexts:
        return Contexts(self.checkpoint.tokenizer)

    def log_probabilities(self, question: str, asked: Sequence[Context]) -> Table:
        """Of the classes of a question.

        Returns
        -------
        array of shape (texts, classes)
        """
        weights, intercepts = self.tops[question]
        found = np.zeros((len(asked), len(intercepts)))
        rows = [each.tokens for each in asked]
        for batch, output, mask in encoded(self.encoder, self.checkpoint, rows, batch_tokens=BATCH_TOKENS):
            count = counted([asked[at] for at in batch], mask.shape[1]).to(mask.device)
            scores = pooled(output.last_hidden_state.float(), count) @ weights.T + intercepts
            found[batch] = scores.log_softmax(-1).cpu().numpy()
        return found


def counted(rows: Sequence[Context], length: int) -> torch.Tensor:
    """Which tokens are asked about, shape (texts, length), as ones among noughts."""
    import torch

    table = torch.zeros(len(rows), length)
    for at, row in enumerate(rows):
        table[at, row.first : row.end] = 1
    return table


def pooled(states: torch.Tensor, count: torch.Tensor) -> torch.Tensor:
    """The mean state of the tokens that are asked about, and that of the first token.

    Parameters
    ----------
    states : tensor of shape (texts, tokens, hidden size)
    count : tensor of shape (texts, tokens)

    Returns
    -------
    tensor of shape (texts, 2 * hidden size)
    """
    import torch

    mean = (states * count[..., None]).sum(1) / count.sum(1, keepdim=True)
    return torch.cat([mean, states[:, 0]], dim=-1)
