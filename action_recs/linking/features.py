"""What a link and a restatement are told by: numbers for a pair of passages, beside those of its rivals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from action_recs.linking.growth import GROWTH_FEATURES, growth_features
from action_recs.linking.passages import LAYERS, Passage, Rarity
from action_recs.linking.recaps import RECAP_FEATURES, recap_features
from action_recs.session import Form, TaggedSession

Table = NDArray[np.float64]

LIKENESS = (
    "words shared",
    "share of the recommendation's words",
    "rarest word shared",
    "words of the review's first utterances",
    "words of the utterance around the recommendation",
    "words of the utterance before the recommendation",
    *(f"{what}, layer {layer}" for layer in LAYERS for what in ("token for token", "token for token, back", "means")),
)
"""How alike two passages are; each also less the best rival's, and less the mean of all."""

PLACE = (
    "sessions between",
    "last session",
    "place in its session",
    "candidates",
    "only candidate",
    "structured",
    "restatements",
    "reviews in the session",
    "which review",
    "utterances of the review",
    "characters of the recommendation",
    "reviewed before",
)

LINK_LIKENESS = (
    *LIKENESS,
    "words around",
    "words around, in the review's first utterances",
    "words around no other candidate",
    "words around no other candidate, in the review's first utterances",
    "nearest meaning",
    "nearest meaning with what leads to it",
    "meanings as a whole",
)
"""The same of a review and a candidate, with what was said around it and what both mean."""

LINK_FEATURES = (
    *LINK_LIKENESS,
    *(f"{name}, less the best other" for name in LINK_LIKENESS),
    *(f"{name}, less the mean" for name in LINK_LIKENESS),
    "only here, words shared",
    *(f"{name}, less the session's other reviews" for name in LINK_LIKENESS),
    *PLACE,
)

