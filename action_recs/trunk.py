"""Two models that differ in their classifiers only are read in one pass: one trunk, two tops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from action_recs.scorer import Scorer


def share_trunk(one: Scorer, other: Scorer) -> tuple[Scorer, Scorer]:
    """The same two models, with one encoder for both where that gives the same scores.

    It does where they lay the same windows over the same tokens, and all weights below the classifiers are the same
    numbers. Those are then computed once and kept once. Otherwise both come back as they are, and are read apart.
    """
    if one.encoder is other.encoder or _reads(one) != _reads(other):
        return one, other
    from action_recs.encoder import SharesTrunk  # loads torch

    first, second = one.encoder, other.encoder
    if not isinstance(first, SharesTrunk) or not isinstance(second, SharesTrunk):
        return one, other
    encoder = first.with_top_of(second)
    exact = one.exact and other.exact and one.exact.with_top_of(other.exact)
    if not encoder or bool(exact) != bool(one.exact or other.exact):
        return one, other
    before = sum(first.tops)
    columns = slice(before + other.columns.start, before + other.columns.stop)
    return (
        replace(one, encoder=encoder, exact=exact),
        replace(other, encoder=encoder, exact=exact, columns=columns, checkpoint=other.checkpoint.afresh()),
    )


def _reads(scorer: Scorer) -> tuple[Any, ...]:
    """What must be alike for one plan to serve two models."""
    ends = [getattr(scorer.tokenizer, f"{name}_token_id", None) for name in ("cls", "sep", "bos", "eos")]
    settings = scorer.settings
    return scorer.device, scorer.vocabulary, settings.window_tokens, settings.overlap_tokens, *ends
