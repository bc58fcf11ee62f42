"""Run a checkpoint over transcripts: windows in, probabilities for every piece out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from action_recs.checkpoint import Checkpoint
from action_recs.transcript import Transcript
from action_recs.windows import Piece, Window, make_windows, read_out, tokenize, window_ids


def piece_scores(
    checkpoint: Checkpoint, transcripts: Sequence[Transcript], *, batch_tokens: int
) -> list[tuple[list[Piece], list[np.ndarray]]]:
    """Score transcripts together, so that windows of like length share a batch.

    Returns
    -------
    list of (list of Piece, list of array)
        For each transcript its pieces, and for each piece probabilities of shape (tokens, classes).
    """
    settings = checkpoint.settings
    pieces = [
        tokenize(transcript, checkpoint.tokenizer, window_tokens=settings.window_tokens) for transcript in transcripts
    ]
    windows = [
        make_windows(
            [len(piece.tokens) for piece in one],
            window_tokens=settings.window_tokens,
            overlap_tokens=settings.overlap_tokens,
        )
        for one in pieces
    ]
    places = [(session, number) for session, some in enumerate(windows) for number in range(len(some))]
    scores: list[list[np.ndarray]] = [[np.empty(0)] * len(some) for some in windows]
    for batch in _batches(places, windows, batch_tokens):
        rows = [
            window_ids(windows[session][number], pieces[session], checkpoint.tokenizer) for session, number in batch
        ]
        for (session, number), table in zip(batch, _probabilities(checkpoint, rows), strict=True):
            scores[session][number] = table
    return [(one, read_out(some, table, one)) for one, some, table in zip(pieces, windows, scores, strict=True)]


def _batches(
    places: list[tuple[int, int]], windows: list[list[Window]], batch_tokens: int
) -> Iterator[list[tuple[int, int]]]:
    """Group windows from long to short until the padded batch is full."""
    order = sorted(places, key=lambda place: -windows[place[0]][place[1]].tokens)
    first = 0
    while first < len(order):
        longest = windows[order[first][0]][order[first][1]].tokens
        count = max(1, batch_tokens // longest)
        yield order[first : first + count]
        first += count


@torch.inference_mode()
def _probabilities(checkpoint: Checkpoint, rows: list[list[int]]) -> list[np.ndarray]:
    longest = max(map(len, rows))
    padding = checkpoint.tokenizer.pad_token_id or 0
    ids = torch.tensor([row + [padding] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    device = checkpoint.model.device
    logits = checkpoint.model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits
    table = logits.float().softmax(-1).cpu().numpy()
    return [table[at, : len(row)] for at, row in enumerate(rows)]
