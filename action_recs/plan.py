"""How a model reads a transcript: its pieces, the windows over them, and the rows of the windows that are read out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from action_recs.checkpoint import ReadingSettings
from action_recs.decoding import OUTSIDE
from action_recs.encoder import WindowInput
from action_recs.transcript import Role, Transcript
from action_recs.windows import Encoded, Piece, Window, cut, make_windows, window_ids

Tables = list[np.ndarray]
"""For each piece of a transcript its probabilities, shape (tokens, classes)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one model reads one transcript.

    Attributes
    ----------
    pieces : list of Piece
    windows : list of Window
    inputs : list of WindowInput
        The windows' tokens, and the rows of them that are read out.
    roles : collection of Role
        Whose pieces are read out.
    """

    pieces: list[Piece]
    windows: list[Window]
    inputs: list[WindowInput]
    roles: Collection[Role]

    def read_out(self, tables: Sequence[np.ndarray], columns: slice) -> Tables:
        """Every piece's probabilities, from those of the windows' rows.

        Parameters
        ----------
        tables : sequence of array of shape (rows that are read, classes)
            One for each window.
        columns : slice
            Which of these classes are the model's own.

        Returns
        -------
        list of array of shape (tokens of the piece, classes)
            The marker's row first. A piece that is not read is outside with certainty.
        """
        outside = np.zeros((1, columns.stop - columns.start), dtype=np.float32)
        outside[0, OUTSIDE] = 1
        found = []
        for window, table in zip(self.windows, tables, strict=True):
            row = 0
            for piece in self.pieces[window.owned_first : window.owned_last + 1]:
                if piece.role in self.roles:
                    found.append(table[row : row + len(piece.tokens), columns])
                    row += len(piece.tokens)
                else:
                    found.append(np.broadcast_to(outside, (len(piece.tokens), outside.shape[1])))
        return found


def make_plan(
    transcript: Transcript,
    encoded: Encoded,
    tokenizer: Any,
    settings: ReadingSettings,
    *,
    roles: Collection[Role] = tuple(Role),
) -> Plan:
    """Lay a checkpoint's windows over a tokenized transcript, to read the utterances of the given roles."""
    pieces = cut(transcript, encoded, tokenizer, window_tokens=settings.window_tokens)
    windows = make_windows(
        [len(piece.tokens) for piece in pieces],
        window_tokens=settings.window_tokens,
        overlap_tokens=settings.overlap_tokens,
    )
    inputs = [_input(window, pieces, tokenizer, roles) for window in windows]
    return Plan(pieces, windows, inputs, roles)


def _input(window: Window, pieces: Sequence[Piece], tokenizer: Any, roles: Collection[Role]) -> WindowInput:
    """A window's tokens, and the rows that are read out of it."""
    row = 1 + sum(len(piece.tokens) for piece in pieces[window.first : window.owned_first])
    rows: list[int] = []
    begins, said_by = [], []
    for piece in pieces[window.owned_first : window.owned_last + 1]:
        if piece.role in roles:
            begins.append(len(rows))
            said_by.append(piece.role)
            rows.extend(range(row, row + len(piece.tokens)))
        row += len(piece.tokens)
    return WindowInput(
        window_ids(window, pieces, tokenizer), np.array(rows, dtype=np.int64), np.array(begins, dtype=np.int64), said_by
    )
