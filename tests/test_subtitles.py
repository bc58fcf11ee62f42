"""Cues and who speaks in them."""

import pytest

from action_recs.readers.content import text_content
from action_recs.readers.formats import Options
from action_recs.readers.registry import detect


def said(*cues, begin="WEBVTT\n\n", skip=False):
    blocks = [f"00:{number:02d}.000 --> 00:{number:02d}.900\n{cue}\n\n" for number, cue in enumerate(cues)]
    content = text_content(begin + "".join(blocks))
    (found,) = detect(content).read(content, Options(skip=skip))
    return [(each.place, each.speaker, each.text) for each in found.segments]


@pytest.mark.parametrize(
    ("cues", "expected"),
    [
        (["<v Ann>a &amp; b</v>", "<v.loud Dr. Lee>c"], [("cue 1", "Ann", "a & b"), ("cue 2", "Dr. Lee", "c")]),
        (["<v Ann>a <v Lee>b"], [("cue 1", "Ann", "a"), ("cue 1", "Lee", "b")]),
        (["<v Ann><i>a</i>\nb", "c"], [("cue 1", "Ann", "a b"), ("cue 2", None, "c")]),
        (["T: a\nC: b"], [("cue 1", "T", "a"), ("cue 1", "C", "b")]),
        (["T: a\na2", "a3", "C: b"], [("cue 1", "T", "a a2"), ("cue 2", "T", "a3"), ("cue 3", "C", "b")]),
        (["- T: a", ">> C: b"], [("cue 1", "T", "a"), ("cue 2", "C", "b")]),
        (["[SPEAKER_01]: a", "(T): b"], [("cue 1", "SPEAKER_01", "a"), ("cue 2", "T", "b")]),
        (["T: a", "I said: no", "and on", "Ann: c", "I did: so"], None),
        (["Ann: a", "Ann: b", "Bea: c"], [("cue 1", "Ann", "a"), ("cue 2", "Ann", "b"), ("cue 3", "Bea", "c")]),
        (["a", "b"], [("cue 1", None, "a"), ("cue 2", None, "b")]),
    ],
)
def test_speakers(cues, expected):
    found = said(*cues)
    if expected is None:  # what comes once is speech where most cues have no label
        assert {speaker for _, speaker, _ in found} == {"T"}
    else:
        assert found == expected


def test_blocks_that_are_no_cues_are_passed_over():
    begin = "WEBVTT - a title\nKind: captions\n\nNOTE\nT: x\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\n\n"
    assert said("T: a", begin=begin) == [("cue 1", "T", "a")]


def test_a_cue_whose_times_are_broken_is_left_out_if_that_is_wanted():
    broken = "WEBVTT\n\n00:0x.000 --> 00:01.000\nT: x\n\n"
    assert [words for _, _, words in said("T: a", begin=broken, skip=True)] == ["a"]
