"""How good a model is while it is being trained: the product's own reading of the development sessions, not the loss.

Sessions are read through the same windows as when tagging; the figure is the utterance F1 at the threshold that suits
the model best, averaged over the development sets, so that scarce real speech counts as much as plentiful authored
sessions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Checkpoint, Task
from action_recs.decoding import by_utterance, recommendation_scores, review_classes, review_scores
from action_recs.evaluation.curves import best_threshold
from action_recs.evaluation.metrics import utterances_with
from action_recs.scoring import piece_scores
from action_recs.session import Label
from action_recs.tagger import BATCH_TOKENS
from action_recs.transcript import Transcript
from action_recs.windows import Piece

SESSIONS_AT_ONCE = 32


def best_f1(checkpoint: Checkpoint, sessions: Mapping[str, Sequence[AnnotatedSession]]) -> dict[str, float]:
    """Best utterance F1 of each set, the threshold for it, and ``f1``: the mean over the sets."""
    figures: dict[str, float] = {}
    for name, members in sessions.items():
        scores, gold = _scores_and_gold(checkpoint, members)
        figures[f"{name}_f1"], figures[f"{name}_threshold"] = best_threshold(scores, gold)
    figures["f1"] = float(np.mean([figures[f"{name}_f1"] for name in sessions]))
    return figures


def utterance_scores(transcript: Transcript, pieces: list[Piece], tables: list[np.ndarray], task: Task) -> np.ndarray:
    """The model's score of each utterance."""
    if task is Task.RECOMMENDATION:
        return recommendation_scores(transcript, by_utterance(pieces, tables, len(transcript)))
    return review_scores(review_classes(pieces, tables, len(transcript)))


def _scores_and_gold(checkpoint: Checkpoint, sessions: Sequence[AnnotatedSession]) -> tuple[np.ndarray, np.ndarray]:
    label = Label(checkpoint.settings.task.value)
    versions: dict[str, list[AnnotatedSession]] = {}
    for session in sessions:  # two annotators' versions of one transcript are read once and counted twice
        versions.setdefault(session.id, []).append(session)
    scores, gold = [], []
    for some in _portions(list(versions.values())):
        read = piece_scores(checkpoint, [annotated[0].transcript for annotated in some], batch_tokens=BATCH_TOKENS)
        for annotated, (pieces, tables) in zip(some, read, strict=True):
            found = utterance_scores(annotated[0].transcript, pieces, tables, checkpoint.settings.task)
            for version in annotated:
                held = utterances_with(version, label)
                scores.append(found)
                gold.append(np.array([index in held for index in range(len(version.transcript))]))
    return np.concatenate(scores), np.concatenate(gold)


def _portions(items: list[list[AnnotatedSession]]) -> Iterable[list[list[AnnotatedSession]]]:
    return (items[first : first + SESSIONS_AT_ONCE] for first in range(0, len(items), SESSIONS_AT_ONCE))
