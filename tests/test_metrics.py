"""Utterance, span and session metrics as counts."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_recs import Form, Label, Recommendation, Review
from action_recs.evaluation.metrics import METRICS, Counts, overlap, total, utterances_with


def session(spans=(), runs=()):
    """Spans as (utterance, start, end[, form]), runs as (first, last)."""
    return SimpleNamespace(
        recommendations=tuple(
            Recommendation(u, s, e, "x" * (e - s), *form or [Form.CASUAL]) for u, s, e, *form in spans
        ),
        reviews=tuple(Review(*run) for run in runs),
    )


TASK = Form.STRUCTURED


@pytest.mark.parametrize(
    ("metric", "gold", "predicted", "expected"),
    [
        ("recommendation_utterance", [], [], (0, 0, 0)),
        ("recommendation_utterance", [(0, 0, 4)], [], (0, 0, 1)),
        ("recommendation_utterance", [], [(0, 0, 4)], (0, 1, 0)),
        ("recommendation_utterance", [(0, 0, 4), (0, 5, 9), (2, 0, 4)], [(0, 20, 24), (1, 0, 4)], (1, 1, 1)),
        ("recommendation_span", [(0, 0, 4)], [(0, 0, 4)], (1, 0, 0)),
        ("recommendation_span", [(0, 0, 4)], [(0, 0, 8)], (1, 0, 0)),
        ("recommendation_span", [(0, 0, 4)], [(0, 0, 9)], (0, 1, 1)),
        ("recommendation_span", [(0, 0, 4)], [(1, 0, 4)], (0, 1, 1)),
        ("recommendation_span", [(0, 0, 4), (0, 4, 8)], [(0, 0, 8)], (1, 0, 1)),
        ("recommendation_span", [(0, 0, 8)], [(0, 0, 4), (0, 4, 8)], (1, 1, 0)),
        ("recommendation_span", [(0, 0, 4), (0, 1, 4)], [(0, 1, 4), (0, 0, 4)], (2, 0, 0)),
        ("recommendation_form", [(0, 0, 4)], [(0, 0, 4)], (1, 0, 0)),
        ("recommendation_form", [(0, 0, 4)], [(0, 0, 4, TASK)], (0, 1, 0)),
        ("recommendation_form", [(0, 0, 4)], [(1, 0, 4, TASK)], (0, 0, 0)),
        ("session_with_recommendation", [], [], (0, 0, 0)),
        ("session_with_recommendation", [(0, 0, 4)], [(5, 0, 4), (6, 0, 4)], (1, 0, 0)),
        ("session_with_recommendation", [(0, 0, 4)], [], (0, 0, 1)),
    ],
)
def test_recommendations(metric, gold, predicted, expected):
    assert METRICS[metric](session(gold), session(predicted)) == Counts(*expected)


@pytest.mark.parametrize(
    ("metric", "gold", "predicted", "expected"),
    [
        ("review_utterance", [], [], (0, 0, 0)),
        ("review_utterance", [(2, 4)], [(3, 6)], (2, 2, 1)),
        ("review_utterance", [(2, 4)], [(2, 2), (3, 4)], (3, 0, 0)),
        ("review_utterance", [(2, 4)], [], (0, 0, 3)),
        ("session_with_review", [(2, 4)], [(9, 9)], (1, 0, 0)),
        ("session_with_review", [], [(9, 9)], (0, 1, 0)),
        ("session_with_review", [], [], (0, 0, 0)),
    ],
)
def test_reviews(metric, gold, predicted, expected):
    assert METRICS[metric](session((), gold), session((), predicted)) == Counts(*expected)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 4), (0, 0, 4), 1),
        ((0, 0, 4), (0, 2, 6), 1 / 3),
        ((0, 0, 4), (0, 4, 8), 0),
        ((0, 0, 4), (0, 6, 8), 0),
        ((0, 0, 4), (1, 0, 4), 0),
    ],
)
def test_overlap_is_intersection_over_union(one, other, expected):
    (first, second) = session([one, other]).recommendations
    assert overlap(first, second) == overlap(second, first) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("counts", "precision", "recall", "f1"),
    [
        (Counts(), 0, 0, 0),
        (Counts(3, 0, 0), 1, 1, 1),
        (Counts(0, 2, 3), 0, 0, 0),
        (Counts(1, 1, 0), 0.5, 1, 2 / 3),
        (Counts(8, 2, 8), 0.8, 0.5, 8 / 13),
    ],
)
def test_rates(counts, precision, recall, f1):
    assert (counts.precision, counts.recall, counts.f1) == pytest.approx((precision, recall, f1))


def test_counts_are_summed():
    assert total([Counts(1, 2, 3), Counts(10, 20, 30)]) == Counts(11, 22, 33)
    assert total([]) == Counts()


def test_utterances_with_a_label():
    marked = session([(1, 0, 4), (1, 5, 9), (3, 0, 4)], [(0, 1), (4, 4)])
    assert utterances_with(marked, Label.RECOMMENDATION) == {1, 3}
    assert utterances_with(marked, Label.REVIEW) == {0, 1, 4}


spans = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6), st.integers(7, 12)), max_size=5)


@given(spans, spans)
def test_every_span_is_counted_once_on_either_side(gold, predicted):
    counts = METRICS["recommendation_span"](session(gold), session(predicted))
    assert counts.true_positives + counts.false_negatives == len(gold)
    assert counts.true_positives + counts.false_positives == len(predicted)
    assert METRICS["recommendation_span"](session(gold), session(gold)) == Counts(len(gold))
