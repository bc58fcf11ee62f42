"""What the models must beat: a list of phrases, and a bag of words with logistic regression.

Both work on single utterances; a span is the whole utterance, a run is a stretch of neighbouring review utterances.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.evaluation.metrics import utterances_with
from action_recs.evaluation.report import TagMany
from action_recs.session import Form, Label, Recommendation, Review
from action_recs.transcript import Role, Transcript

RECOMMENDATION_PHRASES = re.compile(
    r"\b(i('d| would) (like|encourage|suggest|recommend|advise|want) you|"
    r"you (should|need to|might want to|could try|must)|"
    r"(maybe|perhaps|why don't|what if|how about) you|try (to|and|\w+ing)|make sure|have you thought (about|of)|"
    r"homework|i (suggest|recommend)|don't \w+|it('s| is) important (that you|to))\b",
    re.IGNORECASE,
)
REVIEW_PHRASES = re.compile(
    r"\b(last (time|week|session)|did you (get a chance|manage|do|try)|how did (it|that|the \w+) go|you were going to|"
    r"we (talked|spoke) about|when we (last )?(met|spoke)|your (homework|goal))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Guess:
    """What a baseline finds in a session."""

    recommendations: tuple[Recommendation, ...]
    reviews: tuple[Review, ...]


def phrases(_: Sequence[AnnotatedSession]) -> TagMany:
    """Regular expressions, written from the guidelines' examples."""
    return lambda transcripts: [
        guessed(
            transcript,
            [bool(RECOMMENDATION_PHRASES.search(utterance.text)) for utterance in transcript.utterances],
            [
                utterance.role is Role.THERAPIST and bool(REVIEW_PHRASES.search(utterance.text))
                for utterance in transcript.utterances
            ],
        )
        for transcript in transcripts
    ]


def bag_of_words(training: Sequence[AnnotatedSession]) -> TagMany:
    """TF-IDF of word pairs and logistic regression on utterances, with the one before for context."""
    recommend = _fit(training, Label.RECOMMENDATION)
    review = _fit(training, Label.REVIEW)

    def tag_many(transcripts: Sequence[Transcript]) -> list[Guess]:
        return [guessed(one, _predict(recommend, one), _predict(review, one)) for one in transcripts]

    return tag_many


BASELINES: dict[str, Callable[[Sequence[AnnotatedSession]], TagMany]] = {
    "phrases": phrases,
    "bag of words": bag_of_words,
}


def _fit(training: Sequence[AnnotatedSession], label: Label) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts: list[str] = []
    gold: list[bool] = []
    for session in training:
        held = utterances_with(session, label)
        texts += _texts(session.transcript)
        gold += [index in held for index in range(len(session.transcript))]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=10, class_weight="balanced", max_iter=1000),
    )
    return model.fit(texts, gold)


def _predict(model: Any, transcript: Transcript) -> list[bool]:
    return [bool(held) for held in np.asarray(model.predict(_texts(transcript)))]


def _texts(transcript: Transcript) -> list[str]:
    """Each utterance with its role and, marked as such, the words before it."""
    texts = []
    before = ""
    for utterance in transcript.utterances:
        role = utterance.role.value
        texts.append(f"{role}says {utterance.text} " + " ".join(f"before_{word}" for word in before.split()[-12:]))
        before = utterance.text
    return texts


def guessed(transcript: Transcript, recommended: Sequence[bool], reviewed: Sequence[bool]) -> Guess:
    spans = tuple(
        Recommendation(index, 0, len(utterance.text), utterance.text, Form.CASUAL)
        for index, utterance in enumerate(transcript.utterances)
        if utterance.role is Role.THERAPIST and utterance.text and recommended[index]
    )
    runs: list[Review] = []
    for index in range(len(transcript)):
        if reviewed[index]:
            follows = runs and runs[-1].last == index - 1
            runs[-1:] = [Review(runs[-1].first, index)] if follows else [*runs[-1:], Review(index, index)]
    return Guess(spans, tuple(runs))
