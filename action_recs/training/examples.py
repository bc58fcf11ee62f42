"""Annotated sessions -> training windows, as a Hugging Face dataset.

Every *pass* over the data lays the windows anew, from another first border and over another variant of the
transcript, so that no utterance is always read at the same place. All passes together are one dataset: what the
trainer sees is fixed by the seed, and training can be resumed anywhere.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from datasets import Dataset
from tqdm.auto import tqdm
from transformers import PreTrainedTokenizerBase

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import ReadingSettings
from action_recs.training.augment import varied
from action_recs.training.config import UNLABELLED
from action_recs.training.labels import IGNORED, piece_labels
from action_recs.transcript import Transcript
from action_recs.windows import Piece, make_windows, tokenize, window_ids

SoftLabels = Callable[[Transcript, Sequence[Piece]], list[np.ndarray]]
"""For each piece, probabilities of shape (tokens, classes); rows of nothing but 0 for tokens that do not count."""

Labels = Callable[[AnnotatedSession, Sequence[Piece]], list[list[int]]]
"""For each piece, the class of each of its tokens; see ``labels.piece_labels``."""

Likeliest = Callable[[np.ndarray], list[int]]
"""From soft labels of shape (tokens, classes) to a class for each token."""

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
    batch_tokens: int | None = None,
    soft_labels: SoftLabels | None = None,
    labels: Labels | None = None,
    likeliest: Likeliest | None = None,
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
    batch_tokens : int, optional
        In place of ``batch_windows``: as many windows as fit, padding included.
    soft_labels : callable, optional
        What teachers say of a transcript's tokens; needed for the set "unlabelled".
    labels : callable, optional
        What annotators say of them, where it is not the classes of the settings' task.
    likeliest : callable, optional
        Likewise for what teachers say of a session that nobody annotated.

    Returns
    -------
    Dataset
        Columns ``input_ids``, ``attention_mask``, ``labels`` and ``batch``, the number of the batch that a window is
        part of, in the order in which they are to be trained on. With ``soft_labels`` also ``soft``, a row of
        probabilities a token, ``labelled``, whether annotators or only teachers say the ``labels``, and ``transcript``
        and ``utterance``, where each token is from.
    """
    draw = random.Random(seed)
    batches: list[list[dict[str, Any]]] = []
    total = passes * _count(sessions, mix)
    with tqdm(desc="laying windows", unit="session", total=total) as bar:  # teachers may take an hour to read them
        for _ in range(passes):
            one_pass: list[dict[str, Any]] = []
            for name, session in _drawn(sessions, mix, draw):
                session = varied(session, draw, recognised=recognised, wrong_speakers=wrong_speakers)
                one_pass.extend(
                    session_windows(
                        session,
                        tokenizer,
                        settings,
                        draw,
                        masked=masked,
                        soft_labels=soft_labels,
                        labels=labels,
                        likeliest=likeliest or likeliest_classes,
                        labelled=name != UNLABELLED,
                    )
                )
                bar.update()
            batches += _in_batches(one_pass, batch_windows, batch_tokens, draw)
    if batch_tokens is None:  # full batches, across passes too
        rows = list(itertools.chain.from_iterable(batches))
        batches = [rows[at : at + batch_windows] for at in range(0, len(rows), batch_windows)]
    rows = [row | {"batch": number} for number, some in enumerate(batches) for row in some]
    return Dataset.from_list(rows)


def likeliest_classes(probabilities: np.ndarray) -> list[int]:
    """The likeliest class of each token; tokens that do not count keep out of the loss.

    Examples
    --------
    >>> likeliest_classes(np.array([[0.1, 0.9, 0.0], [0.0, 0.0, 0.0]]))
    [1, -100]
    """
    return [int(row.argmax()) if row.any() else IGNORED for row in probabilities]