SAME_FEATURES = (
    *LIKENESS,
    *(f"{name}, the other way" for name in LIKENESS[1:5]),
    "utterances between",
    "same utterance",
    "forms differ",
    "first structured",
    "second structured",
    "characters of the first",
    "characters of the second",
    "recommendations between",
    "recommendations after",
    "second in the last tenth",
    *RECAP_FEATURES,
    *GROWTH_FEATURES,
    *(f"{name}, less the best other" for name in LIKENESS),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that a review may look back to."""

    passage: Passage
    sessions_between: int
    place: float  # in its session: 0 the first item, 1 the last
    structured: bool
    restatements: int
    characters: int
    reviewed_before: bool


def likeness(one: Passage, other: Passage, rarity: Rarity) -> list[float]:
    """The columns of ``LIKENESS`` for a recommendation and a review, or for two recommendations."""
    shared = one.words & other.words
    scores = [
        rarity.of_words(shared) / 10,
        rarity.of_words(shared) / (rarity.of_words(one.words) or 1.0),
        max((rarity.of_words([word]) for word in shared), default=0.0) / 10,
        rarity.of_words(one.words & other.opening) / 10,
        rarity.of_words(one.opening & other.words) / 10,
        rarity.of_words(one.before & other.words) / 10,
    ]
    weights, back = rarity.of_tokens(one.tokens), rarity.of_tokens(other.tokens)
    for own, others in zip(one.states, other.states, strict=True):
        if not len(own) or not len(others):
            scores += [0.0, 0.0, 0.0]
            continue
        alike = own @ others.T
        middle, middle_back = weights @ own, back @ others
        length = float(np.linalg.norm(middle) * np.linalg.norm(middle_back)) or 1.0
        scores += [
            float(alike.max(axis=1) @ weights),
            float(alike.max(axis=0) @ back),
            float(middle @ middle_back) / length,
        ]
    return scores


def closeness(candidate: Passage, review: Passage, only: frozenset[str], rarity: Rarity) -> list[float]:
    """The further columns of ``LINK_LIKENESS``; ``only`` holds the words that are around no other candidate."""
    middle, middle_back = candidate.meanings.mean(axis=0), review.meanings.mean(axis=0)
    length = float(np.linalg.norm(middle) * np.linalg.norm(middle_back)) or 1.0
    return [
        *(
            rarity.of_words(some & said) / 10
            for some in (candidate.around, only)
            for said in (review.words, review.opening)
        ),
        float((candidate.meanings @ review.meanings.T).max()),
        float((candidate.leads @ review.meanings.T).max()),
        float(middle @ middle_back) / length,
    ]


def link_features(
    reviews: Sequence[Passage], lengths: Sequence[int], candidates: Sequence[Candidate], rarity: Rarity
) -> Table:
    """Every review of a session against every candidate.

    Parameters
    ----------
    reviews : sequence of Passage
        All reviews of one session, in order.
    lengths : sequence of int
        Their utterances.
    candidates : sequence of Candidate
        The items of all earlier sessions; at least one.

    Returns
    -------
    array of shape (reviews, candidates, columns of LINK_FEATURES)
    """
    around = _only_here([candidate.passage.around for candidate in candidates])
    words = _only_here([candidate.passage.words for candidate in candidates])
    alike = np.array(
        [
            [
                likeness(candidate.passage, review, rarity) + closeness(candidate.passage, review, only_around, rarity)
                for candidate, only_around in zip(candidates, around, strict=True)
            ]
            for review in reviews
        ]
    ).reshape(len(reviews), len(candidates), len(LINK_LIKENESS))
    only = np.array([[rarity.of_words(own & review.words) / 10 for own in words] for review in reviews]).reshape(
        len(reviews), len(candidates), 1
    )
    places = np.array(
        [
            [
                [
                    math.log(candidate.sessions_between),
                    float(candidate.sessions_between == 1),
                    candidate.place,
                    math.log(len(candidates)),
                    float(len(candidates) == 1),
                    float(candidate.structured),
                    candidate.restatements,
                    math.log(len(reviews)),
                    float(number > 0),
                    math.log(lengths[number]),
                    math.log1p(candidate.characters),
                    float(candidate.reviewed_before),
                ]
                for candidate in candidates
            ]
            for number in range(len(reviews))
        ]
    ).reshape(len(reviews), len(candidates), len(PLACE))
    parts = [alike, _less_best(alike, 1), alike - alike.mean(axis=1, keepdims=True), only, _less_best(alike, 0), places]
    return np.concatenate(parts, axis=2)


def _only_here(words: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Of each, the words that no other has."""
    return [
        own.difference(*(each for number, each in enumerate(words) if number != at)) for at, own in enumerate(words)
    ]


def _less_best(table: Table, axis: int) -> Table:
    """Each value less the highest of the others along an axis; 0 where there are no others."""
    if table.shape[axis] < 2:
        return np.zeros_like(table)
    ordered = np.sort(table, axis=axis)
    best, second = np.take(ordered, [-1], axis=axis), np.take(ordered, [-2], axis=axis)
    return table - np.where(table == best, second, best)


def same_features(
    session: TaggedSession, passages: Sequence[Passage], rarity: Rarity
) -> tuple[list[tuple[int, int]], Table]:
    """Every pair of recommendations of one session, the earlier one first.

    Returns
    -------
    (list of (int, int), array of shape (pairs, columns of SAME_FEATURES))
    """
    spans, utterances = session.recommendations, len(session)
    pairs = [(first, second) for second in range(len(spans)) for first in range(second)]
    if not pairs:
        return [], np.empty((0, len(SAME_FEATURES)))
    size = len(spans)
    alike = np.zeros((size, size, len(LIKENESS)))
    for first, second in pairs:
        alike[first, second] = likeness(passages[first], passages[second], rarity)
        alike[second, first] = likeness(passages[second], passages[first], rarity)
    rows = []
    for first, second in pairs:
        one, other = spans[first], spans[second]
        earlier = [alike[place, second] for place in range(second) if place != first]
        rows.append(
            [
                *alike[first, second],
                *alike[second, first, 1:5],
                math.log1p(other.utterance - one.utterance),
                float(other.utterance == one.utterance),
                float(one.form is not other.form),
                float(one.form is Form.STRUCTURED),
                float(other.form is Form.STRUCTURED),
                math.log1p(len(one.text)),
                math.log1p(len(other.text)),
                math.log1p(second - first - 1),
                math.log1p(size - 1 - second),
                float(other.utterance >= 0.9 * utterances),
                *recap_features(session, one, other),
                *growth_features(session, one, other, second - first - 1, rarity),
                *(alike[first, second] - (np.max(earlier, axis=0) if earlier else alike[first, second])),
            ]
        )
    return pairs, np.array(rows)
