"""Annotated sessions -> training windows, as a Hugging Face dataset.

Every *pass* over the data lays the windows anew, from another first border and over another variant of the
transcript, so that no utterance is always read at the same place. All passes together are one dataset: what the
trainer sees is fixed by the seed, and training can be resumed anywhere.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from datasets import Dataset
from tqdm.auto import tqdm
from transformers import PreTrainedTokenizerBase

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import ReadingSettings
from action_recs.training.augment import varied
from action_recs.training.labels import IGNORED, piece_labels
from action_recs.windows import make_windows, tokenize, window_ids

FULL, SHORTEST = 1.0, 0.3
BATCHES_SORTED = 16


def training_dataset(
    sessions: Mapping[str, Sequence[AnnotatedSession]],
    mix: Mapping[str, float],
    tokenizer: PreTrainedTokenizerBase,
    settings: ReadingSettings,
    *,
    passes: int,
    batch_windows: int,
    recognised: float,
    wrong_speakers: float,
    masked: float,
    seed: int,
) -> Dataset:
    """Lay the windows of all passes.

    Parameters
    ----------
    sessions : mapping of set name to sessions
    mix : mapping of set name to float
        How much of each set a pass takes: 0.5 is a random half of its sessions, 2 is every session twice.
    batch_windows : int
        Windows of like length stand together in groups of this size.
    recognised, wrong_speakers : float
        Probabilities of the variants (see ``augment.varied``).
    masked : float
        The share of tokens that are hidden, other ones in every pass: a model that has seen a transcript ten times
        must still read the words around, and cannot learn it by heart.

    Returns
    -------
    Dataset
        Columns ``input_ids``, ``attention_mask``, ``labels``, in the order in which they are to be trained on.
    """
    draw = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for _ in tqdm(range(passes), desc="laying windows", unit="pass"):
        one_pass: list[dict[str, Any]] = []
        for session in _drawn(sessions, mix, draw):
            session = varied(session, draw, recognised=recognised, wrong_speakers=wrong_speakers)
            one_pass.extend(session_windows(session, tokenizer, settings, draw, masked=masked))
        rows.extend(_in_batches(one_pass, batch_windows, draw))
    return Dataset.from_list(rows)


def session_windows(
    session: AnnotatedSession,
    tokenizer: PreTrainedTokenizerBase,
    settings: ReadingSettings,
    draw: random.Random,
    *,
    masked: float = 0.0,
) -> Iterator[dict[str, Any]]:
    """The windows of one session, without overlap, from a random first border."""
    pieces = tokenize(session.transcript, tokenizer, window_tokens=settings.window_tokens)
    labels = piece_labels(session, pieces, settings.task)
    first = round(settings.window_tokens * draw.uniform(SHORTEST, FULL))
    lengths = [len(piece.tokens) for piece in pieces]
    for window in make_windows(
        lengths, window_tokens=settings.window_tokens, overlap_tokens=0, first_window_tokens=first
    ):
        ids = _hidden(window_ids(window, pieces, tokenizer), tokenizer, draw, masked)
        inside = [label for piece in labels[window.first : window.last + 1] for label in piece]
        if any(label >= 0 for label in inside):
            yield {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": [IGNORED, *inside, IGNORED]}


def _hidden(ids: list[int], tokenizer: PreTrainedTokenizerBase, draw: random.Random, share: float) -> list[int]:
    """The tokens with a share of them replaced by the mask token; never a role marker or another special token."""
    if not share or tokenizer.mask_token_id is None:
        return ids
    kept = set(tokenizer.all_special_ids)
    return [number if number in kept or draw.random() >= share else tokenizer.mask_token_id for number in ids]


def _in_batches(rows: list[dict[str, Any]], batch: int, draw: random.Random) -> Iterator[dict[str, Any]]:
    """Shuffle, so that windows of like length share a batch and little padding is computed."""
    draw.shuffle(rows)
    batches = []
    for first in range(0, len(rows), batch * BATCHES_SORTED):
        some = sorted(rows[first : first + batch * BATCHES_SORTED], key=lambda row: len(row["input_ids"]))
        batches += [some[at : at + batch] for at in range(0, len(some), batch)]
    draw.shuffle(batches)
    return itertools.chain.from_iterable(batches)


def _drawn(
    sessions: Mapping[str, Sequence[AnnotatedSession]], mix: Mapping[str, float], draw: random.Random
) -> Iterator[AnnotatedSession]:
    for name, share in mix.items():
        whole = int(share)
        for _ in range(whole):
            yield from sessions[name]
        part = round(len(sessions[name]) * (share - whole))
        yield from draw.sample(list(sessions[name]), part)
