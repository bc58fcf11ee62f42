"""Two models on the same clients."""

import itertools

import numpy as np
import pytest

from action_recs.evaluation.bootstrap import cluster_weights, estimated
from action_recs.evaluation.comparison import compared
from action_recs.evaluation.measures import RATES

F1 = RATES["f1"]


def f1(rows):
    hits, wrong, missed = np.sum(rows, axis=0)
    return 2 * hits / (2 * hits + wrong + missed)


def test_one_better_on_every_client():
    own = np.array([[4.0, 1, 1], [3, 0, 2], [5, 1, 0], [2, 0, 0]])
    other = np.array([[3.0, 2, 2], [2, 1, 3], [4, 2, 1], [1, 1, 1]])
    found = compared(own, other, F1, cluster_weights(4))
    assert (found.own, found.other) == pytest.approx((f1(own), f1(other)))
    assert found.difference.value == pytest.approx(f1(own) - f1(other))
    assert 0 < found.difference.low <= found.difference.value <= found.difference.high
    # all 16 exchanges by hand: only to exchange none or every client is as far apart
    assert found.p == 2 / 16


def test_the_p_value_is_the_share_of_exchanges_that_are_as_far_apart():
    draw = np.random.default_rng(3)
    own, other = draw.integers(0, 6, (2, 6, 3)).astype(float)
    observed = abs(f1(own) - f1(other))
    as_far = 0
    for swaps in itertools.product((False, True), repeat=6):
        ones = [b if swap else a for a, b, swap in zip(own, other, swaps, strict=True)]
        others = [a if swap else b for a, b, swap in zip(own, other, swaps, strict=True)]
        as_far += abs(f1(ones) - f1(others)) >= observed - 1e-12
    assert compared(own, other, F1, cluster_weights(6)).p == as_far / 64


def test_models_that_are_alike_do_not_differ():
    rows = np.random.default_rng(0).integers(1, 9, (40, 3)).astype(float)
    found = compared(rows, rows, F1, cluster_weights(40))
    assert (found.difference.value, found.difference.low, found.difference.high, found.p) == (0, 0, 0, 1)


def test_chance_is_seldom_called_a_difference():
    draw = np.random.default_rng(1)
    below = 0
    for seed in range(60):
        own, other = draw.poisson(3, (2, 25, 3)).astype(float)
        below += compared(own, other, F1, cluster_weights(25, draws=50), seed=seed).p < 0.05
    assert below <= 9  # 3 are expected


def test_one_client_gives_no_interval_and_no_p_value():
    own, other = np.array([[4.0, 1, 1]]), np.array([[3.0, 2, 2]])
    found = compared(own, other, F1, cluster_weights(1)).to_dict()
    assert (found["p"], found["difference"]["low"], found["difference"]["high"]) == (None, None, None)


def test_what_is_undefined_is_not_compared():
    nothing = np.zeros((3, 3))
    assert compared(nothing, nothing, F1, cluster_weights(3)) is None
    assert estimated(nothing, F1, cluster_weights(3)) is None


def test_clients_are_drawn_with_replacement_as_often_as_there_are():
    weights = cluster_weights(7, draws=500)
    assert (weights.sum(axis=1) == 7).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(7), abs=0.2)
    assert len(np.unique(weights, axis=0)) > 200
