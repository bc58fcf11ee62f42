"""Times that can be right, and pieces merged into turns."""

import math

import pytest

from action_recs import TranscriptError
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.turns import check_times, interleave, merge_turns


def segments(*described):
    return tuple(
        Segment(text, speaker, start, end, f"cue {number}")
        for number, (speaker, start, end, text) in enumerate(described, start=1)
    )


def described(found):
    return [(each.speaker, each.start, each.end, each.text) for each in found]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([("A", 0, 1, "a"), ("A", 1, 2, " b "), ("B", 2, 3, "c")], [("A", 0, 2, "a b"), ("B", 2, 3, "c")]),
        ([("A", 0, 1, "a"), ("A", 3.9, 5, "b"), ("A", 8, 9, "c")], [("A", 0, 5, "a b"), ("A", 8, 9, "c")]),
        ([("A", 0, 9, "a"), ("A", 1, 2, "b")], [("A", 0, 9, "a b")]),
        ([("A", None, None, "a"), ("A", None, None, "b")], [("A", None, None, "a b")]),
        ([("A", 0, None, "a"), ("A", 2, None, "b"), ("A", 5, None, "c")], [("A", 0, None, "a b"), ("A", 5, None, "c")]),
        (
            [(None, 0, 1, "a"), (None, 1, 2, "b"), ("A", 2, 3, "c")],
            [(None, 0, 1, "a"), (None, 1, 2, "b"), ("A", 2, 3, "c")],
        ),
        ([("A", 0, 1, "a"), ("B", 1, 2, " "), ("A", 2, 3, "b")], [("A", 0, 3, "a b")]),
        ([], []),
    ],
)
def test_pieces_become_turns(pieces, expected):
    assert described(merge_turns(segments(*pieces))) == expected


def test_a_backchannel_on_another_channel_does_not_tear_a_turn_apart():
    client = segments(("C", 0, 1, "I"), ("C", 1.1, 2, "went"), ("C", 2.1, 3, "home."), ("C", 5, 6, "Yes."))
    therapist = segments(("T", 1.5, 1.8, "Mhm."), ("T", 3.2, 4.5, "Alone?"))
    assert described(merge_turns(interleave([client, therapist]))) == [
        ("C", 0, 3, "I went home."),
        ("T", 1.5, 4.5, "Mhm. Alone?"),
        ("C", 5, 6, "Yes."),
    ]


@pytest.mark.parametrize(
    "right",
    [
        [("A", None, None, ""), ("B", 3, None, "")],
        [("A", 0, 60, ""), ("B", 10, 11, ""), ("B", 12, 13, ""), ("A", 60, 61, "")],
        [("A", 5, 6, ""), ("B", 4.5, 6, ""), ("A", 5.5, 7, "")],
        [("A", 7200, 7201, ""), ("B", 10800, 10801, "")],
        [(None, 0, 9, ""), (None, 1, 2, "")],
    ],
)
def test_times_of_one_conversation(right):
    assert check_times(Conversation(segments(*right))).segments == segments(*right)


@pytest.mark.parametrize(
    ("wrong", "place", "reason"),
    [
        ([("A", -1, 1, "")], "cue 1", "negative time"),
        ([("A", 0, -1, "")], "cue 1", "negative time"),
        ([("A", math.nan, 1, "")], "cue 1", "no number"),
        ([("A", 0, math.inf, "")], "cue 1", "no number"),
        ([("A", 3, 2, "")], "cue 1", "ends before it starts"),
        ([("A", 9, 10, ""), ("B", 3, 4, ""), ("A", 11, 12, "")], "cue 2", "out of order"),
        ([("A", 0, 9, ""), ("A", 3, 10, ""), ("B", 10, 11, "")], "cue 2", "overlaps with what the same speaker"),
        ([("A", 0, 1, ""), ("B", 3602, 3603, ""), ("A", 2, 3, "")], "cue 2", "hour of silence"),
    ],
)
def test_times_that_cannot_be_right(wrong, place, reason):
    conversation = Conversation(segments(*wrong), skipped=("line 1: broken",))
    with pytest.raises(TranscriptError, match=f"^{place}: .*{reason}.*on_error='skip'"):
        check_times(conversation)
    checked = check_times(conversation, skip=True)
    assert [each.place for each in checked.segments] == [
        each.place for each in conversation.segments if each.place != place
    ]
    assert (len(checked.skipped), checked.skipped[0]) == (2, "line 1: broken")
    assert checked.skipped[1].startswith(f"{place}: ")
