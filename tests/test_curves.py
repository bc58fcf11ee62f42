"""Curves, thresholds and calibration, against counting by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_recs.evaluation.calibration import calibration
from action_recs.evaluation.curves import precision_recall, threshold_for

SCORES = np.array([0.95, 0.9, 0.6, 0.6, 0.3, 0.05])
GOLD = np.array([True, False, True, False, True, False])


def counted(scores, gold, threshold):
    found = scores >= threshold
    return (found & gold).sum() / found.sum(), (found & gold).sum() / gold.sum()


def test_every_point_is_what_its_threshold_gives():
    curve = precision_recall(SCORES, GOLD)
    assert curve.thresholds.tolist() == [0.05, 0.3, 0.6, 0.9, 0.95]
    for threshold, precision, recall in zip(curve.thresholds, curve.precision, curve.recall, strict=True):
        assert (precision, recall) == pytest.approx(counted(SCORES, GOLD, threshold))
    # steps of recall by a third, at precisions 1, 2/4 and 3/5
    assert curve.average_precision == pytest.approx((1 + 1 / 2 + 3 / 5) / 3)


def test_a_file_holds_the_best_point_of_each_recall():
    assert precision_recall(SCORES, GOLD).to_dict() == {
        "average_precision": 0.7,
        "thresholds": [0.95, 0.6, 0.3],
        "precision": [1.0, 0.5, 0.6],
        "recall": [0.3333, 0.6667, 1.0],
    }


@pytest.mark.parametrize(
    ("wanted", "floor", "threshold", "precision", "recall"),
    [
        (0.6, 0.0, 0.175, 0.6, 1),
        (0.7, 0.0, 0.925, 1, 1 / 3),
        (1.0, 0.0, 0.925, 1, 1 / 3),
        (0.4, 0.5, 0.55, 0.5, 2 / 3),  # halfway between the floor and the score
    ],
)
def test_the_threshold_with_the_highest_recall_that_reaches_a_precision(wanted, floor, threshold, precision, recall):
    found = threshold_for(precision_recall(SCORES, GOLD), wanted, floor=floor)
    assert (found.threshold, found.precision, found.recall) == pytest.approx((threshold, precision, recall))
    assert counted(SCORES, GOLD, found.threshold) == pytest.approx((precision, recall))


def test_where_no_threshold_reaches_it_the_best_is_told():
    found = threshold_for(precision_recall(np.array([0.9, 0.5]), np.array([False, True])), 0.8)
    assert (found.threshold, found.precision, found.recall) == (None, 0.5, 1)
    assert found.to_dict()["threshold"] is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30), st.floats(0.05, 1))
def test_a_threshold_gives_what_it_promises(rows, wanted):
    scores, gold = np.array([score for score, _ in rows]), np.array([held for _, held in rows])
    if not gold.any():
        return
    found = threshold_for(precision_recall(scores, gold), wanted)
    if found.threshold is None:
        assert all(counted(scores, gold, each)[0] < wanted for each in scores)
    else:
        assert found.precision >= wanted
        assert counted(scores, gold, found.threshold) == pytest.approx((found.precision, found.recall))


def test_calibration_by_hand():
    found = calibration(np.array([0.0, 0.04, 0.52, 0.58, 1.0]), np.array([False, False, True, False, True]))
    assert [(each.low, each.count, each.score, each.share) for each in found.bins] == [
        (0.0, 2, pytest.approx(0.02), 0),
        (0.5, 2, pytest.approx(0.55), 0.5),
        (0.9, 1, 1, 1),
    ]
    assert found.expected_error == pytest.approx((2 * 0.02 + 2 * 0.05 + 0) / 5)
    assert found.expected_error_above == pytest.approx((2 * 0.05 + 0) / 3)
    assert found.brier == pytest.approx((0 + 0.04**2 + 0.48**2 + 0.58**2 + 0) / 5)


def test_without_scores_above_a_tenth_there_is_nothing_to_weigh():
    assert calibration(np.array([0.01]), np.array([True])).to_dict()["expected_calibration_error_above_0.1"] is None
