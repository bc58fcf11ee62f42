"""Choose a checkpoint's decoding settings on development sessions.

The model reads the sessions once; then every setting of a coarse grid decodes the same scores. The grid is coarse on
purpose: the development data cannot tell finer steps apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Checkpoint, Task
from action_recs.decoding import DecodingSettings, by_utterance, find_recommendations, find_reviews, review_classes
from action_recs.evaluation.metrics import (
    Counts,
    Metric,
    recommendation_spans,
    recommendation_utterances,
    review_utterances,
    total,
)
from action_recs.scoring import piece_scores
from action_recs.session import Recommendation, Review
from action_recs.tagger import BATCH_TOKENS

THRESHOLDS = tuple(round(0.2 + 0.05 * step, 2) for step in range(15))
FLOORS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
SPLITS = (0.3, 0.5, 0.7)
NOISE = 0.025
"""Differences in the sets' mean F1 under this are noise: AnnoMI's development part holds some ten reviews."""

METRICS_OF: dict[Task, tuple[Metric, ...]] = {
    Task.RECOMMENDATION: (recommendation_utterances, recommendation_spans),
    Task.REVIEW: (review_utterances,),
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoding of a session: as much of a tagged session as the metrics need."""

    recommendations: tuple[Recommendation, ...] = ()
    reviews: tuple[Review, ...] = ()


Decoder = Callable[[DecodingSettings], Decoded]


Counted = Mapping[DecodingSettings, Sequence[tuple[Counts, ...]]]
"""For every setting, and for every session in order, the counts of each metric of the task."""


def tuned(
    checkpoint: Checkpoint,
    development: Mapping[str, Sequence[AnnotatedSession]],
    decoders: Mapping[str, Mapping[str, Decoder]] | None = None,
) -> Checkpoint:
    """The checkpoint with the settings that decode the development sessions best; see :func:`best_settings`.

    Parameters
    ----------
    decoders : mapping of set name to what ``read_once`` returned, optional
        So that sessions that were read are not read again.
    """
    task = checkpoint.settings.task
    if decoders is None:
        decoders = {name: read_once(checkpoint, sessions) for name, sessions in development.items()}
    tables = {name: count_all(task, sessions, decoders[name]) for name, sessions in development.items()}
    return replace(checkpoint, settings=replace(checkpoint.settings, decoding=best_settings(tables)))


def count_all(task: Task, sessions: Sequence[AnnotatedSession], decoders: Mapping[str, Decoder]) -> Counted:
    """Decode every session with every setting of the grid, and count what is right."""
    metrics = METRICS_OF[task]
    grid = [
        DecodingSettings(threshold, floor, split)
        for threshold, floor, split in itertools.product(THRESHOLDS, FLOORS, SPLITS)
        if floor <= threshold
    ]
    counted = {}
    for settings in grid:
        decoded = {key: decode(settings) for key, decode in decoders.items()}
        counted[settings] = [tuple(metric(each, decoded[each.id]) for metric in metrics) for each in sessions]
    return counted


def joined(counted: Sequence[Counted]) -> Counted:
    """The counts of several sets of sessions as one."""
    return {settings: [row for each in counted for row in each[settings]] for settings in counted[0]}


def best_settings(tables: Mapping[str, Counted]) -> DecodingSettings:
    """The settings that decode best.

    What counts is F1 averaged over the sets, so that scarce real speech weighs as much as plentiful authored talk: of
    utterances and spans for recommendations, of utterances for reviews. Settings within ``NOISE`` of the best are not
    told apart by that; among them the one with the highest F1 over all sets together is taken.
    """

    def figures(settings: DecodingSettings) -> tuple[float, float]:
        counts: dict[int, list[Counts]] = {}
        for counted in tables.values():
            for number, some in enumerate(zip(*counted[settings], strict=True)):
                counts.setdefault(number, []).append(total(some))
        each = np.mean([one.f1 for some in counts.values() for one in some])
        together = np.mean([total(some).f1 for some in counts.values()])
        return float(each), float(together)

    found = {settings: figures(settings) for settings in next(iter(tables.values()))}
    highest = max(each for each, _ in found.values())
    return max((one for one in found if found[one][0] >= highest - NOISE), key=lambda one: found[one][1])


def read_once(checkpoint: Checkpoint, sessions: Sequence[AnnotatedSession]) -> dict[str, Decoder]:
    """Score every transcript; for each session id, a function from settings to what they decode."""
    transcripts = {session.id: session.transcript for session in sessions}
    read = piece_scores(checkpoint, list(transcripts.values()), batch_tokens=BATCH_TOKENS)
    decoders: dict[str, Decoder] = {}
    for (key, transcript), (pieces, tables) in zip(transcripts.items(), read, strict=True):
        if checkpoint.settings.task is Task.RECOMMENDATION:
            tokens = by_utterance(pieces, tables, len(transcript))

            def spans(settings: DecodingSettings, transcript=transcript, tokens=tokens) -> Decoded:  # type: ignore[no-untyped-def]
                return Decoded(recommendations=tuple(find_recommendations(transcript, tokens, settings)))

            decoders[key] = spans
        else:
            classes = review_classes(pieces, tables, len(transcript))

            def runs(settings: DecodingSettings, classes: np.ndarray = classes) -> Decoded:
                return Decoded(reviews=tuple(find_reviews(classes, settings)))

            decoders[key] = runs
    return decoders
