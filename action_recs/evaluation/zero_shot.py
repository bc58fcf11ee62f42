"""What the models must beat besides: sentence embeddings that never saw an annotated session.

An utterance is held against a few sentences of each kind, in the words of the guidelines; it is of the kind whose
sentence it is nearest to, by a margin. The margin is all that is learnt, on some of the training sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.evaluation.baselines import Guess, guessed
from action_recs.evaluation.curves import best_threshold
from action_recs.evaluation.metrics import utterances_with
from action_recs.evaluation.report import TagMany
from action_recs.evaluation.sentences import Vectors
from action_recs.session import Label
from action_recs.transcript import Transcript

SENTENCES = {
    Label.RECOMMENDATION: (
        "I would like you to try this before we meet next time.",
        "Maybe you could go back to something that was good for you.",
        "You should talk to your doctor about it.",
        "Write it down every evening this week.",
        "Stop doing that and see what happens.",
    ),
    Label.REVIEW: (
        "Last time we agreed that you would try something. How did it go?",
        "Did you manage to do what we talked about?",
        "I did the exercise that you gave me, twice.",
        "I didn't get round to what you suggested.",
    ),
}
OTHER = (
    "How are you feeling today?",
    "That sounds very hard for you.",
    "I was at work all week and I was tired.",
    "Tell me more about your family.",
    "Yes.",
    "See you next week.",
)
EVERY = 8
"""Of the training sessions, one in so many chooses the margin: embedding them all takes long."""


def nearest_sentences(vectors: Vectors) -> Callable[[Sequence[AnnotatedSession]], TagMany]:
    """A baseline with these embeddings; see ``baselines.BASELINES``."""
    others = vectors(OTHER)
    kinds = {label: vectors(sentences) for label, sentences in SENTENCES.items()}

    def scores(transcript: Transcript) -> dict[Label, NDArray[np.float64]]:
        if not len(transcript):
            return {label: np.empty(0) for label in kinds}
        found = vectors([utterance.text for utterance in transcript.utterances])
        neither = (found @ others.T).max(axis=1)
        return {label: (found @ own.T).max(axis=1) - neither for label, own in kinds.items()}

    def learn(training: Sequence[AnnotatedSession]) -> TagMany:
        some = training[::EVERY]
        said = [scores(session.transcript) for session in some]
        margins = {}
        for label in kinds:
            gold = [np.isin(np.arange(len(each.transcript)), list(utterances_with(each, label))) for each in some]
            _, margins[label] = best_threshold(np.concatenate([each[label] for each in said]), np.concatenate(gold))

        def tag_many(transcripts: Sequence[Transcript]) -> list[Guess]:
            guesses: list[Guess] = []
            for transcript in transcripts:
                found = scores(transcript)
                held = {label: (found[label] >= margins[label]).tolist() for label in kinds}
                guesses.append(guessed(transcript, held[Label.RECOMMENDATION], held[Label.REVIEW]))
            return guesses

        return tag_many

    return learn
