"""The tagger with tiny random models: one utterance out for each one in, whatever they are."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import action_recs
from action_recs import Label, Role, TaggedSession, Tagger, Transcript, TranscriptError

PLAIN = Path(__file__).parent / "fixtures" / "transcripts" / "plain.txt"
TALK = [
    ("therapist", "How did it go this week?"),
    ("client", "Okay."),
    ("therapist", "Maybe you could walk again, that was good for you. Call her!"),
    ("client", "I went in. Twice."),
    ("other", "Good."),
]


def check(pairs, session):
    """What holds for every tagged session."""
    assert [(each.role.value, each.text) for each in session.utterances] == list(pairs)
    assert [each.index for each in session.utterances] == list(range(len(pairs)))
    for span in session.recommendations:
        assert session.utterances[span.utterance].text[span.start : span.end] == span.text != ""
        assert session.utterances[span.utterance].role is Role.THERAPIST
    places = [(span.utterance, span.start, span.end) for span in session.recommendations]
    assert places == sorted(places)
    assert all(one[0] < other[0] or one[2] <= other[1] for one, other in itertools.pairwise(places))
    runs = [(run.first, run.last) for run in session.reviews]
    assert all(one[1] < other[0] for one, other in itertools.pairwise(runs))
    recommending = {span.utterance for span in session.recommendations}
    reviewing = {index for first, last in runs for index in range(first, last + 1)}
    for each in session.utterances:
        assert (Label.RECOMMENDATION in each.labels) == (each.index in recommending)
        assert (Label.REVIEW in each.labels) == (each.index in reviewing)
        assert set(each.scores) == set(Label)
        assert all(0 <= score <= 1 for score in each.scores.values())
        assert each.role is Role.THERAPIST or each.scores[Label.RECOMMENDATION] == 0


def roughly(session):
    """A session with its scores rounded: batches differ in the last digits."""
    record = session.to_dict()
    for each in [*record["utterances"], *record["recommendations"], *record["reviews"]]:
        each.pop("scores", None), each.pop("score", None)
    return record, [[round(score, 2) for score in each.scores.values()] for each in session.utterances]


@pytest.mark.parametrize(
    "pairs",
    [
        [("therapist", "")],
        [("client", "x")],
        [("therapist", "."), ("client", " \n\t ")],
        [("therapist", "walk " * 5000)],
        [("client", "walk " * 5000), ("therapist", "cook! " * 300)],
        [("therapist", "x" * 3000)],
        [("therapist", "🙂 好 é \u200b \u2028 \x00 [SEP] [CLIENT] [THERAPIST]"), ("client", "<rec>")],
        TALK,
        TALK * 600,
    ],
    ids=["empty", "one character", "blanks", "5000 words", "long both", "one word", "odd", "talk", "3000 utterances"],
)
def test_utterances_come_back_one_to_one(tagger, pairs):
    check(pairs, action_recs.tag(pairs, tagger=tagger))


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["therapist", "client", "other"]),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=80) | st.sampled_from([t for _, t in TALK]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_text_comes_back_unchanged(tagger, pairs):
    check(pairs, action_recs.tag(pairs, tagger=tagger))


def test_half_of_a_character_is_text_too(tagger):
    pairs = [("client", "a\ud83d b"), ("therapist", "walk")]
    assert [each.text for each in action_recs.tag(pairs, tagger=tagger).utterances] == [text for _, text in pairs]


@pytest.mark.parametrize("source", [PLAIN, str(PLAIN), PLAIN.read_text(encoding="utf-8")])
def test_a_path_and_a_text_are_tagged(tagger, source):
    session = action_recs.tag(source, tagger=tagger)
    assert [(each.role.value, each.speaker, each.text) for each in session.utterances] == [
        ("therapist", "Therapist", "How did the walk go?"),
        ("client", "Client", "I went. Twice, in fact. And then it rained."),
        ("therapist", "Therapist", "Good."),
    ]


def test_what_is_known_of_the_session_is_handed_on(tagger):
    known = {
        "session_id": "s1",
        "client_id": "c1",
        "therapist_id": "t1",
        "organisation_id": "o1",
        "date": "2024-02-29",
    }
    utterance = action_recs.Utterance(Role.CLIENT, "walk", speaker="Ann", start=0.5, end=2.0)
    session = action_recs.tag(Transcript((utterance,), **known), tagger=tagger)
    assert {name: getattr(session, name) for name in known} == known
    (tagged,) = session.utterances
    assert (tagged.speaker, tagged.start, tagged.end) == ("Ann", 0.5, 2.0)


def test_roles_reach_the_reader(tagger):
    session = action_recs.tag(
        "Dr. Lee: Hello.\nAnn: Hi.", roles={"Dr. Lee": "therapist", "Ann": "client"}, tagger=tagger
    )
    assert [each.role for each in session.utterances] == [Role.THERAPIST, Role.CLIENT]


def sources():
    return [TALK * size for size in (1, 4, 2, 7)] + [[("client", "")]] + [TALK[:size] for size in range(1, 5)] * 4


def test_many_sessions_come_in_order_as_each_alone(tagger):
    together = list(action_recs.tag_many(iter(sources()), tagger=tagger))
    assert all(isinstance(session, TaggedSession) for session in together)
    assert [roughly(session) for session in together] == [
        roughly(action_recs.tag(source, tagger=tagger)) for source in sources()
    ]


@pytest.mark.parametrize("batch_tokens", [1, 100, 100_000])
def test_the_size_of_batches_changes_nothing(tagger, batch_tokens):
    transcripts = [Transcript.from_pairs(source) for source in sources()]
    expected = [roughly(tagger.tag(transcript)) for transcript in transcripts]
    assert [roughly(each) for each in tagger.tag_many(transcripts, batch_tokens=batch_tokens)] == expected


def test_many_sessions_are_a_stream(tagger):
    stream = action_recs.tag_many((TALK for _ in itertools.count()), tagger=tagger)
    for session in itertools.islice(stream, 3):
        check(TALK, session)


def test_a_transcript_without_utterances_gives_a_session_without(tagger):
    assert action_recs.tag(Transcript(()), tagger=tagger) == TaggedSession((), (), ())


def test_no_sessions_give_no_sessions(tagger):
    assert list(action_recs.tag_many([], tagger=tagger)) == []


def test_a_tagger_takes_paths_and_pairs_too(tagger):
    (path, pairs) = tagger.tag_many([PLAIN, TALK])
    assert (len(path), len(pairs)) == (3, 5)


def test_bad_input_among_many_is_named_and_what_came_before_it_is_tagged(tagger):
    stream = action_recs.tag_many([TALK, [("client", "a")], [("boss", "Rosebud")], TALK], tagger=tagger)
    assert [len(next(stream)), len(next(stream))] == [5, 1]
    with pytest.raises(TranscriptError, match="session 2: utterance 0: unknown role") as caught:
        next(stream)
    assert "Rosebud" not in str(caught.value)


def test_progress_is_shown_on_standard_error_only_when_asked_for(tagger, capsys):
    list(action_recs.tag_many([TALK], tagger=tagger))
    assert capsys.readouterr() == ("", "")
    list(action_recs.tag_many([TALK], tagger=tagger, progress=True))
    shown = capsys.readouterr()
    assert (shown.out, "1/1" in shown.err) == ("", True)


def test_saved_and_loaded_it_tags_alike(tagger, tmp_path):
    tagger.save_pretrained(tmp_path / "saved")
    again = Tagger.from_pretrained(tmp_path / "saved")
    parts = Tagger.from_pretrained(
        recommendation=tmp_path / "saved" / "recommendation", review=str(tmp_path / "saved" / "review"), device="cpu"
    )
    expected = action_recs.tag(TALK, tagger=tagger)
    assert [action_recs.tag(TALK, tagger=each) for each in (again, parts)] == [expected, expected]


def test_it_prints_its_models(models):
    exact = Tagger.from_pretrained(models, precision="fp32")
    assert repr(exact) == "Tagger(Scorer(recommendation, bert, fp32), Scorer(review, bert, fp32))"
    assert repr(exact.recommendation) == "Checkpoint(recommendation, bert)"


def test_random_models_find_something_so_that_these_tests_mean_something(tagger):
    session = action_recs.tag(TALK * 20, tagger=tagger)
    assert 0 < len({span.utterance for span in session.recommendations}) <= 60
    assert 0 < session.review_percentage <= 100
    assert len({score for each in session.utterances for score in each.scores.values()}) >= 10
    assert np.isfinite([score for each in session.utterances for score in each.scores.values()]).all()
