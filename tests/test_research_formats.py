"""Transcripts as research tools write them: ELAN, Praat, TEI, CHAT, ConvoKit, AnnoMI."""

import json
import time
from contextlib import suppress

import pytest
from told import SPOKEN, TIMES, TRANSCRIPTS, TURNS, read, times, told

from action_recs import TranscriptError
from action_recs.readers import annomi, chat, convokit, elan, tei, textgrid
from action_recs.readers.chat import spoken_words

FORMATS = (*elan.FORMATS, *tei.FORMATS, *textgrid.FORMATS, *chat.FORMATS, *convokit.FORMATS, *annomi.FORMATS)
BY_ROLE = [(turn["role"].capitalize(), turn["text"]) for turn in TURNS]
STARTS = [(start, None) for start, _ in TIMES]
WHOLE = [(int(start), None) for start, _ in TIMES]
IN_LOWER_CASE = [(role.lower(), text) for role, text in BY_ROLE]


@pytest.mark.parametrize(
    ("name", "spoken", "when"),
    [
        ("elan/session.eaf", SPOKEN, TIMES),
        ("textgrid/long.TextGrid", SPOKEN, TIMES),
        ("textgrid/short.TextGrid", SPOKEN, TIMES),
        ("tei/iso.xml", SPOKEN, TIMES),
        ("tei/plain.xml", SPOKEN, TIMES),
        ("chat/session.cha", BY_ROLE, TIMES),
        ("convokit/utterances.jsonl", SPOKEN, STARTS),
        ("annomi/full.csv", IN_LOWER_CASE, WHOLE),
        ("annomi/simple.csv", IN_LOWER_CASE, WHOLE),
    ],
)
def test_every_format_tells_the_conversation(name, spoken, when):
    (conversation,) = read(FORMATS, TRANSCRIPTS / name)
    assert told(conversation, pieces=True) == spoken
    assert times(conversation, pieces=True) == when


@pytest.mark.parametrize("name", ["tei/iso.xml", "chat/session.cha"])
def test_the_date_is_kept(name):
    (conversation,) = read(FORMATS, TRANSCRIPTS / name)
    assert conversation.date == "2024-01-12"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("how are you ?", "how are you?"),
        ("well , yes .", "well, yes."),
        ("<I wan(t)> [//] I didn't go [= home] .", "I want I didn't go."),
        ("&-uh &uh &+fr friends &~ba &=laughs &*CLI:mhm .", "uh uh fr friends ba."),
        ("so (.) then (2.5) what (1:03.) now ?", "so then what now?"),
        ("I was +...", "I was..."),
        ("I was +/.", "I was—"),
        ("what +/?", "what—?"),
        ('she said +"/.', "she said."),
        ('+" come here .', "come here."),
        ("+, and ++ so +< yes .", "and so yes."),
        ("gonna [: going to] be@l ja@s:deu [*] [+ bch] .", "gonna be ja."),
        ("0is he 0det there ?", "he there?"),
        ("no:: Dr_Lee ice+cream ↑ xxx [?] !", "no Dr Lee ice cream xxx!"),
        ("mum ‡ come .", "mum, come."),
        ('so ? \x15%snd:"s.wav"_10_20\x15', "so?"),
        ("“ yes ” .", "“yes”."),
        ("xxx .", "xxx."),
        ("0 .", ""),
        ("", ""),
    ],
)
def test_chat_codes(line, words):
    assert spoken_words(line) == words


def cha(*lines, participants="PAR Participant, INV Investigator"):
    return "\n".join(["@UTF8", "@Begin", f"@Participants:\t{participants}", *lines, "@End", ""])


@pytest.mark.parametrize(
    ("participants", "speakers"),
    [
        ("PAR Participant, INV Investigator", ["PAR", "INV"]),
        ("PAR Client, INV Therapist", ["Client", "Therapist"]),
        ("PAR Ann Client, INV Ben Client", ["Client 1", "Client 2"]),
        ("", ["PAR", "INV"]),
    ],
)
def test_chat_speakers(tmp_path, participants, speakers):
    path = write(tmp_path / "s.cha", cha("*PAR:\ta .", "*INV:\tb .", participants=participants))
    (conversation,) = read(FORMATS, path)
    assert [speaker for speaker, _ in told(conversation)] == speakers


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def eaf(*tiers, slots="<TIME_SLOT TIME_SLOT_ID='t1' TIME_VALUE='0'/><TIME_SLOT TIME_SLOT_ID='t2' TIME_VALUE='900'/>"):
    return f"<ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER>{''.join(tiers)}</ANNOTATION_DOCUMENT>"


