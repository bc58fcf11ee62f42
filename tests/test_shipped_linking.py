"""What the linking model that comes with the package says of plain talk."""

import pytest
from talked import talk

from action_recs.linking import Adherence, Category, follow_up

FIRST = talk(
    "Maybe you could go back to baking bread one evening this week, that was good for you.",
    "I might.",
    "And I'd like you to ring the pharmacist about the side effects of your tablets before Friday.",
    "Okay.",
    recommended=[
        (0, "Maybe you could go back to baking bread one evening this week"),
        (2, "I'd like you to ring the pharmacist about the side effects of your tablets before Friday"),
    ],
    session_id="s1",
)
SECOND = talk(
    "Last time we talked about baking. Did you bake any bread?",
    "Yes, I did, I baked two loaves on Sunday and it was lovely.",
    "Well done.",
    "Thank you.",
    reviews=[(0, 1)],
    session_id="s2",
)


@pytest.fixture(scope="module")
def thread():
    return follow_up([FIRST, SECOND])


def test_the_review_is_linked_to_the_baking_and_the_tablets_were_never_reviewed(thread):
    assert [[(link.session, link.review) for link in item.reviews] for item in thread.items] == [[(1, 0)], []]
    assert [item.recommendation for item in thread.items] == list(FIRST.recommendations)


def test_it_was_done_and_the_clients_words_show_it(thread):
    baking, tablets = thread.items
    assert (baking.adherence, tablets.adherence) == (Adherence.DONE, None)
    assert baking.evidence.utterance == 1


def test_phrases_times_and_categories(thread):
    assert [item.phrase for item in thread.items] == [
        "go back to baking bread one evening this week",
        "ring the pharmacist about the side effects of your tablets before Friday",
    ]
    assert [item.when for item in thread.items] == [("one evening this week",), ("before Friday",)]
    assert [item.category for item in thread.items] == [Category.TAKE_ACTION, Category.TREATMENT]


def test_the_same_input_gives_the_same_thread(thread):
    assert follow_up([FIRST, SECOND]) == thread
