"""A recommendation as a command, and its words for time."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_recs.linking.phrase import MOST_WORDS, base_verb, phrase_of
from action_recs.linking.when import time_words


@pytest.mark.parametrize(
    ("said", "phrase"),
    [
        ("Maybe you could call your brother one evening", "call your brother one evening"),
        ("call your brother", "call your brother"),
        ("I'd like you to fill in this log every evening", "fill in this log every evening"),
        ("i want you to jot down the time", "jot down the time"),
        ("have you thought about going back to cooking", "go back to cooking"),
        ("what if you just up and asked her", "up and asked her"),
        ("How about leaving the phone in the kitchen", "leave the phone in the kitchen"),
        ("It might be worth getting your thyroid checked", "get your thyroid checked"),
        ("there's nothing to stop you having her in", "have her in"),
        ("You might as well keep your ear defenders on", "keep your ear defenders on"),
        ("would you be willing to keep a diary", "keep a diary"),
        ("I wonder whether you'd ever think of going out there and having a look", "go out there and have a look"),
        ("If I was you I'd stay off that message board", "stay off that message board"),
        ("I'd switch to water", "switch to water"),
        ("So on Thursday you'll tell her first", "tell her first on Thursday"),
        ("Tonight, you're going to ring Dr. Kessler", "ring Dr. Kessler tonight"),
        ("When that text comes you don't ring him back", "don't ring him back when that text comes"),
        ("you are not calling him", "don't call him"),
        ("I wouldn't stop dead", "don't stop dead"),
        ("You need to, um, you need to ask the doctor", "ask the doctor"),
        ("have your, your notes by you", "have your notes by you"),
        ("what I'd like you to do is walk", "walk"),
        ("you take the inhaler twice a day", "take the inhaler twice a day"),
        ("go to the ER", "go to the ER"),
        ("the gum", "the gum"),
        ("…", "…"),
        ("", ""),
    ],
)
def test_the_action_in_a_few_words(said, phrase):
    assert phrase_of(said) == phrase


def test_a_long_recommendation_is_cut_where_a_part_of_it_ends():
    said = "write down where you were, what you felt, how long it lasted, who else was there, and what you did about it"
    assert phrase_of(said) == "write down where you were, what you felt, how long it lasted, who else was there …"


@given(st.text(max_size=300))
def test_any_text_has_a_phrase_of_few_words_and_no_line_break(text):
    phrase = phrase_of(text)
    assert len(phrase.split()) <= MOST_WORDS + 1
    assert phrase == " ".join(phrase.split())
    assert bool(phrase) == bool(text.split()) or not any(each.isalnum() for each in text)


@pytest.mark.parametrize(
    ("gerund", "verb"),
    [
        ("making", "make"), ("sitting", "sit"), ("telling", "tell"), ("eating", "eat"), ("leaving", "leave"),
        ("changing", "change"), ("ringing", "ring"), ("visiting", "visit"), ("using", "use"), ("trying", "try"),
        ("passing", "pass"), ("handling", "handle"), ("being", "be"), ("breathing", "breathe"), ("morning", "morning"),
    ],
)  # fmt: skip
def test_the_verb_of_an_ing_form(gerund, verb):
    assert base_verb(gerund) == verb


@pytest.mark.parametrize(
    ("said", "when"),
    [
        ("write it down every evening, and bring it on Friday", ["every evening", "on Friday"]),
        ("take it twice a day for two weeks", ["twice a day", "for two weeks"]),
        ("ring before Thursday at nine", ["before Thursday at nine"]),
        ("by Friday", ["by Friday"]),
        ("call your brother one evening", ["one evening"]),
        ("swap it from tonight", ["from tonight"]),
        ("do that first thing Monday", ["first thing Monday"]),
        ("the very first thing you said", []),
        ("ten minutes before bed", ["before bed", "ten minutes"]),
        ("give it a second try", []),
        ("look at two of them", []),
        ("talk to her", []),
    ],
)
def test_the_words_for_time_and_frequency(said, when):
    assert sorted(said[start:end] for start, end in time_words(said)) == sorted(when)


@given(st.text(max_size=200))
def test_time_words_lie_in_the_text_in_order_and_apart(text):
    places = time_words(text)
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(places))
