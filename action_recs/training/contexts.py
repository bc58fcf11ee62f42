"""Annotated sessions -> batches of recommendations and reviews in their context, each with the class it is of."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.encoder import padded
from action_recs.linking.adherence import ADHERENCES
from action_recs.linking.category import CATEGORIES
from action_recs.linking.context_reader import counted
from action_recs.linking.contexts import AFTER, BEFORE, Context, Contexts
from action_recs.linking.thread import Adherence, Category
from action_recs.training.examples import hidden

CLASSES = {"category": len(CATEGORIES), "adherence": len(ADHERENCES)}
"""By question."""

OF_LIKE_LENGTH = 512
"""Texts among which those of like length are put into one batch."""


@dataclass(frozen=True, slots=True)
class LabelledContext:
    """A text with the class it is of."""

    question: str
    context: Context
    label: int


def labelled_contexts(
    contexts: Contexts, sessions: Iterable[AnnotatedSession], *, moved: float = 0.0, draw: random.Random | None = None
) -> list[LabelledContext]:
    """Every recommendation with a category, every review with an adherence.

    Parameters
    ----------
    moved : float
        The probability that a review's ends are moved a little, as a tagger's are.
    draw : Random, optional
        Without it nothing is moved; with it, how much of the talk around a recommendation is read varies too.
    """
    return [one for session in sessions for one in _labelled(contexts, session, moved, draw)]


def _labelled(
    contexts: Contexts, session: AnnotatedSession, moved: float, draw: random.Random | None
) -> Iterator[LabelledContext]:
    said = session.transcript.utterances
    for span in session.recommendations:
        if span.category:
            before, after = (draw.choice((20, 50, 70, 90)), draw.choice((0, 20, 40))) if draw else (BEFORE, AFTER)
            laid = contexts.recommendation(said, span.utterance, span.start, span.end, before=before, after=after)
            yield LabelledContext("category", laid, CATEGORIES.index(Category(span.category)))
    for run in session.reviews:
        if run.adherence:
            first, last = run.first, run.last
            if draw and draw.random() < moved:
                first = min(first + draw.choice((-1, 0, 0, 1)), len(said) - 1)
                last = max(first, last + draw.choice((-1, 0, 1, 2, 4)))
            laid = contexts.review(said, first, last)
            yield LabelledContext("adherence", laid, ADHERENCES.index(Adherence(run.adherence)))


def batched(texts: Sequence[LabelledContext], tokens: int, draw: random.Random) -> list[list[LabelledContext]]:
    """Batches of one question each, of texts of like length, in a drawn order.

    Parameters
    ----------
    tokens : int
        Of a batch at most, padding included; a longer text is a batch of its own.
    """
    found = []
    for question in CLASSES:
        own = [one for one in texts if one.question == question]
        draw.shuffle(own)
        for first in range(0, len(own), OF_LIKE_LENGTH):
            batch: list[LabelledContext] = []
            for one in sorted(own[first : first + OF_LIKE_LENGTH], key=lambda each: len(each.context.tokens)):
                if batch and len(one.context.tokens) * (len(batch) + 1) > tokens:
                    found.append(batch)
                    batch = []
                batch.append(one)
            found.append(batch)
    draw.shuffle(found)
    return found


def with_hidden(
    batches: Iterable[Sequence[LabelledContext]], contexts: Contexts, draw: random.Random, share: float
) -> list[list[LabelledContext]]:
    """The batches with a share of their tokens hidden, as ``examples.hidden`` hides them."""

    def one(text: LabelledContext) -> LabelledContext:
        tokens = hidden(list(text.context.tokens), contexts.tokenizer, draw, share)
        return replace(text, context=replace(text.context, tokens=tuple(tokens)))

    return [[one(text) for text in batch] for batch in batches]


def class_weights(texts: Sequence[LabelledContext], balance: float) -> dict[str, torch.Tensor]:
    """How much a text counts within its batch, by its class: the rarer, the more.

    Parameters
    ----------
    balance : float
        The power of a class's rarity: 1 makes all classes count alike, 0 all texts. A class without texts counts 0.
    """
    found = {}
    for question, count in CLASSES.items():
        each = np.bincount([one.label for one in texts if one.question == question], minlength=count)
        rarity = np.where(each > 0, each.sum() / np.maximum(each, 1) / count, 0.0)
        found[question] = torch.tensor(np.where(each > 0, rarity**balance, 0.0), dtype=torch.float32)
    return found


@dataclass(frozen=True, slots=True)
class ContextCollator:
    """A batch as the tensors that ``context_training.ContextModel`` takes."""

    padding: int

    def __call__(self, batches: Sequence[Sequence[LabelledContext]]) -> dict[str, Any]:
        (batch,) = batches  # an item is a batch
        ids, mask = padded([one.context.tokens for one in batch], self.padding)
        return {
            "question": batch[0].question,
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy(mask),
            "count": counted([one.context for one in batch], ids.shape[1]),
            "labels": torch.tensor([one.label for one in batch]),
        }
