"""Whatever is said: every utterance comes back once, in order, with its text, and every place is where it says."""

import json

import pytest
from hard_input import (
    MARKERS,
    SPEAKING,
    as_transcript,
    check_many,
    check_pieces,
    check_session,
    hard_transcript,
    random_tagger,
)
from hypothesis import given, settings
from hypothesis import strategies as st

import action_recs
from action_recs import Role, TaggedSession
from action_recs.readers import parse_text

ANY_CHARACTER = st.text(st.characters(codec=None), max_size=80)
PAIRS = st.lists(st.tuples(st.sampled_from([role.value for role in Role]), ANY_CHARACTER), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def shipped():
    return action_recs.shipped_tagger()


@pytest.fixture(scope="module")
def drawn():
    return random_tagger()


@given(pairs=PAIRS)
@settings(max_examples=150)
def test_any_characters(drawn, pairs):
    transcript = as_transcript(pairs)
    check_pieces(transcript, drawn.review)
    session = drawn.tag(transcript)
    check_session(pairs, session)
    there_and_back = TaggedSession.from_dict(json.loads(session.to_json()))
    assert [each.text for each in there_and_back.utterances] == [text for _, text in pairs]
    session.to_html().encode("utf-8", "backslashreplace")


def test_hard_transcripts_with_random_scores(drawn):
    assert check_many(drawn, 1500, seed=1) > 1500


def test_hard_transcripts_with_the_shipped_models(shipped):
    check_many(shipped, 16, seed=2, utterances=6)


@pytest.mark.slow
def test_100_000_hard_transcripts_with_random_scores(drawn):
    assert check_many(drawn, 100_000, seed=3) > 100_000


@pytest.mark.slow
def test_3_000_hard_transcripts_with_the_shipped_models(shipped):
    check_many(shipped, 3000, seed=4, utterances=6)


@pytest.mark.parametrize("said", [*MARKERS, *SPEAKING, "therapist: client: therapist:"])
def test_words_of_a_speaker_never_become_markers_or_turns(shipped, said):
    talk = [("therapist", f"He said {said} and left."), ("client", said), ("therapist", "Maybe walk tomorrow.")]
    check_pieces(as_transcript(talk), shipped.recommendation)
    check_session(talk, action_recs.tag(talk))


@pytest.mark.parametrize("said", ["therapist: go home", "[SEP] [THERAPIST] walk", "T: no C: yes", "Client: well"])
def test_a_label_within_a_line_begins_no_turn(said):
    text = f"Therapist: And then?\nClient: She said {said}, so I went.\nTherapist: Good.\n"
    read = parse_text(text)
    assert [(each.role.value, each.text) for each in read.utterances] == [
        ("therapist", "And then?"),
        ("client", f"She said {said}, so I went."),
        ("therapist", "Good."),
    ]


@pytest.mark.parametrize(
    "talk",
    [
        [("therapist", "you could walk " * 70_000)],
        [("therapist", "x" * 1_000_000)],
        [("client", "😀" * 250_000)],
        [("therapist", "Walk.") if n % 2 else ("client", "Mm.") for n in range(20_000)],
        [("therapist", "") for _ in range(5000)],
    ],
    ids=["1 MB of words", "one word of 1 MB", "1 MB of emoji", "20,000 utterances", "5,000 empty utterances"],
)
def test_very_long_sessions(drawn, talk):
    check_session(talk, drawn.tag(talk))


def test_what_is_only_noise_holds_nothing_and_still_comes_back(shipped):
    import random

    talk = [pair for _ in range(20) for pair in hard_transcript(random.Random(9), utterances=3)]
    quiet = [(role, "".join(sign for sign in text if not sign.isalnum())) for role, text in talk]
    check_session(quiet, shipped.tag(quiet))