def tier(name, *texts, who=None, kind="a", slots=("t1", "t2")):
    one = "<ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1='{}' TIME_SLOT_REF2='{}'><ANNOTATION_VALUE>{}"
    one += "</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
    participant = f"PARTICIPANT='{who}'" if who else ""
    inside = "".join(one.format(*slots, text) for text in texts)
    return f"<TIER TIER_ID='{name}' LINGUISTIC_TYPE_REF='{kind}' {participant}>{inside}</TIER>"


LONG = "a longer text"


@pytest.mark.parametrize(
    ("tiers", "expected"),
    [
        ([tier("A", "x"), tier("B", "y")], [("A", "x"), ("B", "y")]),
        ([tier("A", "x", who="Ann"), tier("notes", "y")], [("Ann", "x")]),
        ([tier("A", LONG, who="Ann"), tier("A2", "nod", who="Ann", kind="gesture")], [("Ann", LONG)]),
        ([tier("A", "x"), tier("B", "")], [("A", "x")]),
    ],
)
def test_elan_tiers(tmp_path, tiers, expected):
    (conversation,) = read(FORMATS, write(tmp_path / "s.eaf", eaf(*tiers)))
    assert told(conversation) == expected


def test_a_time_left_open_in_elan_is_the_one_before(tmp_path):
    slots = "<TIME_SLOT TIME_SLOT_ID='t1' TIME_VALUE='700'/><TIME_SLOT TIME_SLOT_ID='t2'/>"
    (conversation,) = read(FORMATS, write(tmp_path / "s.eaf", eaf(tier("A", "x"), slots=slots)))
    assert times(conversation) == [(0.7, 0.7)]


def grid(*tiers):
    return "\n".join(
        ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "9", "<exists>", str(len(tiers)), *tiers]
    )


def interval_tier(name, *intervals):
    return "\n".join(['"IntervalTier"', f'"{name}"', "0", "9", str(len(intervals)), *intervals])


@pytest.mark.parametrize(
    ("tiers", "expected"),
    [
        ([interval_tier("A", '0 1 "x ""y"" z"'), interval_tier("B", '1 2 "q"')], [("A", 'x "y" z'), ("B", "q")]),
        ([interval_tier("A - words", '0 1 "x"', '1 2 "y"'), interval_tier("A - phones", '0 1 "k"')], [("A", "x y")]),
        ([interval_tier("A", '0 1 "two\nlines"', '1 2 ""', '2 3 "<p:>"')], [("A", "two lines")]),
        ([interval_tier("A", '0 1 "x" ! a comment "no"', '1 2 "! y"')], [("A", "x ! y")]),
    ],
)
def test_textgrid_tiers(tmp_path, tiers, expected):
    (conversation,) = read(FORMATS, write(tmp_path / "s.TextGrid", grid(*tiers)))
    assert told(conversation, pieces=True) == expected


def tei_text(body, head=""):
    return (
        f"<TEI xmlns='http://www.tei-c.org/ns/1.0'><teiHeader>{head}</teiHeader><text><body>{body}</body></text></TEI>"
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<u who='A'>a</u><u who='#B'>b</u><u>c</u>", [("A", "a"), ("B", "b"), (None, "c")]),
        ("<u who='A'><w>it</w><w>'s</w> <w>so</w><pc>,</pc> <w>no</w></u>", [("A", "it's so, no")]),
        ("<u who='A'>a <choice><sic>teh</sic><corr>the</corr></choice> b<note>c</note></u>", [("A", "a teh b")]),
        ("<u who='A'>a<!-- x --> <?y z?>b</u>", [("A", "a b")]),
    ],
)
def test_tei_words(tmp_path, body, expected):
    (conversation,) = read(FORMATS, write(tmp_path / "s.xml", tei_text(body)))
    assert told(conversation) == expected


