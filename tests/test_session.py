"""What comes out."""

import dataclasses
import json

import pytest

from action_recs import Form, Label, Recommendation, Review, Role, TaggedSession, TaggedUtterance

SECRET = "Rosebud told nobody"
UTTERANCES = (
    TaggedUtterance(0, Role.THERAPIST, "Try to walk.", frozenset({Label.RECOMMENDATION}), dict.fromkeys(Label, 0.75)),
    TaggedUtterance(
        1, Role.CLIENT, SECRET, frozenset(), dict.fromkeys(Label, 0.123456), speaker="Ann", start=1.5, end=2.0
    ),
    TaggedUtterance(2, Role.OTHER, "", frozenset({Label.REVIEW}), dict.fromkeys(Label, 0.0)),
)
SESSION = TaggedSession(
    UTTERANCES,
    (Recommendation(0, 0, 11, "Try to walk", Form.CASUAL, 0.75),),
    (Review(2, 2, 0.5),),
    session_id="s1",
    client_id="c1",
)
RECORD = {
    "session_id": "s1",
    "client_id": "c1",
    "therapist_id": None,
    "organisation_id": None,
    "date": None,
    "utterances": [
        {
            "index": 0,
            "role": "therapist",
            "text": "Try to walk.",
            "labels": ["recommendation"],
            "scores": {"recommendation": 0.75, "review": 0.75},
        },
        {
            "index": 1,
            "role": "client",
            "text": SECRET,
            "labels": [],
            "scores": {"recommendation": 0.1235, "review": 0.1235},
            "speaker": "Ann",
            "start": 1.5,
            "end": 2.0,
        },
        {"index": 2, "role": "other", "text": "", "labels": ["review"], "scores": {"recommendation": 0, "review": 0}},
    ],
    "recommendations": [
        {"utterance": 0, "start": 0, "end": 11, "text": "Try to walk", "form": "casual", "score": 0.75}
    ],
    "reviews": [{"first": 2, "last": 2, "score": 0.5}],
    "review_percentage": 33.3333,
}


def test_json_and_back():
    assert SESSION.to_dict() == json.loads(SESSION.to_json()) == json.loads(SESSION.to_json(indent=1)) == RECORD
    assert "\n" not in SESSION.to_json()
    assert TaggedSession.from_dict(RECORD).to_dict() == RECORD
    whole = dataclasses.replace(SESSION, utterances=(UTTERANCES[0], UTTERANCES[2]))
    assert TaggedSession.from_dict(whole.to_dict()) == whole


def test_rows_and_dataframe_hold_one_record_an_utterance():
    rows = SESSION.rows()
    assert rows[:2] == [
        {
            "session_id": "s1",
            "index": 0,
            "role": "therapist",
            "text": "Try to walk.",
            "recommendation": 1,
            "review": 0,
            "recommendation_score": 0.75,
            "review_score": 0.75,
        },
        {
            "session_id": "s1",
            "index": 1,
            "role": "client",
            "text": SECRET,
            "recommendation": 0,
            "review": 0,
            "recommendation_score": 0.1235,
            "review_score": 0.1235,
        },
    ]
    frame = SESSION.to_dataframe()
    assert (frame.to_dict("records"), list(frame.columns)) == (rows, list(rows[0]))


@pytest.mark.parametrize(
    ("reviews", "percentage"), [((), 0), ((Review(0, 0),), 100 / 3), ((Review(0, 1), Review(2, 2)), 100)]
)
def test_review_percentage_is_the_share_of_utterances_in_reviews(reviews, percentage):
    assert dataclasses.replace(SESSION, reviews=reviews).review_percentage == pytest.approx(percentage)


def test_an_empty_session_reviews_nothing():
    assert (len(TaggedSession((), (), ())), TaggedSession((), (), ()).review_percentage) == (0, 0.0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (UTTERANCES[0], "TaggedUtterance(0, therapist, 12 characters, recommendation)"),
        (UTTERANCES[1], "TaggedUtterance(1, client, 19 characters, no label)"),
        (SESSION, "TaggedSession(3 utterances, 1 recommendations, 1 reviews)"),
        (
            Recommendation(0, 4, 11, SECRET, Form.CASUAL, 0.754),
            "Recommendation(utterance=0, start=4, end=11, form=casual, score=0.75)",
        ),
        (Review(3, 5, 0.5), "Review(first=3, last=5, score=0.50)"),
    ],
)
def test_values_print_short_hash_and_cannot_be_changed(value, shown):
    assert (repr(value), str(value)) == (shown, shown)
    assert hash(value) == hash(dataclasses.replace(value))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, dataclasses.fields(value)[0].name, 1)


def test_the_length_of_a_review_counts_both_ends():
    assert [len(Review(4, 4)), len(Review(4, 9))] == [1, 6]
