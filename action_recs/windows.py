"""Transcript -> overlapping token windows, and what a model says of the windows back onto the utterances.

A session is longer than an encoder's input, so it is read through windows of whole utterances that overlap. Every
utterance opens with a marker token for its speaker's role, and is read from the window that gives it most context on
both sides. An utterance longer than half a window is divided into pieces, never cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from action_recs.transcript import Role, Transcript

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ROLE_MARKERS = {Role.THERAPIST: "[THERAPIST]", Role.CLIENT: "[CLIENT]", Role.OTHER: "[OTHER]"}
"""The token that opens an utterance. Part of every checkpoint's vocabulary; in a transcript it is ordinary text."""

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character, left by broken decoding. Tokenizers refuse it; one sign for another keeps every offset."""

SPECIAL_TOKENS_A_WINDOW = 2  # one opens the window, one closes it


@dataclass(frozen=True, slots=True)
class Piece:
    """An utterance, or a part of a very long one, as tokens.

    Attributes
    ----------
    utterance : int
        Index in the transcript.
    role : Role
    tokens : tuple of int
        The role's marker, then the token ids of the text.
    offsets : tuple of (int, int)
        For each token after the marker, the characters of the utterance's text that it covers, end exclusive.
    """

    utterance: int
    role: Role
    tokens: tuple[int, ...] = field(repr=False)
    offsets: tuple[tuple[int, int], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive pieces that a model reads at once.

    Attributes
    ----------
    first, last : int
        The pieces ``first`` to ``last``, both inclusive.
    owned_first, owned_last : int
        The pieces among them that are read out of this window: the windows of a session own every piece once.
    tokens : int
        Length, special tokens included.
    """

    first: int
    last: int
    owned_first: int
    owned_last: int
    tokens: int


def tokenize(transcript: Transcript, tokenizer: PreTrainedTokenizerBase, *, window_tokens: int) -> list[Piece]:
    """Turn every utterance into one or more pieces.

    Parameters
    ----------
    transcript : Transcript
    tokenizer : a fast Hugging Face tokenizer with the role markers
        Special tokens that are spelled out in the text ("[SEP]") are read as text.
    window_tokens : int
        The length of a window; no piece takes more than half of it.
    """
    return cut(transcript, encode(transcript, tokenizer), tokenizer, window_tokens=window_tokens)


@dataclass(frozen=True, slots=True)
class Encoded:
    """The text of a transcript as tokens, which models with one vocabulary share.

    Attributes
    ----------
    ids : sequence of sequence of int
        For each utterance its tokens, without a role's marker.
    offsets : sequence of sequence of (int, int)
        For each token the characters that it covers, end exclusive.
    """

    ids: Sequence[Sequence[int]] = field(repr=False)
    offsets: Sequence[Sequence[tuple[int, int]]] = field(repr=False)


