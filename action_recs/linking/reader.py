"""What kind of action is recommended: a further reading by the recommendation encoder.

The encoder is the shipped one with small corrections to its weights (low-rank, Hu et al. 2021, arXiv 2106.09685), which
are all that is stored. Its answer and that of a bag of words count alike: each knows what the other does not.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from action_recs.linking.adherence import terms_of
from action_recs.linking.term_model import TermModel, log_softmax
from action_recs.linking.thread import Category
from action_recs.windows import LONE_SURROGATE

if TYPE_CHECKING:
    import torch

    from action_recs.checkpoint import Checkpoint

TASK_TOKENS = 48
"""Of a recommendation's words; what is beyond is not read."""


BATCH_TOKENS = 4096

CATEGORIES = tuple(Category)


@dataclass(frozen=True, slots=True)
class Reader:
    """The corrected encoder with its head.

    Attributes
    ----------
    checkpoint : Checkpoint
        The one it was made from: its tokenizer is used.
    encoder : torch.nn.Module
    weight, bias : torch.Tensor
        From the mean of the tokens' last states to scores: shapes (categories, hidden size) and (categories,).
    words : TermModel
        The same from words, singly and in pairs.
    """

    checkpoint: Checkpoint
    encoder: torch.nn.Module
    weight: torch.Tensor
    bias: torch.Tensor
    words: TermModel

    def categories(self, texts: Sequence[str]) -> list[Category]:
        """The category of each recommendation, from its words."""
        rows = [task_row(self.checkpoint, text) for text in texts]
        found: list[Category] = []
        for text, states in zip(texts, self._states(rows), strict=True):
            read = log_softmax((states.mean(0) @ self.weight.T + self.bias).detach().cpu().double().numpy())
            told = self.words.log_probabilities(category_terms(text))
            found.append(CATEGORIES[int(np.argmax(read + told))])
        return found

    def _states(self, rows: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """The last states of each row shape (tokens, hidden size)."""
        import torch

        padding = self.checkpoint.tokenizer.pad_token_id or 0
        device = self.checkpoint.model.device
        states: list[torch.Tensor] = [torch.empty(0)] * len(rows)
        order = sorted(range(len(rows)), key=lambda at: -len(rows[at]))
        first = 0
        while first < len(order):
            longest = len(rows[order[first]])
            batch = order[first : first + max(1, BATCH_TOKENS // longest)]
            first += len(batch)
            ids = torch.tensor([[*rows[at], *[padding] * (longest - len(rows[at]))] for at in batch], device=device)
            mask = torch.tensor([[1] * len(rows[at]) + [0] * (longest - len(rows[at])) for at in batch], device=device)
            with torch.inference_mode():
                hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            for row, at in enumerate(batch):
                states[at] = hidden[row, : len(rows[at])]
        return states


def category_terms(text: str) -> list[str]:
    """The terms of a recommendation that its category is told by."""
    return [term for term, _, _ in terms_of(text)]


def task_row(checkpoint: Checkpoint, text: str) -> list[int]:
    """A recommendation as the reader gets it: opening token, its words, closing token."""
    tokenizer = checkpoint.tokenizer
    ids = _encoded(checkpoint, text)["input_ids"][:TASK_TOKENS]
    return [tokenizer.cls_token_id, *ids, tokenizer.sep_token_id]


def _encoded(checkpoint: Checkpoint, text: str) -> dict[str, list]:  # type: ignore[type-arg]
    return checkpoint.tokenizer(  # type: ignore[no-any-return]
        LONE_SURROGATE.sub("\ufffd", text),
        add_special_tokens=False,
        split_special_tokens=True,
        return_offsets_mapping=True,
        verbose=False,
    )


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