def session_windows(
    session: AnnotatedSession,
    tokenizer: PreTrainedTokenizerBase,
    settings: ReadingSettings,
    draw: random.Random,
    *,
    masked: float = 0.0,
    soft_labels: SoftLabels | None = None,
    labels: Labels | None = None,
    likeliest: Likeliest = likeliest_classes,
    labelled: bool = True,
) -> Iterator[dict[str, Any]]:
    """The windows of one session, without overlap, from a random first border."""
    pieces = tokenize(session.transcript, tokenizer, window_tokens=settings.window_tokens)
    soft = soft_labels(session.transcript, pieces) if soft_labels else None
    if not labelled:
        classes = [likeliest(each) for each in soft or ()]
    else:
        classes = labels(session, pieces) if labels else piece_labels(session, pieces, settings.task)
    first = round(settings.window_tokens * draw.uniform(SHORTEST, FULL))
    lengths = [len(piece.tokens) for piece in pieces]
    for window in make_windows(
        lengths, window_tokens=settings.window_tokens, overlap_tokens=0, first_window_tokens=first
    ):
        ids = hidden(window_ids(window, pieces, tokenizer), tokenizer, draw, masked)
        inside = [label for piece in classes[window.first : window.last + 1] for label in piece]
        if not any(label >= 0 for label in inside):
            continue
        counted = [IGNORED, *inside, IGNORED]
        row: dict[str, Any] = {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": counted}
        if soft is not None:
            nothing = np.zeros((1, soft[0].shape[1]))
            of_pieces = slice(window.first, window.last + 1)
            row["soft"] = np.concatenate([nothing, *soft[of_pieces], nothing]).tolist()
            row["labelled"] = labelled
            row["transcript"] = hash(session.transcript)
            row["utterance"] = [-1, *(each.utterance for each in pieces[of_pieces] for _ in each.tokens), -1]
        yield row


def hidden(ids: list[int], tokenizer: PreTrainedTokenizerBase, draw: random.Random, share: float) -> list[int]:
    """The tokens with a share of them replaced by the mask token; never a role marker or another special token."""
    if not share or tokenizer.mask_token_id is None:
        return ids
    kept = set(tokenizer.all_special_ids)
    return [number if number in kept or draw.random() >= share else tokenizer.mask_token_id for number in ids]


def _in_batches(
    rows: list[dict[str, Any]], batch: int, batch_tokens: int | None, draw: random.Random
) -> list[list[dict[str, Any]]]:
    """Shuffle, so that windows of like length share a batch and little padding is computed."""
    draw.shuffle(rows)
    if batch_tokens is not None:
        longest = max((len(row["input_ids"]) for row in rows), default=1)
        batch = max(1, batch_tokens // longest)
    batches = []
    for first in range(0, len(rows), batch * BATCHES_SORTED):
        some = sorted(rows[first : first + batch * BATCHES_SORTED], key=lambda row: len(row["input_ids"]))
        if batch_tokens is None:
            batches += [some[at : at + batch] for at in range(0, len(some), batch)]
        else:
            batches += _filled(some, batch_tokens)
    draw.shuffle(batches)
    return batches


def _filled(rows: Sequence[dict[str, Any]], batch_tokens: int) -> list[list[dict[str, Any]]]:
    """Neighbours together, as many as fit: the longest of a batch times its windows is at most ``batch_tokens``."""
    batches: list[list[dict[str, Any]]] = []
    longest = 0
    for row in rows:
        length = len(row["input_ids"])
        if batches and max(longest, length) * (len(batches[-1]) + 1) <= batch_tokens:
            batches[-1].append(row)
            longest = max(longest, length)
        else:
            batches.append([row])
            longest = length
    return batches


def _count(sessions: Mapping[str, Sequence[AnnotatedSession]], mix: Mapping[str, float]) -> int:
    """How many sessions :func:`_drawn` gives."""
    return sum(
        int(share) * len(sessions[name]) + round(len(sessions[name]) * (share - int(share)))
        for name, share in mix.items()
    )


def _drawn(
    sessions: Mapping[str, Sequence[AnnotatedSession]], mix: Mapping[str, float], draw: random.Random
) -> Iterator[tuple[str, AnnotatedSession]]:
    """Sessions of one pass, each with the name of its set."""
    for name, share in mix.items():
        whole = int(share)
        for _ in range(whole):
            yield from ((name, session) for session in sessions[name])
        part = round(len(sessions[name]) * (share - whole))
        yield from ((name, session) for session in draw.sample(list(sessions[name]), part))
