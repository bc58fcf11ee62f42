"""Uncertainty of a session, and the choice among sessions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_recs import ConfigError
from action_recs.suggest.choosing import Candidate, Why, choose
from action_recs.suggest.uncertainty import doubt, doubtful_utterances, expected_errors


@pytest.mark.parametrize(
    ("score", "threshold", "expected"),
    [
        (0.5, 0.5, 0.5),
        (0.9, 0.5, 0.1),
        (0.2, 0.5, 0.2),
        (0.75, 0.75, 0.5),
        (0.9, 0.75, 3 / 12),  # odds of 9 against 3: three to one for being right
        (0.5, 0.75, 1 / 4),  # odds of 1 against 3
        (0.0, 0.5, 0),
        (1.0, 0.5, 0),
    ],
)
def test_doubt_is_the_probability_of_the_other_side(score, threshold, expected):
    assert doubt([score], threshold)[0] == pytest.approx(expected, abs=1e-5)


@given(st.lists(st.floats(0, 1), max_size=20), st.floats(0.01, 0.99))
def test_errors_are_the_sum_of_doubts(scores, threshold):
    doubts = doubt(scores, threshold)
    assert ((doubts >= 0) & (doubts <= 0.5)).all()
    assert expected_errors(scores, threshold) == pytest.approx(math.fsum(doubts))
    assert doubtful_utterances(scores, threshold) == sum(each >= 0.2 for each in doubts)


def candidates(*rows):
    return [Candidate(uncertainty, np.array(place, dtype=np.float32)) for uncertainty, *place in rows]


CLUSTERS = candidates((9, 1, 0), (8.9, 1, 0.01), (8.8, 1, 0.02), (5, 0, 1), (4, -1, 0), (0.1, 0, -1))


def test_uncertain_sessions_that_differ_come_first():
    chosen = choose(CLUSTERS, 3, random_share=0)
    assert {choice.index for choice in chosen} == {0, 3, 4}
    assert [(choice.why, choice.rank) for choice in chosen if choice.index in (0, 4)] == [
        (Why.UNCERTAIN, 1),
        (Why.DIFFERENT, 5),
    ]
    assert chosen[0].distance == 0
    assert all(choice.distance > 0.5 for choice in chosen[1:])


def test_a_share_is_drawn_at_random_and_the_seed_decides_which():
    draws = [choose(CLUSTERS, 5, random_share=0.4, seed=seed) for seed in range(30)]
    assert all([choice.why is Why.RANDOM for choice in chosen] == [False] * 3 + [True] * 2 for chosen in draws)
    assert {tuple(choice.index for choice in chosen[:3]) for chosen in draws} == {
        tuple(choice.index for choice in draws[0][:3])
    }
    assert len({frozenset(choice.index for choice in chosen[3:]) for chosen in draws}) == 3  # two of the three left
    assert choose(CLUSTERS, 5, random_share=0.4, seed=7) == draws[7]


rows = st.lists(st.tuples(st.floats(0, 9), st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=12)


@given(rows, st.integers(1, 15), st.floats(0, 1))
def test_every_choice_is_another_session(rows, count, share):
    chosen = choose(candidates(*rows), count, random_share=share)
    assert len({choice.index for choice in chosen}) == len(chosen) == min(count, len(rows))
    assert sum(choice.why is Why.RANDOM for choice in chosen) == round(len(chosen) * share)
    order = sorted(row[0] for row in rows)[::-1]
    assert all(rows[choice.index][0] == order[choice.rank - 1] for choice in chosen)


def test_there_is_nothing_to_choose_from_nothing():
    assert choose([], 3) == []


@pytest.mark.parametrize(("count", "share", "words"), [(0, 0.2, "-n"), (3, 1.5, "--random"), (3, -0.1, "--random")])
def test_numbers_out_of_range_are_refused(count, share, words):
    with pytest.raises(ConfigError, match=words):
        choose(CLUSTERS, count, random_share=share)
