"""What a review says was done, from its words: who says them, singly and in pairs.

A linear model on TF-IDF, so that each word's part in the answer is known, and the words that show an adherence can be
told. An encoder fine-tuned on the reviews did not do better.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from action_recs.linking.sentences import stretches
from action_recs.linking.term_model import Table, TermModel, log_softmax
from action_recs.linking.thread import Adherence, Words
from action_recs.session import Review, TaggedSession
from action_recs.transcript import Role

ADHERENCES = tuple(Adherence)

SAID = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[?!]")

Place = tuple[int, int, int]
"""An utterance, and a stretch of its characters."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model says of one review.

    Attributes
    ----------
    probabilities : array of shape (adherences,)
        In the order of :class:`Adherence`.
    parts : array of shape (terms of the review, adherences)
        What each term that occurs adds to the scores.
    places : tuple of (utterance, start, end)
        Where each of them stands.
    """

    probabilities: Table
    parts: Table
    places: tuple[Place, ...]

    @property
    def adherence(self) -> Adherence:
        return ADHERENCES[int(self.probabilities.argmax())]


def read_adherence(model: TermModel, session: TaggedSession, run: Review) -> Reading:
    """Read one review."""
    found = list(said_terms(session, run))
    parts = model.parts([term for term, _ in found])
    probabilities = np.exp(log_softmax(parts.sum(axis=0) + model.intercept))
    return Reading(probabilities, parts, tuple(place for _, place in found))


def said_terms(session: TaggedSession, run: Review) -> Iterator[tuple[str, Place]]:
    """The words of a review and the pairs of neighbours, each with who says it and where.

    Examples
    --------
    >>> from action_recs.annotation.annotated import AnnotatedSession
    >>> from action_recs.transcript import Transcript
    >>> talk = TaggedSession.from_annotations(AnnotatedSession("s", Transcript.from_pairs([("client", "Not yet.")])))
    >>> [term for term, _ in said_terms(talk, Review(0, 0))]
    ['c not', 'c yet', 'c not yet']
    """
    for index in range(run.first, run.last + 1):
        utterance = session.utterances[index]
        who = "t" if utterance.role is Role.THERAPIST else "c"
        for term, start, end in terms_of(utterance.text):
            yield f"{who} {term}", (index, start, end)


def terms_of(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of a text and the pairs of neighbours, each with its start and end.

    Examples
    --------
    >>> list(terms_of("Not yet."))
    [('not', 0, 3), ('yet', 4, 7), ('not yet', 0, 7)]
    """
    words = [(found[0], found.start(), found.end()) for found in SAID.finditer(folded(text))]
    yield from words
    for (one, start, _), (other, _, end) in itertools.pairwise(words):
        yield f"{one} {other}", start, end


def folded(text: str) -> str:
    """Without capitals and curly apostrophes, character for character."""
    return "".join(low if len(low := each.lower()) == 1 else each for each in text.replace("’", "'"))


def evidence(place: int, session: TaggedSession, run: Review, reading: Reading) -> Words:
    """The sentence of a review that speaks most for the adherence found in it, of the client where one speaks.

    A sentence counts with the sum of its terms' parts in the score of the adherence, less their mean in the others'.
    """
    index = int(reading.probabilities.argmax())
    gain = reading.parts[:, index] - np.delete(reading.parts, index, axis=1).mean(axis=1)
    best: tuple[tuple[bool, float], Words] | None = None
    for number in range(run.first, run.last + 1):
        utterance = session.utterances[number]
        for start, end in stretches(utterance.text):
            held = [
                at
                for at, (told, first, last) in enumerate(reading.places)
                if told == number and start <= first and last <= end
            ]
            key = (utterance.role is not Role.THERAPIST, math.fsum(gain[held]))
            if best is None or key > best[0]:
                best = (key, Words(place, number, start, end, utterance.text[start:end]))
    return best[1] if best else Words(place, run.first, 0, 0, "")
