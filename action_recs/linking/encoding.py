"""Rows of tokens through an encoder, in batches of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from action_recs.checkpoint import Checkpoint

if TYPE_CHECKING:
    import torch


def encoded(
    encoder: torch.nn.Module,
    checkpoint: Checkpoint,
    rows: Sequence[Sequence[int]],
    *,
    batch_tokens: int,
    hidden_states: bool = False,
) -> Iterator[tuple[list[int], Any, torch.Tensor]]:
    """Read rows on the encoder's device, without gradients.

    Parameters
    ----------
    encoder : torch.nn.Module
    checkpoint : Checkpoint
        The one it was made from: its tokenizer's padding is used.
    rows : sequence of sequence of int
        Tokens, with those that open and close an input.
    batch_tokens : int
        Of all rows of a batch, padding included.
    hidden_states : bool
        Whether those of every layer are wanted.

    Yields
    ------
    (list of int, model output, tensor of shape (rows of the batch, tokens))
        Which rows, what the encoder says of them, and where they have tokens.
    """
    import torch

    from action_recs.encoder import padded  # loads torch, as workers does
    from action_recs.workers import batches

    device = next(encoder.parameters()).device
    padding = checkpoint.tokenizer.pad_token_id or 0
    for batch in batches([len(row) for row in rows], batch_tokens):
        ids, mask = (torch.from_numpy(each).to(device) for each in padded([rows[at] for at in batch], padding))
        with torch.inference_mode():
            output = encoder(input_ids=ids, attention_mask=mask, output_hidden_states=hidden_states)
        yield batch, output, mask