def encode(transcript: Transcript, tokenizer: PreTrainedTokenizerBase) -> Encoded:
    """Tokenize every utterance. Special tokens that are spelled out in the text ("[SEP]") are read as text."""
    if not transcript.utterances:
        return Encoded((), ())
    found = tokenizer(
        [LONE_SURROGATE.sub("\ufffd", utterance.text) for utterance in transcript.utterances],
        add_special_tokens=False,
        split_special_tokens=True,
        return_offsets_mapping=True,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    return Encoded(found["input_ids"], found["offset_mapping"])


def cut(
    transcript: Transcript, encoded: Encoded, tokenizer: PreTrainedTokenizerBase, *, window_tokens: int
) -> list[Piece]:
    """Open every utterance with its role's marker, and divide those that are longer than half a window."""
    longest = max(1, (window_tokens - SPECIAL_TOKENS_A_WINDOW) // 2 - 1)
    markers = {role: tokenizer.convert_tokens_to_ids(marker) for role, marker in ROLE_MARKERS.items()}
    pieces = []
    for index, utterance in enumerate(transcript.utterances):
        ids, offsets = encoded.ids[index], encoded.offsets[index]
        for start in range(0, max(len(ids), 1), longest):
            pieces.append(
                Piece(
                    utterance=index,
                    role=utterance.role,
                    tokens=(markers[utterance.role], *ids[start : start + longest]),
                    offsets=tuple(offsets[start : start + longest]),
                )
            )
    return pieces


def make_windows(
    lengths: Sequence[int], *, window_tokens: int, overlap_tokens: int, first_window_tokens: int | None = None
) -> list[Window]:
    """Lay windows over pieces of the given lengths.

    Parameters
    ----------
    lengths : sequence of int
        Tokens of each piece; each at most half of ``window_tokens``.
    window_tokens : int
        The most tokens of a window, special tokens included.
    overlap_tokens : int
        About how many tokens two neighbouring windows share, in whole pieces.
    first_window_tokens : int, optional
        Makes the first window shorter, so that training sees other borders in every pass.

    Examples
    --------
    >>> windows = make_windows([4] * 5, window_tokens=14, overlap_tokens=4)
    >>> [(window.first, window.last, window.owned_first, window.owned_last) for window in windows]
    [(0, 2, 0, 1), (2, 4, 2, 4)]
    """
    spans: list[tuple[int, int]] = []
    first, limit = 0, first_window_tokens or window_tokens
    while first < len(lengths):
        room = limit - SPECIAL_TOKENS_A_WINDOW - lengths[first]
        last = first
        while last + 1 < len(lengths) and lengths[last + 1] <= room:
            last += 1
            room -= lengths[last]
        spans.append((first, last))
        if last + 1 == len(lengths):
            break
        shared, following = 0, last + 1
        most = window_tokens - SPECIAL_TOKENS_A_WINDOW - lengths[last + 1]  # else the next window reaches no further
        while following - 1 > first and shared < overlap_tokens and shared + lengths[following - 1] <= most:
            following -= 1
            shared += lengths[following]
        first, limit = following, window_tokens
    return _with_owners(spans, lengths)


def _with_owners(spans: list[tuple[int, int]], lengths: Sequence[int]) -> list[Window]:
    """Divide what two neighbouring windows share at the piece where the later one gives more context."""
    ends = np.concatenate([[0], np.cumsum(lengths)]) if len(lengths) else np.zeros(1, dtype=int)
    windows = []
    owned_first = 0
    for number, (first, last) in enumerate(spans):
        owned_last = last
        if number + 1 < len(spans):
            next_first = spans[number + 1][0]
            middle = (ends[next_first] + ends[last + 1]) / 2
            owned_last = next_first - 1
            while owned_last < last and (ends[owned_last + 1] + ends[owned_last + 2]) / 2 < middle:
                owned_last += 1
        tokens = int(ends[last + 1] - ends[first]) + SPECIAL_TOKENS_A_WINDOW
        if owned_first <= owned_last:
            windows.append(Window(first, last, owned_first, owned_last, tokens))
        owned_first = max(owned_first, owned_last + 1)
    return windows


def window_ids(window: Window, pieces: Sequence[Piece], tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The input of a window: opening token, the pieces' tokens, closing token."""
    return enclosed([token for piece in pieces[window.first : window.last + 1] for token in piece.tokens], tokenizer)


def enclosed(tokens: Iterable[int], tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Tokens between the one that opens an encoder's input and the one that closes it."""
    opening = tokenizer.cls_token_id if tokenizer.cls_token_id is not None else tokenizer.bos_token_id
    closing = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
    return [opening, *tokens, closing]


def read_out(windows: Sequence[Window], scores: Sequence[np.ndarray], pieces: Sequence[Piece]) -> list[np.ndarray]:
    """Take every piece's scores from the window that owns it.

    Parameters
    ----------
    windows : sequence of Window
        All windows of one session.
    scores : sequence of array of shape (tokens of the window, classes)
    pieces : sequence of Piece

    Returns
    -------
    list of array of shape (tokens of the piece, classes)
        One for each piece, the marker's row first.
    """
    found = []
    for window, table in zip(windows, scores, strict=True):
        row = 1 + sum(len(piece.tokens) for piece in pieces[window.first : window.owned_first])
        for piece in pieces[window.owned_first : window.owned_last + 1]:
            found.append(table[row : row + len(piece.tokens)])
            row += len(piece.tokens)
    return found
