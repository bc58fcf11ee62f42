"""Where a session stands among others: the mean of an encoder's states over some of its windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from action_recs.transcript import Transcript
from action_recs.windows import make_windows, tokenize, window_ids

if TYPE_CHECKING:
    from action_recs.checkpoint import Checkpoint

WINDOWS = 4
"""Of a session, spread evenly over it: enough to tell what it is about, at a fraction of the time of them all."""


def session_embeddings(
    checkpoint: Checkpoint, transcripts: Iterable[Transcript], *, windows: int = WINDOWS
) -> Iterator[NDArray[np.float32]]:
    """Embed sessions, one after another.

    Parameters
    ----------
    checkpoint : Checkpoint
        Whose encoder reads.
    transcripts : iterable of Transcript
    windows : int
        At most so many windows of a session are read.

    Yields
    ------
    array of shape (hidden size,)
        Mean-pooled last hidden states; zeros for a session without words.
    """
    import torch

    from action_recs.encoder import padded  # loads torch

    model, tokenizer, settings = checkpoint.model, checkpoint.tokenizer, checkpoint.settings
    encoder = model.base_model
    for transcript in transcripts:
        pieces = tokenize(transcript, tokenizer, window_tokens=settings.window_tokens)
        laid = make_windows(
            [len(piece.tokens) for piece in pieces], window_tokens=settings.window_tokens, overlap_tokens=0
        )
        read = np.unique(np.linspace(0, len(laid) - 1, min(windows, len(laid))).round().astype(int))
        rows = [window_ids(laid[number], pieces, tokenizer) for number in read]
        if not rows:
            yield np.zeros(model.config.hidden_size, dtype=np.float32)
            continue
        both = padded(rows, tokenizer.pad_token_id or 0)
        ids, mask = (torch.from_numpy(each).to(model.device) for each in both)
        with torch.inference_mode():
            states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        pooled = (states * mask[..., None]).sum((0, 1)) / mask.sum()
        yield pooled.cpu().numpy().astype(np.float32)
