"""Annotated sessions -> the class of every token."""

import pytest

from action_recs import Form, Transcript
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.checkpoint import Task
from action_recs.training.labels import IGNORED, piece_labels
from action_recs.windows import tokenize

O, BC, IC, BS, IS = range(5)  # noqa: E741
BEGIN, IN = 1, 2


def spans(text, *marked):
    return tuple(
        AnnotatedRecommendation(0, text.index(words), text.index(words) + len(words), words, form)
        for words, form in marked
    )


@pytest.mark.parametrize(
    ("text", "marked", "expected"),
    [
        ("", [], [[]]),
        ("you could walk.", [], [[O, O, O, O]]),
        ("you could walk.", [("could walk", Form.CASUAL)], [[O, BC, IC, O]]),
        ("walk", [("walk", Form.STRUCTURED)], [[BS]]),
        ("walk walking", [("walking", Form.STRUCTURED)], [[O, BS, IS, IS, IS]]),
        ("call you walk", [("call", Form.STRUCTURED), ("walk", Form.CASUAL)], [[BS, O, BC]]),
        ("call walk", [("call", Form.CASUAL), ("walk", Form.STRUCTURED)], [[BC, BS]]),
        (" walk call", [(" walk", Form.CASUAL)], [[BC, O]]),
        ("you could walk and call her", [("walk and", Form.CASUAL)], [[O, O, BC, IC], [O, O]]),
        ("you could walk and call her", [("walk and call", Form.CASUAL)], [[O, O, BC, IC], [IC, O]]),
        ("you could walk and call her", [("call her", Form.CASUAL)], [[O, O, O, O], [BC, IC]]),
    ],
)
def test_recommendations_are_begun_once_and_continued(tokenizer, text, marked, expected):
    session = AnnotatedSession("s", Transcript.from_pairs([("therapist", text)]), spans(text, *marked))
    window = 12 if len(expected) > 1 else 64
    pieces = tokenize(session.transcript, tokenizer, window_tokens=window)
    marker = [IGNORED]
    assert piece_labels(session, pieces, Task.RECOMMENDATION) == [marker + classes for classes in expected]


def test_the_clients_tokens_do_not_count_for_recommendations(tokenizer):
    session = AnnotatedSession("s", Transcript.from_pairs([("client", "you walk"), ("other", "walk")]))
    pieces = tokenize(session.transcript, tokenizer, window_tokens=64)
    assert piece_labels(session, pieces, Task.RECOMMENDATION) == [[IGNORED] * 3, [IGNORED] * 2]


def test_every_token_carries_the_class_of_its_utterance_in_reviews(tokenizer):
    talk = [("client", "okay"), ("therapist", "how did it go this week"), ("client", "good"), ("client", "")]
    session = AnnotatedSession("s", Transcript.from_pairs(talk), reviews=(AnnotatedReview(1, 2), AnnotatedReview(3, 3)))
    pieces = tokenize(session.transcript, tokenizer, window_tokens=12)
    assert piece_labels(session, pieces, Task.REVIEW) == [
        [O, O],
        [BEGIN] * 5,
        [BEGIN] * 3,
        [IN, IN],
        [BEGIN],
    ]