@pytest.mark.parametrize(
    ("timeline", "start"),
    [
        ("<when xml:id='a'/><when xml:id='b' interval='2' since='#a'/>", 2.0),
        ("<when xml:id='a'/><when xml:id='b' interval='2'/>", 2.0),
        ("<when xml:id='a' absolute='10:00:00'/><when xml:id='b' absolute='10:00:07'/>", 7.0),
        ("<when xml:id='a'/><when xml:id='b' interval='-1'/>", None),
        (
            "<when xml:id='a'/><when xml:id='b' interval='2' since='#c'/><when xml:id='c' interval='1' since='#b'/>",
            None,
        ),
    ],
)
def test_tei_times(tmp_path, timeline, start):
    body = f"<timeline unit='s'>{timeline}</timeline><u who='A' start='#b'>a</u>"
    (conversation,) = read(FORMATS, write(tmp_path / "s.xml", tei_text(body)))
    assert conversation.segments[0].start == start


def test_anchors_within_an_utterance_are_its_times(tmp_path):
    timeline = "<timeline unit='s'><when xml:id='a'/><when xml:id='b' interval='2'/></timeline>"
    body = timeline + "<u who='A'><anchor synch='#a'/>a<anchor synch='#b'/></u>"
    (conversation,) = read(FORMATS, write(tmp_path / "s.xml", tei_text(body)))
    assert times(conversation) == [(0.0, 2.0)]


def test_texts_of_a_corpus_are_sessions(tmp_path):
    one = tei_text("<u who='A'>a</u>").replace("<TEI", "<TEI xml:id='s1'")
    two = tei_text("<u who='A'>b</u>")
    path = write(tmp_path / "c.xml", f"<teiCorpus xmlns='http://www.tei-c.org/ns/1.0'>{one}{two}</teiCorpus>")
    assert [(each.session_id, told(each)) for each in read(FORMATS, path)] == [
        ("s1", [("A", "a")]),
        ("c-2", [("A", "b")]),
    ]


def utterance(number, text="x", **fields):
    return {"id": str(number), "conversation_id": "a", "text": text, "speaker": "A", "reply-to": None, **fields}


def test_older_corpora_of_convokit(tmp_path):
    older = [{"id": "1", "root": "1", "text": "x", "user": "A", "reply_to": None, "timestamp": None}]
    (conversation,) = read(FORMATS, write(tmp_path / "utterances.json", json.dumps(older)))
    assert (conversation.session_id, told(conversation)) == ("1", [("A", "x")])


def test_time_stamps_since_1970_count_from_the_first(tmp_path):
    records = [utterance(1, timestamp=1.7e9), utterance(2, timestamp=1.7e9 + 4), utterance(3, timestamp="2024-01-12")]
    (conversation,) = read(FORMATS, write(tmp_path / "u.jsonl", "\n".join(map(json.dumps, records))))
    assert [segment.start for segment in conversation.segments] == [0.0, 4.0, None]


def test_slips_of_annomis_times(tmp_path):
    header = ",".join([*annomi.COLUMNS.values(), annomi.NUMBER])
    rows = ["1,client,a,00:00:08,0", "1,client,b,00:00:06,1", "1,client,c,00:00:009,2", "2,client,d,00:00:01,0"]
    first, second = read(FORMATS, write(tmp_path / "a.csv", "\n".join([header, *rows])))
    assert [segment.start for segment in (*first.segments, *second.segments)] == [8.0, None, 9.0, 1.0]


