"""A client's sessions followed up: which sequences are taken, what is linked, and what a thread says of itself."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from talked import ASKED, COOKING, WALK, talk

from action_recs import Form, Label, Recommendation, Review, TaggedSession
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.errors import ThreadError
from action_recs.linking import follow_up
from action_recs.linking.following import grouped
from action_recs.linking.reader import stretches
from action_recs.transcript import Transcript


def test_a_review_looks_back_to_the_item_it_shares_words_with_and_other_items_are_never_reviewed(linking_model):
    both = dataclasses.replace(
        WALK, recommendations=(*WALK.recommendations, Recommendation(2, 4, 12, "ring Ann", Form.CASUAL))
    )
    thread = follow_up([both, ASKED], model=linking_model)
    walking, ringing = thread.items
    assert (walking.session, walking.recommendation, walking.restatements) == (0, WALK.recommendations[0], ())
    (link,) = walking.reviews
    assert (link.session, link.review) == (1, 0)
    assert 0.5 <= link.score <= 1
    assert walking.adherence is link.adherence
    assert walking.evidence == link.evidence
    assert (ringing.reviews, ringing.adherence, ringing.evidence) == ((), None, None)
    assert thread.never_reviewed == (ringing,)
    assert [(each.session, each.review, each.targets, each.broad) for each in thread.reviews] == [(1, 0, (0,), False)]
    assert (walking.phrase, walking.when) == ("try walking daily", ("daily",))


def test_a_review_that_shares_nothing_is_broad_or_from_outside(linking_model):
    thread = follow_up([WALK, COOKING], model=linking_model)
    assert [each.broad for each in thread.reviews] == [True]
    assert [item.reviewed for item in thread.items] == [False, False]


def test_an_item_is_reviewed_by_each_later_session_that_looks_back_to_it(linking_model):
    again = talk("And the walking?", "Daily.", reviews=[(0, 1)])
    (item,) = follow_up([WALK, ASKED, COOKING, again], model=linking_model).items[:1]
    assert [(link.session, link.review) for link in item.reviews] == [(1, 0), (3, 0)]


def test_what_a_session_says_again_is_one_item(linking_model):
    session = talk(
        "Try walking daily.", "Why?", "Ring Ann.", "No.", "So, walking daily.", "Okay.",
        recommended=[(0, "Try walking daily"), (2, "Ring Ann"), (4, "walking daily")],
    )  # fmt: skip
    thread = follow_up([session], model=linking_model)
    assert [item.recommendation.utterance for item in thread.items] == [0, 2]
    assert [again.utterance for again in thread.items[0].restatements] == [4]


def test_a_review_never_looks_back_to_its_own_session_or_a_later_one(linking_model):
    own = talk(
        "Did the walking work?",
        "Yes.",
        "Try walking daily.",
        "Okay.",
        recommended=[(2, "Try walking daily")],
        reviews=[(0, 1)],
    )
    assert [each.targets for each in follow_up([own], model=linking_model).reviews] == [()]


@pytest.mark.parametrize(
    ("scores", "groups"),
    [
        ({}, [[0]]),
        ({(0, 1): 0.4}, [[0], [1]]),
        ({(0, 1): 0.5}, [[0, 1]]),
        ({(0, 1): 0.9, (0, 2): 0.1, (1, 2): 0.8}, [[0, 1, 2]]),
        ({(0, 1): 0.1, (0, 2): 0.6, (1, 2): 0.7}, [[0], [1, 2]]),
    ],
)
def test_each_recommendation_joins_the_earlier_one_that_it_is_most_like(scores, groups):
    assert grouped(1 + max((second for _, second in scores), default=0), scores, 0.5) == groups


WORDS = st.sampled_from(["walk", "cook", "ring", "write", "read", "swim", "sing", "paint"])


@st.composite
def threads(draw):
    sessions = []
    for place in range(draw(st.integers(1, 4))):
        lines = [f"You could {draw(WORDS)}, or {draw(WORDS)} {place}-{index}." for index in range(6)]
        spans = [(index, lines[index][4:-1]) for index in draw(st.sets(st.sampled_from([0, 2, 4])))]
        runs = draw(st.sampled_from([(), ((0, 1),), ((0, 0), (3, 5))]))
        sessions.append(talk(*lines, recommended=sorted(spans), reviews=runs))
    return sessions


@settings(max_examples=25)
@given(threads())
def test_every_recommendation_is_in_one_item_and_links_point_back_and_agree(linking_model, sessions):
    thread = follow_up(sessions, model=linking_model)
    held = [(item.session, span) for item in thread.items for span in (item.recommendation, *item.restatements)]
    said = [(place, span) for place, session in enumerate(sessions) for span in session.recommendations]
    assert sorted(held, key=lambda pair: (pair[0], pair[1].utterance)) == said
    links = {(number, link.session, link.review) for number, item in enumerate(thread.items) for link in item.reviews}
    targets = {(number, each.session, each.review) for each in thread.reviews for number in each.targets}
    assert links == targets
    assert all(thread.items[number].session < session for number, session, _ in links)
    assert [(each.session, each.review) for each in thread.reviews] == [
        (place, review) for place, session in enumerate(sessions) for review in range(len(session.reviews))
    ]
    for words in [each.evidence for each in thread.reviews] + [
        link.evidence for item in thread.items for link in item.reviews
    ]:
        run = [run for run in sessions[words.session].reviews if run.first <= words.utterance <= run.last]
        assert len(run) == 1
        assert sessions[words.session].utterances[words.utterance].text[words.start : words.end] == words.text != ""


@settings(max_examples=25)
@given(threads())
def test_a_longer_sequence_says_the_same_of_its_first_sessions(linking_model, sessions):
    first, whole = follow_up(sessions[:-1] or sessions, model=linking_model), follow_up(sessions, model=linking_model)
    for one, other in zip(first.items, whole.items, strict=False):
        assert (one.session, one.recommendation, one.restatements) == (
            other.session,
            other.recommendation,
            other.restatements,
        )
        known = [(link.session, link.review) for link in other.reviews if link.session < len(first)]
        assert [(link.session, link.review) for link in one.reviews] == known


NAMED = dataclasses.replace


@pytest.mark.parametrize(
    ("sessions", "said"),
    [
        ([], "there is no session"),
        ([NAMED(WALK, client_id="a"), NAMED(ASKED, client_id="b")], "sessions 0 and 1 may be of two clients"),
        ([NAMED(WALK, client_id="a"), ASKED], "only one of the two has a client_id"),
        ([NAMED(WALK, session_id="s"), NAMED(ASKED, session_id="s")], "sessions 0 and 1 have the same session_id"),
        ([WALK, ASKED, NAMED(WALK, session_id="t")], "sessions 0 and 2 hold the same utterances"),
        (
            [NAMED(WALK, date="2024-03-05"), ASKED, NAMED(COOKING, date="2024-03-04")],
            "session 2 is dated before session 0",
        ),
        ([NAMED(WALK, date="5 March")], "session 0: the date is not ISO 8601"),
        ([WALK, Transcript.from_pairs([("client", "Hi.")])], "session 1 is a Transcript"),
        (WALK, "give [session]"),
    ],
)
def test_sequences_that_cannot_be_one_clients_are_refused_with_the_place(linking_model, sessions, said):
    with pytest.raises(ThreadError) as caught:
        follow_up(sessions, model=linking_model)
    assert said in str(caught.value)
    assert "walking" not in str(caught.value)


def test_the_order_given_counts_and_dates_may_be_missing_or_alike(linking_model):
    dated = [NAMED(WALK, date="2024-03-05"), NAMED(COOKING, date=None), NAMED(ASKED, date="2024-03-05T09:00")]
    thread = follow_up(dated, model=linking_model)
    assert [link.session for link in thread.items[0].reviews] == [2]


def test_a_single_session_has_items_that_nothing_reviews(linking_model):
    thread = follow_up([WALK], model=linking_model)
    assert [item.reviews for item in thread.items] == [()]
    assert len(thread) == 1


def test_sessions_in_which_nothing_was_found_make_an_empty_thread_without_any_model():
    thread = follow_up([talk("Hello.", "Hello.")])
    assert (thread.items, thread.reviews) == ((), ())


def test_a_thread_prints_without_words_of_the_dialogue(linking_model):
    thread = follow_up([WALK, ASKED], model=linking_model)
    shown = repr(thread) + repr(thread.items) + repr(thread.reviews) + repr(thread.sessions)
    assert not {"walking", "Try", "twice", "work"} & set(shown.replace("'", " ").replace("(", " ").split())


def test_a_session_from_annotations_holds_the_marks_and_nothing_else():
    transcript = Transcript.from_pairs([("therapist", "Did you? Try walking."), ("client", "Yes.")], session_id="s2")
    annotated = AnnotatedSession(
        "s2",
        dataclasses.replace(transcript, client_id="c"),
        (AnnotatedRecommendation(0, 9, 20, "Try walking", Form.STRUCTURED, id="r1", category="monitor"),),
        (AnnotatedReview(0, 1, of=("s1.r1",), adherence="done"),),
    )
    session = TaggedSession.from_annotations(annotated)
    assert session.recommendations == (Recommendation(0, 9, 20, "Try walking", Form.STRUCTURED),)
    assert session.reviews == (Review(0, 1),)
    assert [each.labels for each in session.utterances] == [frozenset(Label), frozenset({Label.REVIEW})]
    assert [each.scores[Label.RECOMMENDATION] for each in session.utterances] == [1.0, 0.0]
    assert (session.session_id, session.client_id) == ("s2", "c")
    assert TaggedSession.from_dict(session.to_dict()) == session


@given(st.text(alphabet="ab .!?\n", max_size=80))
def test_the_stretches_of_a_text_hold_all_its_words_in_order(text):
    found = [text[start:end] for start, end in stretches(text)]
    assert " ".join(found).split() == text.split()
    assert all(each == each.strip() != "" for each in found)
