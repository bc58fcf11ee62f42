"""Cues and who speaks in them."""

import pytest

from action_recs import TranscriptError
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
        (
            ["[Speaker 1] a", "(SPEAKER_02) b", "[sighs] c"],
            [("cue 1", "Speaker 1", "a"), ("cue 2", "SPEAKER_02", "b"), ("cue 3", "SPEAKER_02", "[sighs] c")],
        ),
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


VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nT: a\n\n{}\nC: x\n\n00:05.000 --> 00:06.000\nC: b\n"
SRT = "1\n00:00:01,000 --> 00:00:02,000\nT: a\n\n2\n{}\nC: x\n\n3\n00:00:05,000 --> 00:00:06,000\nC: b\n"


def words(text, skip=False):
    content = text_content(text)
    (found,) = detect(content).read(content, Options(skip=skip))
    return [each.text for each in found.segments], found.skipped


@pytest.mark.parametrize(
    ("form", "times"),
    [
        (VTT, "00:00:61.000 --> 99:99.000"),
        (VTT, "00:60:03.000 --> 00:60:04.000"),
        (VTT, "00:03,000 --> 00:04,000"),
        (VTT, "00:03.000 -> 00:04.000"),
        (VTT, "3.000 --> 4.000"),
        (SRT, "00:00:61,000 --> 99:99:00,000"),
        (SRT, "00:03,000 --> 00:04,000"),
        (SRT, "00:00:03,000 \u2013> 00:00:04,000"),
        (SRT, "00:00:03,000 -> 00:00:04,000"),
        (SRT, "00:00:03 --> 00:00:04"),
    ],
)
def test_a_cue_with_impossible_times_does_not_vanish(form, times):
    with pytest.raises(TranscriptError, match=r"^line 6: a cue whose times cannot be read; .*on_error='skip'"):
        words(form.format(times))
    assert words(form.format(times), skip=True) == (
        ["a", "b"],
        ("line 6: a cue whose times cannot be read; correct them",),
    )


@pytest.mark.parametrize(
    ("form", "times"),
    [
        (VTT, "00:03.000-->00:04.000"),
        (VTT, "0:3.0 --> 0:4.0 align:start position:10%"),
        (SRT, "00:00:03,000-->00:00:04,000"),
        (SRT, "0:0:3.5 --> 0:0:4.5"),
    ],
)
def test_times_as_tools_write_them(form, times):
    assert words(form.format(times)) == (["a", "x", "b"], ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SRT.format("00:00:03,000 --> 00:00:04,000").replace("2\n00", "00"), ["a", "x", "b"]),
        ("00:00:01,000 --> 00:00:02,000\nT: a\n10\n\n00:00:03,000 --> 00:00:04,000\nC: b", ["a 10", "b"]),
        ("1\n0:0:1,0 --> 0:0:2,0\n2\n0:0:3,0 --> 0:0:4,0\nT: a\n3\n0:0:5,0 --> 0:0:6,0\nb", ["a", "b"]),
        ("\n1\n\n0:0:1,0 --> 0:0:2,0\nT: a\n\nand on\n\n2\n0:0:3,0 --> 0:0:4,0\nb", ["a and on", "b"]),
    ],
)
def test_srt_without_numbers_blank_lines_or_words(text, expected):
    assert words(text) == (expected, ())


def test_a_cue_that_the_parser_loses_is_missed(monkeypatch):
    import webvtt

    read = webvtt.from_buffer
    monkeypatch.setattr(webvtt, "from_buffer", lambda *given, **named: list(read(*given, **named))[:1])
    with pytest.raises(TranscriptError, match=r"^2 of its 3 cues cannot be read"):
        words(VTT.format("00:03.000 --> 00:04.000"))
