"""Run models over transcripts: text in, probabilities for every piece out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from action_recs.checkpoint import Checkpoint, Task
from action_recs.plan import Tables, make_plan
from action_recs.scorer import Scorer, scorer_of
from action_recs.transcript import Role, Transcript
from action_recs.windows import Encoded, Piece, encode
from action_recs.workers import Workers, batches

READ = {Task.RECOMMENDATION: (Role.THERAPIST,), Task.REVIEW: tuple(Role)}
"""Whose utterances each task decodes: only the therapist recommends."""


def piece_scores(
    checkpoint: Checkpoint, transcripts: Sequence[Transcript], *, batch_tokens: int
) -> list[tuple[list[Piece], Tables]]:
    """Score transcripts with one checkpoint, as transformers has it.

    Returns
    -------
    list of (list of Piece, list of array)
        For each transcript its pieces, and for each piece probabilities of shape (tokens, classes).
    """
    scorer = scorer_of(checkpoint)
    plans = [make_plan(each, encode(each, scorer.tokenizer), scorer.tokenizer, scorer.settings) for each in transcripts]
    inputs = [each for plan in plans for each in plan.inputs]
    tables: list[np.ndarray] = [np.empty(0)] * len(inputs)
    for batch in batches([len(each.tokens) for each in inputs], batch_tokens):
        for at, table in zip(batch, scorer.encoder.probabilities([inputs[at] for at in batch]), strict=True):
            tables[at] = table
    rest = iter(tables)
    return [(plan.pieces, plan.read_out([next(rest) for _ in plan.inputs])) for plan in plans]


def start_scoring(
    scorers: Sequence[Scorer], transcripts: Sequence[Transcript], workers: Workers, *, batch_tokens: int
) -> Callable[[], list[list[tuple[list[Piece], Tables]]]]:
    """Begin to score transcripts with several models side by side.

    Text is tokenized once for models with the same vocabulary.

    Returns
    -------
    function
        Waits, and gives for each model what :func:`piece_scores` gives; for recommendations the client's pieces are
        not read, but outside with certainty.
    """
    shared: dict[str, list[Encoded]] = {}
    waiting = []
    for scorer in scorers:
        key = scorer.vocabulary
        if key not in shared:
            shared[key] = [encode(each, scorer.tokenizer) for each in transcripts]
        plans = [
            make_plan(transcript, encoded, scorer.tokenizer, scorer.settings, roles=READ[scorer.settings.task])
            for transcript, encoded in zip(transcripts, shared[key], strict=True)
        ]
        waiting.append((plans, workers.start(scorer.encoder, plans, batch_tokens)))

    def wait() -> list[list[tuple[list[Piece], Tables]]]:
        return [
            [(plan.pieces, plan.read_out(tables)) for plan, tables in zip(plans, finish(), strict=True)]
            for plans, finish in waiting
        ]

    return wait
