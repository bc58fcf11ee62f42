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


def what_became_of(recommended, *turns):
    """What is said of one recommendation, reviewed in the whole of the second session."""
    before = talk(recommended, "Okay.", recommended=[(0, recommended.rstrip("?."))], session_id="s1")
    after = talk(*turns, reviews=[(0, len(turns) - 1)], session_id="s2")
    return follow_up([before, after]).items[0]


SWIMMING = "You could go swimming on Tuesday evening."
DIARY = "I'd like you to write a sleep diary every morning."


@pytest.mark.parametrize(
    ("expected", "recommended", "turns"),
    [
        ("done", SWIMMING, ["Did you go swimming?", "Yes, I went on Tuesday."]),
        ("done", DIARY, ["Did you write the diary?", "Yes, I did it every morning. Here it is."]),
        ("done", SWIMMING, ["how was the swimming", "good yeah i went and it was great"]),
        ("partial", DIARY, ["How did the sleep diary go?", "I did it for a few days, and then I stopped."]),
        ("partial", DIARY, ["Did you write the diary?", "Most days. I missed two mornings."]),
        pytest.param(
            "partial",
            SWIMMING,
            ["Did you go swimming?", "I went once, but I only stayed for five minutes."],
            marks=pytest.mark.xfail(strict=False, reason="taken for done"),
        ),
        ("not_done", SWIMMING, ["Did you go swimming?", "No, I didn't."]),
        ("not_done", DIARY, ["And the sleep diary?", "I forgot all about it, sorry."]),
        ("not_done", SWIMMING, ["Did you get to the pool?", "Not yet. I haven't got round to it."]),
        ("not_done", DIARY, ["did you do the diary", "um no i didn't get to it"]),
        (
            "unclear",
            SWIMMING,
            ["What about the swimming?", "My sister has a new car. You should see it, it's red.", "Is it?"],
        ),
    ],
)
def test_plain_answers(expected, recommended, turns):
    assert what_became_of(recommended, *turns).adherence is Adherence(expected)


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("practice_skill", "I'd like you to practise the slow breathing for ten minutes each day"),
        ("take_action", "Maybe you could call your brother one evening"),
        ("monitor", "Write down your mood three times a day in the diary"),
        ("learn", "You could read the booklet about panic"),
        ("treatment", "Take the tablet every morning with breakfast"),
        ("reduce_stop", "Try to stop drinking coffee after lunch"),
    ],
)
def test_plain_recommendations_have_their_category(expected, words):
    session = talk(f"{words}.", "Okay.", recommended=[(0, words)], session_id="s1")
    assert follow_up([session]).items[0].category is Category(expected)


def items_of(*texts):
    turns = [each for text in texts for each in (f"{text}.", "Okay.")]
    session = talk(*turns, recommended=[(2 * at, text) for at, text in enumerate(texts)], session_id="s1")
    return [1 + len(item.restatements) for item in follow_up([session]).items]


def test_a_summary_at_the_end_is_merged_with_what_it_repeats():
    assert items_of(
        "Maybe you could call your brother one evening",
        "I'd like you to keep a sleep diary every morning",
        "So you will call your brother one evening",
    ) == [2, 1]
    assert items_of("Write down your mood each night", "So again, write your mood down each night") == [2]


def test_two_tasks_of_one_kind_are_not_merged():
    assert items_of("Take the blue tablet in the morning", "Go to the swimming class on Friday") == [1, 1]
    assert items_of("You could call your brother", "You could write to the bank about the loan") == [1, 1]


def test_what_was_floated_and_is_stated_back_as_the_plan_is_one_item():
    session = talk(
        "You could maybe ask your brother to hold on to the car keys.",
        "He's home on Friday. He always grills on a Friday.",
        "Okay, so Friday, while he's grilling, you hand him the keys and ask him to hold on to them.",
        "Okay.",
        "And another thing, I'd like you to write down each drink on the card.",
        "Fine.",
        recommended=[
            (0, "You could maybe ask your brother to hold on to the car keys"),
            (2, "Friday, while he's grilling, you hand him the keys and ask him to hold on to them"),
            (4, "I'd like you to write down each drink on the card"),
        ],
        session_id="s1",
    )
    assert [1 + len(item.restatements) for item in follow_up([session]).items] == [2, 1]


def linked(review, *before):
    """Which recommendations of the session before a review looks back to; each with the turns that lead to it."""
    lines, recommended = [], []
    for lead, answer, words in before:
        lines += [lead, answer, f"{words}.", "Okay."]
        recommended.append((len(lines) - 2, words))
    first = talk(*lines, recommended=recommended, session_id="s1")
    second = talk(*review, reviews=[(0, len(review) - 1)], session_id="s2")
    return follow_up([first, second]).reviews[0].targets


LEAFLET = ("Have you seen the leaflet about the pottery class?", "The one on Tuesdays.", "You might look in some time")
PHONE = ("How late are you on the phone?", "Two in the morning.", "I'd like you to leave it in the kitchen at night")
SUGAR = ("And your tea?", "Three sugars.", "You could cut that down to one")


@pytest.mark.parametrize(
    ("review", "targets"),
    [
        (["Did you get to the pottery class?", "I went on Tuesday. We made a bowl."], (0,)),
        (["Where did the phone spend the night?", "On the kitchen table, every night."], (1,)),
    ],
)
def test_a_review_that_names_what_was_said_around_the_recommendation_is_linked_to_it(review, targets):
    assert linked(review, LEAFLET, PHONE, SUGAR) == targets


def test_a_review_that_names_the_task_in_other_words_is_linked_to_it():
    jogging = ("You said you sit all day.", "I do.", "Go for a run before work on two mornings")
    letter = ("And your father?", "We don't speak.", "You could write to him, a page or so")
    assert linked(["Have you been out jogging?", "Once, on Monday."], jogging, letter) == (0,)
