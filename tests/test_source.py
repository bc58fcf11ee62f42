"""What ``tag`` takes."""

from pathlib import Path

import pytest

from action_recs import Role, Transcript, TranscriptError, Utterance
from action_recs.readers import read_source

PLAIN = Path(__file__).parent / "fixtures" / "transcripts" / "plain.txt"
PAIRS = [("therapist", "a"), ("client", "b")]
TRANSCRIPT = Transcript.from_pairs(PAIRS)
SECRET = "Rosebud told nobody"


@pytest.mark.parametrize("source", [TRANSCRIPT, PAIRS, tuple(PAIRS), iter(PAIRS), [list(pair) for pair in PAIRS]])
def test_a_transcript_or_pairs(source):
    assert read_source(source) == TRANSCRIPT


@pytest.mark.parametrize("source", ["T: a\nC: b", "\n  T: a\n  C: b\n", "\ufeffT: a\r\nC: b"])
def test_a_text(source):
    assert read_source(source) == Transcript(
        (Utterance(Role.THERAPIST, "a", speaker="T"), Utterance(Role.CLIENT, "b", speaker="C"))
    )


def test_a_path_as_path_or_string():
    assert read_source(PLAIN) == read_source(str(PLAIN))
    assert (len(read_source(PLAIN)), read_source(PLAIN).session_id) == (3, "plain")


def test_roles_reach_texts_and_pairs():
    roles = {"Lee": "therapist"}
    assert read_source("Lee: a\nC: b", roles=roles).utterances[0].role is Role.THERAPIST
    assert read_source([("Lee", "a")], roles=roles).utterances[0].role is Role.THERAPIST


@pytest.mark.parametrize(
    "source",
    [
        SECRET,
        SECRET * 1000,
        SECRET + "\nand more",
        SECRET + "\0",
        "",
        "  \n ",
        "T: " + SECRET,
        SECRET.encode(),
        {"client": SECRET},
        None,
        3,
        [SECRET],
        [],
        str(PLAIN.parent),
        Path("absent.txt"),
    ],
)
def test_anything_else_is_refused_without_repeating_it(source):
    with pytest.raises(TranscriptError) as caught:
        read_source(source)
    assert "Rosebud" not in str(caught.value) + repr(caught.value)
