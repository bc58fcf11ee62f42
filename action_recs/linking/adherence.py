"""What a review says was done: from its words, singly and in pairs, with who says them, what they mean, and all of it.

The words are read by a linear model on TF-IDF, so that each one's part in the answer is known, and the words that show
an adherence can be told.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from action_recs.linking.meanings import Floats
from action_recs.linking.passages import Spoken
from action_recs.linking.reader import Reader
from action_recs.linking.sentences import stretches
from action_recs.linking.term_model import Table
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
        What each term that occurs adds to the scores that its words have.
    places : tuple of (utterance, start, end)
        Where each of them stands.
    """

    probabilities: Table
    parts: Table
    places: tuple[Place, ...]

    @property
    def adherence(self) -> Adherence:
        return ADHERENCES[int(self.probabilities.argmax())]


def read_adherence(model: Reader, session: TaggedSession, spoken: Spoken, number: int) -> Reading:
    """Read one review, by its place among the session's."""
    run = session.reviews[number]
    found = list(said_terms(session, run))
    terms = [term for term, _ in found]
    in_context = None if spoken.adherences is None else spoken.adherences[number]
    told = model.log_probabilities(terms, adherence_numbers(session, spoken, run), in_context)
    return Reading(np.exp(told), model.words.parts(terms), tuple(place for _, place in found))


def adherence_numbers(session: TaggedSession, spoken: Spoken, run: Review) -> Floats:
    """What the client's utterances of a review mean on the whole, the first one, and each number at its highest; and
    what the therapist's mean on the whole.

    Returns
    -------
    array of shape (4 * hidden size,)
    """
    said: dict[bool, list[Floats]] = {True: [], False: []}
    for index in range(run.first, run.last + 1):
        said[session.utterances[index].role is Role.THERAPIST].append(spoken.utterances[index])
    nothing = np.zeros((1, spoken.spans.shape[1]), dtype=np.float32)
    client = np.array(said[False]) if said[False] else nothing
    therapist = np.array(said[True]) if said[True] else nothing
    return np.concatenate([client.mean(axis=0), client[0], client.max(axis=0), therapist.mean(axis=0)])


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
