"""The constraints that every annotated session keeps."""

import dataclasses

import pytest

from action_recs import AnnotationError, Form, Transcript
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession

TRANSCRIPT = Transcript.from_pairs([("therapist", "Rosebud walks"), ("client", "Rosebud"), ("therapist", "")])


def rec(utterance, start, end, text):
    return AnnotatedRecommendation(utterance, start, end, text, Form.CASUAL)


@pytest.mark.parametrize(
    ("recommendations", "reviews", "problem"),
    [
        ([rec(3, 0, 1, "R")], [], "recommendation at utterance 3, characters 0 to 1: the session has 3 utterances"),
        ([rec(-1, 0, 1, "R")], [], "recommendation at utterance -1, characters 0 to 1: the session has 3 utterances"),
        ([rec(0, 0, 14, "Rosebud walks")], [], "outside the text of 13 characters"),
        ([rec(0, 3, 3, "")], [], "outside the text of 13 characters"),
        ([rec(0, -2, 3, "Ros")], [], "outside the text of 13 characters"),
        ([rec(2, 0, 0, "")], [], "outside the text of 0 characters"),
        ([rec(1, 0, 7, "Rosebud")], [], "not an utterance of the therapist"),
        ([rec(0, 0, 7, "Rosebux")], [], "the span's own text differs"),
        ([rec(0, 0, 7, "Rosebud"), rec(0, 6, 8, "d ")], [], "recommendations overlap at utterance 0, character 6"),
        ([], [AnnotatedReview(0, 3)], "review of utterances 0 to 3: not a run of 3 utterances"),
        ([], [AnnotatedReview(2, 1)], "review of utterances 2 to 1: not a run"),
        ([], [AnnotatedReview(-1, 1)], "review of utterances -1 to 1: not a run"),
        ([], [AnnotatedReview(1, 2), AnnotatedReview(0, 1)], "reviews overlap at utterance 1"),
    ],
)
def test_what_breaks_a_constraint_is_named_with_its_place_and_without_its_text(recommendations, reviews, problem):
    with pytest.raises(AnnotationError) as caught:
        AnnotatedSession("s1", TRANSCRIPT, tuple(recommendations), tuple(reviews))
    assert str(caught.value).startswith("session s1: ")
    assert problem in str(caught.value)
    assert "Rosebud" not in str(caught.value) + repr(caught.value)


def test_all_problems_are_named_at_once():
    with pytest.raises(AnnotationError) as caught:
        AnnotatedSession("s1", TRANSCRIPT, (rec(1, 0, 7, "Rosebud"),), (AnnotatedReview(5, 6),))
    assert str(caught.value) == (
        "session s1: recommendation at utterance 1, characters 0 to 7: not an utterance of the therapist; "
        "review of utterances 5 to 6: not a run of 3 utterances"
    )


def test_touching_spans_and_runs_are_fine():
    session = AnnotatedSession(
        "s1",
        TRANSCRIPT,
        (rec(0, 0, 7, "Rosebud"), rec(0, 7, 13, " walks")),
        (AnnotatedReview(0, 1), AnnotatedReview(2, 2)),
    )
    assert (len(session.recommendations), len(session.reviews)) == (2, 2)


def test_values_print_no_text_and_cannot_be_changed():
    session = AnnotatedSession("s1", TRANSCRIPT, (rec(0, 0, 7, "Rosebud"),), (AnnotatedReview(0, 1, target="Rosebud"),))
    assert "Rosebud" not in repr(session)
    with pytest.raises(dataclasses.FrozenInstanceError):
        session.id = "s2"
