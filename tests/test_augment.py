"""The same session as another transcriber would have written it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_recs import Form, Role, Transcript
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.markup import read_markup
from action_recs.training.augment import as_recognised, varied, with_wrong_speakers


def session(text, *places):
    spans = tuple(AnnotatedRecommendation(0, start, end, text[start:end], Form.CASUAL) for start, end in places)
    return AnnotatedSession("s", Transcript.from_pairs([("therapist", text)]), spans)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("", ""),
        ("Walk, daily", "walk daily"),
        ("Walk, daily.", "walk daily"),
        ("So... I'd well- walk", "so i'd well walk"),
        ("Well-being: 10 [NAME]!", "well-being 10 [name]"),
        ("Äpfel – İzmir", "äpfel izmir"),
    ],
)
def test_a_recogniser_writes_lower_case_without_punctuation(text, bare):
    assert as_recognised(session(text)).transcript.utterances[0].text == bare


def words(text):
    return "".join(each.lower()[:1] for each in text if each.isalnum())


@given(st.text(max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_spans_still_hold_the_same_words(text, cuts):
    cuts = sorted({min(cut, len(text)) for cut in cuts})
    marked = session(text, *zip(cuts[::2], cuts[1::2], strict=False))
    bare = as_recognised(marked)
    kept = [words(span.text) for span in bare.recommendations]
    assert [each for each in kept if each] == [words(span.text) for span in marked.recommendations if words(span.text)]
    assert all(span.text.strip() == span.text for span in bare.recommendations)
    assert words(bare.transcript.utterances[0].text) == words(text)


def test_everything_else_is_kept(annotations):
    for before in read_markup(annotations / "corpus" / "c001.txt"):
        after = as_recognised(before)
        assert (after.id, after.group, after.metadata, after.reviews) == (
            before.id,
            before.group,
            before.metadata,
            before.reviews,
        )
        assert [each.role for each in after.transcript.utterances] == [
            each.role for each in before.transcript.utterances
        ]
        assert [(each.id, each.form, each.utterance) for each in after.recommendations] == [
            (each.id, each.form, each.utterance) for each in before.recommendations
        ]


MIXED = AnnotatedSession(
    "s",
    Transcript.from_pairs([("therapist", "Walk."), ("client", "Okay."), ("therapist", "Good."), ("other", "Hm.")]),
    (AnnotatedRecommendation(0, 0, 4, "Walk", Form.CASUAL),),
    (AnnotatedReview(1, 2),),
)
T, C, X = Role.THERAPIST, Role.CLIENT, Role.OTHER


@pytest.mark.parametrize(("share", "roles"), [(0.0, [T, C, T, X]), (1.0, [T, T, C, X])])
def test_a_diariser_swaps_speakers_but_not_where_a_recommendation_is(share, roles):
    swapped = with_wrong_speakers(MIXED, share=share, draw=random.Random(0))
    assert [each.role for each in swapped.transcript.utterances] == roles
    assert [each.text for each in swapped.transcript.utterances] == ["Walk.", "Okay.", "Good.", "Hm."]
    assert (swapped.recommendations, swapped.reviews) == (MIXED.recommendations, MIXED.reviews)


def test_variants_are_drawn_with_their_probability_and_by_the_seed():
    assert varied(MIXED, random.Random(0), recognised=0, wrong_speakers=0) == MIXED
    assert varied(MIXED, random.Random(0), recognised=1, wrong_speakers=0) == as_recognised(MIXED)
    drawn = [varied(MIXED, random.Random(seed), recognised=0.5, wrong_speakers=0.5) for seed in range(20)]
    assert drawn == [varied(MIXED, random.Random(seed), recognised=0.5, wrong_speakers=0.5) for seed in range(20)]
    assert 0 < drawn.count(MIXED) < 20
