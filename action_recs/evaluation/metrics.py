"""Utterance, span and session metrics as counts, so that they can be summed over sessions and resampled.

One metric is one function from a gold session and a predicted session to :class:`Counts`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
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
    ones, others = (extents(session, Label.RECOMMENDATION) for session in (gold, predicted))
    return [
        (gold.recommendations[place], predicted.recommendations[at]) for place, at in matched(ones, others, least=least)
    ]


Extent = tuple[int, int, int]
"""Where a mark lies: characters of an utterance (its index, start, end), or utterances of a session (0, first, end)."""


def extents(session: Labelled, label: Label) -> list[Extent]:
    """Every mark of a label, in the session's order; ends are exclusive."""
    if label is Label.RECOMMENDATION:
        return [(span.utterance, span.start, span.end) for span in session.recommendations]
    return [(0, run.first, run.last + 1) for run in session.reviews]


def matched(ones: Sequence[Extent], others: Sequence[Extent], *, least: float) -> list[tuple[int, int]]:
    """Indices of the marks that are paired, one to one, where they overlap by at least ``least``, the best first."""
    candidates = sorted(
        (-_overlap(one, other), place, at)
        for place, one in enumerate(ones)
        for at, other in enumerate(others)
        if _overlap(one, other) >= least
    )
    pairs, taken, taken_others = [], set(), set()
    for _, place, at in candidates:
        if place not in taken and at not in taken_others:
            taken.add(place)
            taken_others.add(at)
            pairs.append((place, at))
    return pairs


def overlap(one: Recommendation, other: Recommendation) -> float:
    """Intersection over union of two spans, in characters; 0 in different utterances."""
    return _overlap((one.utterance, one.start, one.end), (other.utterance, other.start, other.end))


def _overlap(one: Extent, other: Extent) -> float:
    if one[0] != other[0]:
        return 0.0
    shared = min(one[2], other[2]) - max(one[1], other[1])
    return max(shared, 0) / (max(one[2], other[2]) - min(one[1], other[1]))


def total(counts: Iterable[Counts]) -> Counts:
    """Sum of counts; zero counts for none."""
    return sum(counts, Counts())


def _compare(gold: Collection[int], predicted: Collection[int]) -> Counts:
    shared = len(set(gold) & set(predicted))
    return Counts(shared, len(predicted) - shared, len(gold) - shared)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
