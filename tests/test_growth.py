"""How a plan that is stated back grows from the talk around what was floated."""

import numpy as np
import pytest
from talked import talk

from action_recs.linking.growth import GROWTH_FEATURES, growth_features
from action_recs.linking.passages import Rarity

RARITY = Rarity({}, 10.0, np.ones(1, dtype=np.float32))
"""Each word counts for one."""


def told(session, between=0):
    spans = session.recommendations
    found = growth_features(session, spans[0], spans[-1], between, RARITY)
    return {name: value for name, value in zip(GROWTH_FEATURES, found, strict=True) if value}


def test_what_was_floated_and_fixed_by_the_client_is_stated_back():
    session = talk(
        "Maybe you could ask your brother.",
        "At the barbecue on Friday?",
        "Okay, so Friday, ask at the barbecue.",
        recommended=[(0, "Maybe you could ask your brother"), (2, "Friday, ask at the barbecue")],
    )
    # of the second's words (friday, ask, barbecue) one is around the first, and the client says two
    assert told(session) == {
        "nothing recommended between": 1,
        "in the next two utterances": 1,
        "next and near": 1,
        "share of words from around the first": 1,
        "share of words from the talk between": pytest.approx(2 / 3),
        "new words from the utterance before": 2,
        "new words from around the first and between": 2,
        "words of the second": 3,
        "words of the second's surroundings from around the first": 3,
        "words of the second's surroundings from the first": 1,  # ask
        "next and near, a conclusion": 1,
        "next and near, first hedged, second not": 1,
        "next and near, numbers and times from the client": 1,
        "next and near, words of the surroundings": 3,
        "next and near, the client asks": 1,
    }


def test_another_task_in_the_next_breath_is_from_nowhere():
    session = talk(
        "Walk daily. And another thing, ring Ann.",
        recommended=[(0, "Walk daily"), (0, "ring Ann")],
    )
    # the second's words themselves do not count as talk around the first
    assert told(session) == {
        "nothing recommended between": 1,
        "words from nowhere": 2,
        "words of the second": 2,
        "words of the second's surroundings from the first": 2,
        "words of the second's surroundings from around the first": 3,  # walk, daily, another
    }


def test_recommendations_far_apart_are_not_near():
    lines = ["Walk daily."] + ["Well."] * 39 + ["Swim."]
    session = talk(*lines, recommended=[(0, "Walk daily"), (40, "Swim")])
    assert told(session, between=2) == {
        "more than thirty utterances on": 1,
        "words from nowhere": 1,
        "words of the second": 1,
    }
