"""Mistakes, one by one."""

import numpy as np
import pytest

from action_recs import Form, Label, Recommendation, Review, Transcript
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.evaluation.measures import Case
from action_recs.evaluation.mistakes import Cause, drawn, mistakes
from action_recs.evaluation.reading import Reading

TALK = Transcript.from_pairs([("therapist", "x" * 30)] * 6, session_id="s")


def case(gold=(), found=(), gold_runs=(), runs=()):
    spans = tuple(AnnotatedRecommendation(u, s, e, "x" * (e - s), form) for u, s, e, form in gold)
    session = AnnotatedSession("s", TALK, spans, tuple(AnnotatedReview(*run) for run in gold_runs))
    read = Reading(
        tuple(Recommendation(u, s, e, "x" * (e - s), form) for u, s, e, form in found),
        tuple(Review(*run) for run in runs),
        np.array([0.1, 0.2, 0.9, 0.4, 0.3, 0.0]),
    )
    return Case(session, read)


A, B = Form.CASUAL, Form.STRUCTURED


@pytest.mark.parametrize(
    ("gold", "found", "expected"),
    [
        ([(1, 0, 9, A)], [(1, 0, 9, A)], []),
        ([(1, 0, 9, A)], [], [(Cause.MISSED, 1, 1, 0.2)]),
        ([], [(2, 0, 9, A)], [(Cause.SPURIOUS, 2, 2, 0.9)]),
        ([(2, 0, 9, A)], [(2, 3, 12, A)], [(Cause.BOUNDARY, 2, 2, 0.9)]),
        ([(2, 0, 9, A)], [(2, 0, 9, B)], [(Cause.FORM, 2, 2, 0.9)]),
        ([(2, 0, 9, A)], [(2, 3, 12, B)], [(Cause.FORM, 2, 2, 0.9)]),
        ([(2, 0, 9, A)], [(2, 9, 12, A)], [(Cause.MISSED, 2, 2, 0.9), (Cause.SPURIOUS, 2, 2, 0.9)]),
    ],
)
def test_causes_of_recommendations(gold, found, expected):
    listed = mistakes([case(gold, found)], Label.RECOMMENDATION)
    assert [(each.cause, each.first, each.last, each.score) for each in listed] == expected


@pytest.mark.parametrize(
    ("gold", "found", "expected"),
    [
        ([(0, 2)], [(0, 2)], []),
        ([(0, 2)], [(1, 4)], [(Cause.BOUNDARY, 0, 4, 0.9)]),
        ([(0, 1)], [(3, 4)], [(Cause.MISSED, 0, 1, 0.2), (Cause.SPURIOUS, 3, 4, 0.4)]),
    ],
)
def test_causes_of_reviews(gold, found, expected):
    listed = mistakes([case(gold_runs=gold, runs=found)], Label.REVIEW)
    assert [(each.cause, each.first, each.last, each.score) for each in listed] == expected


def test_a_draw_shows_every_cause_and_no_more_than_a_person_reads():
    missed = [case(gold=[(1, 0, 9, A)])] * 70
    spurious = [case(found=[(1, 0, 9, A)])] * 3
    boundary = [case([(1, 0, 9, A)], [(1, 0, 12, A)])] * 20
    found = list(mistakes([*missed, *spurious, *boundary], Label.RECOMMENDATION))
    shown = drawn(found, 50)
    assert {cause: len(some) for cause, some in shown.items()} == {
        Cause.MISSED: 27,
        Cause.SPURIOUS: 3,
        Cause.BOUNDARY: 20,
        Cause.FORM: 0,
    }
    assert sum(map(len, drawn(found[:5], 50).values())) == 5
