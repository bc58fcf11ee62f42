"""What a repeated recommendation sounds like, and what a bag of words says of a text."""

import numpy as np
import pytest
from talked import talk

from action_recs.linking.recaps import RECAP_FEATURES, recap_features
from action_recs.linking.term_model import TermModel


def told(session):
    return dict(zip(RECAP_FEATURES, recap_features(session, *session.recommendations), strict=True))


def test_a_summary_of_what_was_floated_before():
    session = talk(
        "Maybe you could walk on Friday.",
        "What was it again?",
        "Go to bed. So, the walk, on Friday at ten.",
        recommended=[(0, "Maybe you could walk on Friday"), (2, "the walk, on Friday at ten")],
    )
    assert told(session) == {
        "said again": 1,
        "asked again": 1,
        "recommendations in the second's utterance": 1,
        "place in the second's utterance": 0,
        "numbers and times shared": 1,  # Friday
        "numbers and times of the second only": 1,  # ten
        "first hedged, second not": 1,
        "definite words of the second": pytest.approx(1 / 6),
    }


def test_two_tasks_in_one_breath():
    session = talk("Walk daily, and ring Ann.", recommended=[(0, "Walk daily"), (0, "ring Ann")])
    found = told(session)
    assert (found["said again"], found["asked again"], found["first hedged, second not"]) == (0, 0, 0)
    assert (found["recommendations in the second's utterance"], found["place in the second's utterance"]) == (2, 1)


def test_letters_that_grow_in_lower_case_move_no_words():
    odd = "İİİİİİİİİİİİİİİİİİİİ so, walk daily"
    session = talk("Walk daily.", "Yes.", odd, recommended=[(0, "Walk daily"), (2, "walk daily")])
    assert told(session)["said again"] == 1


def test_parts_of_terms_add_up_to_what_is_said():
    model = TermModel({"yes": 0, "no": 1}, np.array([2.0, 1.0]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros(2))
    # TF-IDF: 2 for "yes", 1 + ln 2 for "no" said twice; divided by the length of both
    length = np.hypot(2, 1 + np.log(2))
    parts = model.parts(["no", "yes", "well", "no"])
    assert parts == pytest.approx(
        np.array([[0, 0.5 * (1 + np.log(2))], [2, 0], [0, 0], [0, 0.5 * (1 + np.log(2))]]) / length
    )
    assert np.exp(model.log_probabilities(["well"])) == pytest.approx([0.5, 0.5])
    assert np.exp(model.log_probabilities(["no"])) == pytest.approx(np.array([1, np.e]) / (1 + np.e))
