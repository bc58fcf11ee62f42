"""Utterance, span and session metrics as counts, so that they can be summed over sessions and resampled.

One metric is one function from a gold session and a predicted session to :class:`Counts`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from action_recs.session import Label, Recommendation, Review


class Labelled(Protocol):
    """What metrics look at: both an annotated and a tagged session have it."""

    @property
    def recommendations(self) -> tuple[Recommendation, ...]: ...

    @property
    def reviews(self) -> tuple[Review, ...]: ...


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives and false negatives.

    Examples
    --------
    >>> Counts(8, 2, 8).precision, Counts(8, 2, 8).recall, round(Counts(8, 2, 8).f1, 3)
    (0.8, 0.5, 0.615)
    """

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
        )

    @property
    def precision(self) -> float:
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        return _share(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)


Metric = Callable[[Labelled, Labelled], Counts]


def utterances_with(session: Labelled, label: Label) -> set[int]:
    """Indices of the utterances that carry a label."""
    if label is Label.RECOMMENDATION:
        return {found.utterance for found in session.recommendations}
    return {index for run in session.reviews for index in range(run.first, run.last + 1)}


def recommendation_utterances(gold: Labelled, predicted: Labelled) -> Counts:
    """Utterances that hold a recommendation."""
    return _compare(utterances_with(gold, Label.RECOMMENDATION), utterances_with(predicted, Label.RECOMMENDATION))


def review_utterances(gold: Labelled, predicted: Labelled) -> Counts:
    """Utterances that lie in a review."""
    return _compare(utterances_with(gold, Label.REVIEW), utterances_with(predicted, Label.REVIEW))


def recommendation_spans(gold: Labelled, predicted: Labelled) -> Counts:
    """Spans, matched one to one where they overlap by an intersection over union (characters) of at least a half."""
    pairs = matched_spans(gold, predicted)
    return Counts(len(pairs), len(predicted.recommendations) - len(pairs), len(gold.recommendations) - len(pairs))


def recommendation_forms(gold: Labelled, predicted: Labelled) -> Counts:
    """Form of the matched spans: right ones as true positives, wrong ones as false positives; precision is accuracy."""
    pairs = matched_spans(gold, predicted)
    right = sum(one.form is other.form for one, other in pairs)
    return Counts(right, len(pairs) - right, 0)


def session_with_review(gold: Labelled, predicted: Labelled) -> Counts:
    """Whether the session holds a review at all."""
    return _compare({0} if gold.reviews else set(), {0} if predicted.reviews else set())


def session_with_recommendation(gold: Labelled, predicted: Labelled) -> Counts:
    """Whether the session holds a recommendation at all."""
    return _compare({0} if gold.recommendations else set(), {0} if predicted.recommendations else set())


METRICS: dict[str, Metric] = {
    "recommendation_utterance": recommendation_utterances,
    "recommendation_span": recommendation_spans,
    "recommendation_form": recommendation_forms,
    "session_with_recommendation": session_with_recommendation,
    "review_utterance": review_utterances,
    "session_with_review": session_with_review,
}


def matched_spans(
    gold: Labelled, predicted: Labelled, *, least: float = 0.5
) -> list[tuple[Recommendation, Recommendation]]:
    """Pairs of a gold and a predicted span with an overlap of at least ``least``, the best overlap first."""
    candidates = sorted(
        (
            (-overlap(one, other), place, at)
            for place, one in enumerate(gold.recommendations)
            for at, other in enumerate(predicted.recommendations)
            if overlap(one, other) >= least
        ),
    )
    pairs, taken_gold, taken_predicted = [], set(), set()
    for _, place, at in candidates:
        if place not in taken_gold and at not in taken_predicted:
            taken_gold.add(place)
            taken_predicted.add(at)
            pairs.append((gold.recommendations[place], predicted.recommendations[at]))
    return pairs


def overlap(one: Recommendation, other: Recommendation) -> float:
    """Intersection over union of two spans, in characters; 0 in different utterances."""
    if one.utterance != other.utterance:
        return 0.0
    shared = min(one.end, other.end) - max(one.start, other.start)
    return max(shared, 0) / (max(one.end, other.end) - min(one.start, other.start))


def total(counts: Iterable[Counts]) -> Counts:
    """Sum of counts; zero counts for none."""
    return sum(counts, Counts())


def _compare(gold: Collection[int], predicted: Collection[int]) -> Counts:
    shared = len(set(gold) & set(predicted))
    return Counts(shared, len(predicted) - shared, len(gold) - shared)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
