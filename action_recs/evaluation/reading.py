"""What a checkpoint makes of transcripts: what it finds, and the scores that decide it.

A threshold other than the checkpoint's own needs no second reading: every stretch above the floor is decoded once, with
its score, and a threshold keeps those that reach it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from action_recs.checkpoint import SHIPPED, Checkpoint, Task, checkpoint_task, load_checkpoint
from action_recs.decoding import (
    DecodingSettings,
    by_utterance,
    find_recommendations,
    find_reviews,
    recommendation_scores,
    review_classes,
    review_scores,
)
from action_recs.errors import ModelError
from action_recs.session import Recommendation, Review
from action_recs.transcript import Transcript

SESSIONS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """One transcript as one model reads it.

    Attributes
    ----------
    recommendations, reviews : tuple
        What is found at the checkpoint's own threshold; the other task's is empty.
    scores : array of shape (utterances,)
        The model's score of each utterance, 0 to 1.
    decisive : array of shape (utterances,)
        The threshold up to which the utterance carries the label: the score of the span or run that it lies in. Below
        the floor there are no spans and runs, and it is the utterance's own score.
    """

    recommendations: tuple[Recommendation, ...] = ()
    reviews: tuple[Review, ...] = ()
    scores: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    decisive: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


def load_models(path: str | Path, *, device: str = "cpu") -> dict[Task, Checkpoint]:
    """The checkpoints of a folder: of both models, or of one of them.

    Parameters
    ----------
    path : path
        A folder with ``recommendation/`` and ``review/`` or either of them, the folder of one checkpoint, or "shipped".
    device : str

    Raises
    ------
    ModelError
        When it holds none, or a checkpoint that is broken or in the place of the other task.
    """
    folder = SHIPPED if str(path) == "shipped" else Path(path)
    within = [task for task in Task if (folder / task.value).is_dir()]
    if within:
        return {task: load_checkpoint(folder / task.value, task, device=device) for task in within}
    if not folder.is_dir():
        remedy = "give a folder of trained models, or 'shipped'"
        raise ModelError(f"{folder}: no such folder; {remedy}")
    task = checkpoint_task(folder) or Task.RECOMMENDATION  # one that says nothing is refused with what it lacks
    return {task: load_checkpoint(folder, task, device=device)}


def read_transcripts(
    checkpoint: Checkpoint, transcripts: Iterable[Transcript], *, progress: bool | None = False
) -> Iterator[Reading]:
    """Read transcripts in order, a few at a time."""
    from tqdm.auto import tqdm

    from action_recs.scoring import piece_scores  # loads torch
    from action_recs.tagger import BATCH_TOKENS

    count = len(transcripts) if isinstance(transcripts, (list, tuple)) else None
    stream = iter(transcripts)
    task, settings = checkpoint.settings.task, checkpoint.settings.decoding
    lowest = replace(settings, threshold=min(settings.floor, settings.threshold))
    with tqdm(
        total=count, desc=task.value, unit="session", disable=None if progress is None else not progress, leave=False
    ) as bar:
        while some := list(itertools.islice(stream, SESSIONS_AT_ONCE)):
            for transcript, (pieces, tables) in zip(
                some, piece_scores(checkpoint, some, batch_tokens=BATCH_TOKENS), strict=True
            ):
                if task is Task.RECOMMENDATION:
                    tokens = by_utterance(pieces, tables, len(transcript))
                    scores = recommendation_scores(transcript, tokens)
                    spans = find_recommendations(transcript, tokens, lowest)
                    held = [(span.utterance, span.utterance, span.score) for span in spans]
                    found = tuple(find_recommendations(transcript, tokens, settings))
                    yield Reading(recommendations=found, scores=scores, decisive=_decisive(scores, held, settings))
                else:
                    classes = review_classes(pieces, tables, len(transcript))
                    scores = review_scores(classes)
                    runs = find_reviews(classes, lowest)
                    held = [(run.first, run.last, run.score) for run in runs]
                    reviews = tuple(find_reviews(classes, settings))
                    yield Reading(reviews=reviews, scores=scores, decisive=_decisive(scores, held, settings))
                bar.update()


def _decisive(
    scores: NDArray[np.float64], held: list[tuple[int, int, float]], settings: DecodingSettings
) -> NDArray[np.float64]:
    below = np.nextafter(min(settings.floor, settings.threshold), 0)
    decisive = np.minimum(scores.astype(np.float64), below)
    for first, last, score in held:
        decisive[first : last + 1] = np.maximum(decisive[first : last + 1], score)
    return decisive
