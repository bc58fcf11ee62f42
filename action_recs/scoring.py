"""Run models over transcripts: text in, probabilities for every piece out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from action_recs.checkpoint import Checkpoint
from action_recs.close_calls import CarefulEncoder
from action_recs.encoder import Encoder
from action_recs.plan import Plan, Tables, make_plan
from action_recs.scorer import Scorer, scorer_of
from action_recs.transcript import Transcript
from action_recs.windows import Encoded, Piece, encode
from action_recs.workers import Workers, batches


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
    return [(plan.pieces, plan.read_out([next(rest) for _ in plan.inputs], scorer.columns)) for plan in plans]


def start_scoring(
    scorers: Sequence[Scorer], transcripts: Sequence[Transcript], workers: Workers, *, batch_tokens: int
) -> Callable[[], list[list[tuple[list[Piece], Tables]]]]:
    """Begin to score transcripts with several models side by side.

    Text is tokenized once for models with the same vocabulary, and read once by those that share an encoder.

    Returns
    -------
    function
        Waits, and gives for each model what :func:`piece_scores` gives; for recommendations read alone the client's
        pieces are not read, but outside with certainty.
    """
    tokens: dict[str, list[Encoded]] = {}
    started: dict[int, tuple[list[Plan], Callable[[], list[list[np.ndarray]]]]] = {}
    for scorer in scorers:
        if id(scorer.encoder) in started:
            continue
        if scorer.vocabulary not in tokens:
            tokens[scorer.vocabulary] = [encode(each, scorer.tokenizer) for each in transcripts]
        together = [each for each in scorers if each.encoder is scorer.encoder]
        roles = {role for each in together for role in each.settings.task.roles}
        plans = [
            make_plan(transcript, encoded, scorer.tokenizer, scorer.settings, roles=roles)
            for transcript, encoded in zip(transcripts, tokens[scorer.vocabulary], strict=True)
        ]
        started[id(scorer.encoder)] = (plans, workers.start(careful(together), plans, batch_tokens))

    def wait() -> list[list[tuple[list[Piece], Tables]]]:
        read = {encoder: (plans, finish()) for encoder, (plans, finish) in started.items()}
        return [
            [
                (plan.pieces, plan.read_out(tables, scorer.columns))
                for plan, tables in zip(*read[id(scorer.encoder)], strict=True)
            ]
            for scorer in scorers
        ]

    return wait


def careful(scorers: Sequence[Scorer]) -> Encoder:
    """What runs scorers that share an encoder: close calls of any of them are computed again, where that is needed."""
    encoder, exact = scorers[0].encoder, scorers[0].exact
    return CarefulEncoder(encoder, exact, [(each.settings, each.columns) for each in scorers]) if exact else encoder
