"""Tagged sessions as data frames."""

import dataclasses

import pytest

from action_recs import (
    Form,
    Label,
    Recommendation,
    Review,
    Role,
    TaggedSession,
    TaggedUtterance,
    recommendations_frame,
    reviews_frame,
)

pytest.importorskip("pandas")

ONE = TaggedSession(
    (),
    (Recommendation(3, 4, 8, "walk", Form.CASUAL, 0.123456), Recommendation(5, 0, 5, "write", Form.STRUCTURED, 1.0)),
    (Review(2, 4, 0.5),),
    session_id="s1",
    client_id="c1",
    therapist_id="t1",
    organisation_id="o1",
    date="2024-05-01",
)
IDENTIFIERS = {
    "session_id": "s1",
    "client_id": "c1",
    "therapist_id": "t1",
    "organisation_id": "o1",
    "date": "2024-05-01",
}
TWO = dataclasses.replace(ONE, recommendations=ONE.recommendations[1:], reviews=(), session_id="s2")


def test_a_row_a_recommendation():
    frame = recommendations_frame([ONE, TWO])
    walk = {"utterance": 3, "start": 4, "end": 8, "text": "walk", "form": "casual", "score": 0.1235}
    write = {"utterance": 5, "start": 0, "end": 5, "text": "write", "form": "structured", "score": 1.0}
    assert frame.to_dict("records") == [
        IDENTIFIERS | walk,
        IDENTIFIERS | write,
        IDENTIFIERS | {"session_id": "s2"} | write,
    ]


def test_a_row_a_review():
    frame = reviews_frame(iter([ONE, TWO]))
    assert frame.to_dict("records") == [IDENTIFIERS | {"first": 2, "last": 4, "utterances": 3, "score": 0.5}]


@pytest.mark.parametrize("frame", [recommendations_frame, reviews_frame])
def test_without_findings_the_columns_are_there(frame):
    empty = frame([])
    assert (len(empty), list(empty.columns)) == (0, list(frame([ONE]).columns))


def test_one_session_is_enough():
    assert recommendations_frame(ONE).equals(recommendations_frame([ONE]))
    assert reviews_frame(ONE).equals(reviews_frame([ONE]))


def test_polars_on_request():
    polars = pytest.importorskip("polars")
    for make in (recommendations_frame, reviews_frame):
        frame = make([ONE, TWO], library="polars")
        assert isinstance(frame, polars.DataFrame)
        assert frame.to_dicts() == make([ONE, TWO]).to_dict("records")
        assert make([], library="polars").columns == frame.columns
    said = TaggedSession(
        (TaggedUtterance(0, Role.CLIENT, "Hm.", frozenset(), {Label.RECOMMENDATION: 0.0, Label.REVIEW: 0.1}),),
        (),
        (),
        session_id="s1",
    )
    frame = said.to_dataframe("polars")
    assert isinstance(frame, polars.DataFrame)
    assert frame.select("session_id", "role", "text", "review").rows() == [("s1", "client", "Hm.", 0)]


def test_another_library_is_refused():
    with pytest.raises(ValueError, match="pandas, polars"):
        ONE.to_dataframe("numpy")
