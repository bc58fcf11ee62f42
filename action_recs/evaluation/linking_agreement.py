"""How well two readers who marked the same words and reviews agree on what belongs together: linking's ceiling."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from action_recs.annotation.courses import Course
from action_recs.errors import AnnotationError
from action_recs.evaluation.linking import ADHERENCE_NAMES, CATEGORY_NAMES, f1_of, macro_f1_of
from action_recs.evaluation.metrics import Counts

Place = tuple[int, int]
"""A session, and a recommendation or a review of it."""


def pair_courses(ones: Iterable[Course], others: Iterable[Course]) -> list[tuple[Course, Course]]:
    """Both versions of every course that both hold.

    Raises
    ------
    AnnotationError
        When they mark other words, or other reviews.
    """
    second = {course.client: course for course in others}
    pairs = [(course, second[course.client]) for course in ones if course.client in second]
    for course, other in pairs:
        if marks(course) != marks(other):
            remedy = "both readings must mark the same words; only what is said of them may differ"
            raise AnnotationError(f"the course of {course.client}: {remedy}")
    return pairs


def marks(course: Course) -> list[tuple[str, list[tuple[int, ...]]]]:
    """Where the recommendations and reviews of each session lie."""
    return [
        (
            session.id,
            [(span.utterance, span.start, span.end) for span in session.recommendations]
            + [(run.first, run.last) for run in session.reviews],
        )
        for session in course.sessions
    ]


def thread_agreement(pairs: Sequence[tuple[Course, Course]]) -> dict[str, dict[str, Any]]:
    """F1 of the second readings against the first ones; links count by the first readers' restatements."""
    return {
        "links": f1_of({one.client: shared(links(one, one), links(one, other)) for one, other in pairs}),
        "same": f1_of({one.client: shared(restated(one), restated(other)) for one, other in pairs}),
        "category": macro_f1_of({one.client: categories(one, other) for one, other in pairs}, CATEGORY_NAMES),
        "adherence": macro_f1_of({one.client: adherences(one, other) for one, other in pairs}, ADHERENCE_NAMES),
    }


def links(course: Course, other: Course) -> set[tuple[Place, Place]]:
    """Reviews, and what they look back to by ``other``: of what ``course`` takes for one recommendation, the first."""
    first = {
        (place, number): (place, group[0])
        for place, items in enumerate(course.items)
        for group in items
        for number in group
    }
    return {
        (review, first[place, number])
        for review, targets in other.links.items()
        for place, item in targets
        for number in other.items[place][item][:1]
    }


def restated(course: Course) -> set[tuple[int, int, int]]:
    """Pairs of recommendations of a session that are one."""
    return {
        (place, *pair)
        for place, items in enumerate(course.items)
        for group in items
        for pair in itertools.combinations(sorted(group), 2)
    }


def shared(ones: set[Any], others: set[Any]) -> Counts:
    return Counts(len(ones & others), len(others - ones), len(ones - others))


def categories(one: Course, other: Course) -> list[tuple[str | None, str | None]]:
    return [
        (span.category, again.category)
        for session, second in zip(one.sessions, other.sessions, strict=True)
        for span, again in zip(session.recommendations, second.recommendations, strict=True)
    ]


def adherences(one: Course, other: Course) -> list[tuple[str | None, str | None]]:
    return [
        (review.adherence, again.adherence)
        for session, second in zip(one.sessions, other.sessions, strict=True)
        for review, again in zip(session.reviews, second.reviews, strict=True)
    ]