SWELLS = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("s.eaf", SWELLS + eaf(tier("A", "&b;")), ["entities"]),
        ("s.eaf", OUTSIDE + eaf(tier("A", "&a;")), ["entities"]),
        ("s.eaf", eaf(tier("A", "Rosebud"))[:-40], ["line 1", "cut off"]),
        ("s.eaf", eaf(tier("A", "Rosebud", slots=("t1", "t9"))), ["tier 1, annotation 1", "time slot"]),
        ("s.eaf", eaf(tier("A", "Rosebud", who="B"), tier("C", "Rosebud", who="B")), ["two tiers of one speaker"]),
        ("s.eaf", eaf(slots="<TIME_SLOT TIME_SLOT_ID='t1' TIME_VALUE='Rosebud'/>"), ["time slot 1", "no time"]),
        ("s.eaf", "<ANNOTATION_DOCUMENT><HEADER TIME_UNITS='PAL-frames'/></ANNOTATION_DOCUMENT>", ["frames"]),
        ("s.xml", SWELLS + tei_text("<u who='A'>&b;</u>"), ["entities"]),
        ("s.xml", tei_text("<u who='A'>Rosebud</u>")[:-9], ["line 1", "cut off"]),
        ("s.xml", tei_text("<p>Rosebud</p>"), ["nobody speaks"]),
        ("s.xml", tei_text("<u who='A' start='#Rosebud'>a</u>"), ["utterance 1", "timeline"]),
        ("s.TextGrid", grid(interval_tier("A", '0 1 "x"', '1 2 "Rosebud')), ["tier 1, interval 2", "cut off"]),
        ("s.TextGrid", grid(interval_tier("A", '0 1 "x"', '1 "Rosebud" 2')), ["tier 1, interval 2", "number belongs"]),
        ("s.TextGrid", grid(interval_tier("A", '0 1e999 "x"')), ["beyond reason"]),
        ("s.TextGrid", grid(interval_tier("A", '0 1 "x"'), interval_tier("A", '0 1 "y"')), ["tiers 1 and 2"]),
        ("s.TextGrid", b"ooBinaryFile\x08TextGrid\0\0", ["binary", "text file"]),
        ("s.cha", cha("*PAR:\ta .", "Rosebud ."), ["line 5", "none of"]),
        ("s.cha", cha("*PAR:\ta .").replace("@End\n", ""), ["no @End", "cut off"]),
        ("u.jsonl", json.dumps(utterance(1)) + '\n{"id": "Rose', ["line 2", "no JSON"]),
        ("u.jsonl", json.dumps(utterance(1)) + "\n[1]", ["line 2", "no utterance"]),
        ("a.csv", ",".join([*annomi.COLUMNS.values(), annomi.NUMBER]) + "\n0,A,Rosebud,soon,0\n", ["row 2", "time"]),
    ],
)
def test_what_is_broken_is_named_with_place_and_remedy_and_without_its_text(tmp_path, name, text, words):
    path = write(tmp_path / name, text)
    with pytest.raises(TranscriptError) as caught:
        read(FORMATS, path)
    message = str(caught.value)
    assert [word for word in [str(path), *words] if word not in message] == []
    assert "Rosebud" not in message
    assert ";" in message or ":" in message


@pytest.mark.parametrize(
    ("name", "text", "expected", "place"),
    [
        ("s.TextGrid", grid(interval_tier("A", '0 1 "x"', '1 2 "y')), [("A", "x")], "tier 1, interval 2"),
        ("s.cha", cha("*PAR:\ta .", "b", "*PAR:\tc ."), [("PAR", "a. c.")], "line 5"),
        ("s.eaf", eaf(tier("A", "x"), tier("B", "y", slots=("t1", "t9"))), [("A", "x")], "tier 2, annotation 1"),
        ("s.xml", tei_text("<u who='A' start='#x'>a</u><u who='B'>b</u>"), [("B", "b")], "utterance 1"),
    ],
)
def test_what_is_broken_is_left_out_and_listed_when_asked(tmp_path, name, text, expected, place):
    (conversation,) = read(FORMATS, write(tmp_path / name, text), skip=True)
    assert told(conversation, pieces=True) == expected
    assert [each.split(":")[0] for each in conversation.skipped] == [place]


@pytest.mark.parametrize(
    "text", ["T: a\nC: b", "<html><u>a</u></html>", '{"a": 1}', "@Home: a", "File type", "a,b\n1,2", ""]
)
def test_what_is_none_of_these(tmp_path, text):
    with pytest.raises(StopIteration):
        read(FORMATS, write(tmp_path / "s.txt", text or " "))


NESTED = 20_000


@pytest.mark.parametrize(
    "text",
    [
        eaf("<TIER TIER_ID='A'>" * NESTED + "</TIER>" * NESTED),
        tei_text("<u who='A'>" * NESTED + "a" + "</u>" * NESTED),
        tei_text("<annotationBlock who='A'>" * NESTED + "<u>a</u>" + "</annotationBlock>" * NESTED),
        tei_text("<timeline><when/>" * NESTED + "</timeline>" * NESTED + "<u>a</u>"),
        cha("*PAR:\t" + "[" * NESTED),
        cha("*PAR:\t" + "\x15_" * NESTED),
        ("@UTF8" + " " * 200 + "\n") * 50 + "@Bogus",
        grid(interval_tier("A", '0 1 "' + '""' * NESTED)),
        grid(' ""a' * NESTED),
    ],
    ids=range(9),
)
def test_crafted_nesting_takes_no_longer(tmp_path, text):
    path = write(tmp_path / "s", text)
    begin = time.process_time()
    with suppress(TranscriptError, StopIteration):
        read(FORMATS, path)
    assert time.process_time() - begin < 5
