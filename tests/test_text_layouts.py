"""The layouts of plain text."""

import pytest

from action_recs import TranscriptError
from action_recs.readers.text import read_lines


def said(text):
    return [(each.speaker, each.start, each.end, each.text) for each in read_lines(text).segments]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("T1: a\nC1: b\nT2: c\nC2: d", ["T a", "C b", "T c", "C d"], id="numbered turns"),
        pytest.param("Speaker 1: a\nSpeaker 2: b", ["Speaker 1 a", "Speaker 2 b"], id="numbered speakers"),
        pytest.param("T1: a\nT2: b\nC1: c\nT1: d", ["T1 a", "T2 b", "C1 c", "T1 d"], id="two therapists"),
        pytest.param("1. T: a\n2. C: b\n3. T: c", ["T a", "C b", "T c"], id="numbers before turns"),
        pytest.param("1 T: a\n2   a2\n3 C: b\n4", ["T a a2", "C b"], id="numbered lines"),
        pytest.param("001\tT: a\n002\ta2\n003\tC: 2 b", ["T a a2", "C 2 b"], id="numbered lines with zeros"),
        pytest.param("T: a\n2 b\n3 c\nC: d", ["T a 2 b 3 c", "C d"], id="numbers that are speech"),
        pytest.param("1: a\n2: b\n1: c", ["1 a", "2 b", "1 c"], id="speakers called by numbers"),
        pytest.param("**T:** a\n**C**: b\n__T__: c", ["T a", "C b", "T c"], id="bold labels"),
        pytest.param("T\ta - a\nC\tb: b\n", ["T a - a", "C b: b"], id="tabs"),
        pytest.param("Therapist - a\nClient \u2013 b", ["Therapist a", "Client b"], id="dashes"),
        pytest.param("Session 4\nDate: 3/4/2025\nTranscribed by: J\n\nT: a\nC: b", ["T a", "C b"], id="a title"),
        pytest.param("Counselling session 4 with Ann\n\nT: a\nSession 5", ["T a Session 5"], id="a title and speech"),
        pytest.param("T: a\n**Really** good: b\nC: c", ["T a **Really** good: b", "C c"], id="bold speech"),
    ],
)
def test_labels(text, expected):
    assert [f"{speaker} {words}" for speaker, _, _, words in said(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[00:01] T: a\n[01:02:03.5] C: b", [("T", 1, None, "a"), ("C", 3723.5, None, "b")]),
        ("[00:01]T: a\n(0:02) C: b", [("T", 1, None, "a"), ("C", 2, None, "b")]),
        ("00:01 T: a\n00:02 - C: b", [("T", 1, None, "a"), ("C", 2, None, "b")]),
        ("T [00:01]: a\nC (0:02): b", [("T", 1, None, "a"), ("C", 2, None, "b")]),
        ("T: [00:01] a\nC: (00:02) b", [("T", 1, None, "a"), ("C", 2, None, "b")]),
        ("Speaker 1 (00:01):\na\n\nSpeaker 2 (00:02):\nb", [("Speaker 1", 1, None, "a"), ("Speaker 2", 2, None, "b")]),
        ("[00:01]\nT: a\n[00:02]\nC: b\n[00:03]\nb2", [("T", 1, None, "a"), ("C", 2, None, "b b2")]),
        ("[00:00:01.000 --> 00:00:02.500] T: a\n[0:03 - 0:04] C: b", [("T", 1, 2.5, "a"), ("C", 3, 4, "b")]),
        ("00:00:01 --> 00:00:02\nT: a\n00:00:03 --> 00:00:04\nC: b", [("T", 1, 2, "a"), ("C", 3, 4, "b")]),
        ("1. [00:01] T: a\n2. [00:02] C: b", [("T", 1, None, "a"), ("C", 2, None, "b")]),
        ("0:01\nT: a\n\n0:02\nC: b", [("T", 1, None, "a"), ("C", 2, None, "b")]),
        ("00:00:01\nT: a\n00:00:02\nC: b", [("T", 1, None, "a"), ("C", 2, None, "b")]),
        ("Speaker 1 (00:01)\na\n\nDr. Lee [0:02]\nb", [("Speaker 1", 1, None, "a"), ("Dr. Lee", 2, None, "b")]),
        ("Ann 00:00:01\na\nin 00:05\n\nLee 0:00:07\nb", [("Ann", 1, None, "a in 00:05"), ("Lee", 7, None, "b")]),
        ("T: at 10:30\n10:45 is late\nC: b", [("T", None, None, "at 10:30 10:45 is late"), ("C", None, None, "b")]),
    ],
)
def test_times(text, expected):
    assert said(text) == expected


OTTER = [("Speaker 1", 0, None, "a a2"), ("Dr. Lee", 4, None, "b"), (None, 60, None, "c")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Speaker 1  0:00  \na\na2\n\nDr. Lee  0:04  \nb\n\n1:00  \nc\n\nTranscribed by https://otter.ai\n", OTTER),
        (
            "A title\nTue, 3/10 11:41AM • 42:16\n\nSUMMARY KEYWORDS\nfood\n\nSPEAKERS\nDr. Lee\n\n"
            "Speaker 1  0:00\na\n\nSpeaker 1  0:03\na2\n\nDr. Lee  0:04\nb\n\n1:00\nc\n",
            OTTER,
        ),
        ("Ann\t0:00\nNote: a\nDr. Lee\t0:04\nb", [("Ann", 0, None, "Note: a"), ("Dr. Lee", 4, None, "b")]),
        (
            "[Ann Lee] 14:03:21\r\na\r\n\r\n[Ann Lee] 14:03:23\r\na2\r\n\r\n[B] 14:03:25\r\nb\r\n",
            [("Ann Lee", 0, None, "a a2"), ("B", 4, None, "b")],
        ),
    ],
)
def test_speakers_and_times_on_lines_of_their_own(text, expected):
    assert said(text) == expected


def test_what_is_known_of_the_session_can_stand_above():
    found = read_lines("Date: 2024-03-01\nSession ID: 12\nclient id: A7\nT: a\nC: b")
    assert (found.date, found.session_id, found.client_id, found.therapist_id) == ("2024-03-01", "12", "A7", None)
    assert [each.place for each in found.segments] == ["line 4", "line 5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty; "),
        ("Date: 2024-03-01\n", "empty; "),
        ("\n\nso it goes\nT: a", "line 3: no speaker label; "),
        ("0:00\nRosebud\n0:05\nb", "line 1: times but no speakers; "),
    ],
)
def test_what_is_no_transcript(text, message):
    with pytest.raises(TranscriptError, match=message) as caught:
        read_lines(text)
    assert "Rosebud" not in str(caught.value)
