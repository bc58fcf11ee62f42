"""Files and folders -> transcripts."""

import json

import pytest

from action_recs import RoleError, TranscriptError, read, read_many, tag_many
from action_recs.readers import content

GOOD = "T: Did you walk?\nC: Rosebud.\n"
VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nT: a\n\n00:03.000 --> 00:04.000\nC: b\n\n{}\nC: c\n"


@pytest.fixture
def folder(tmp_path):
    vtt = VTT.format("00:05.000 --> 00:06.000")
    for name, text in {"b/2.txt": GOOD, "a.vtt": vtt, ".hidden": "x", "c.txt": GOOD}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_folder_with_its_subfolders(folder):
    assert [(each.session_id, len(each)) for each in read_many(folder, progress=True)] == [("a", 2), ("2", 2), ("c", 2)]
    assert [each.session_id for each in read_many([folder / "c.txt", str(folder / "a.vtt")])] == ["c", "a"]


def test_tag_many_takes_a_folder(folder, tagger):
    assert [each.session_id for each in tag_many(folder, tagger=tagger)] == ["a", "2", "c"]


def test_a_file_that_cannot_be_read_ends_it_or_is_left_out_and_listed(folder):
    (folder / "b" / "1.txt").write_text("Rosebud", encoding="utf-8")
    (folder / "b" / "0.txt").write_text("Zebedee: a\nRosebud: b", encoding="utf-8")
    with pytest.raises(TranscriptError, match=r"0\.txt"):
        list(read_many(folder))
    sessions = read_many(folder, on_error="skip")
    assert [each.session_id for each in sessions] == ["a", "2", "c"]
    assert [each.split(":")[0].partition(", ")[0] for each in sessions.skipped] == [
        str(folder / "b" / name) for name in ("0.txt", "1.txt")
    ]
    assert "Rosebud" not in "".join(sessions.skipped) + repr(sessions)


def test_broken_parts_are_refused_or_left_out_and_listed(tmp_path):
    path = tmp_path / "s.vtt"
    path.write_text(VTT.format("00:00.000 --> 00:00.500"), encoding="utf-8")
    with pytest.raises(TranscriptError, match=r"s\.vtt, cue 3: out of order"):
        read(path)
    transcript = read(path, on_error="skip")
    assert (len(transcript), len(transcript.skipped)) == (2, 1)
    assert transcript.skipped[0].startswith("cue 3: out of order")
    sessions = read_many(path, on_error="skip")
    assert list(sessions) == [transcript]
    assert sessions.skipped == [f"{path}, {transcript.skipped[0]}"]


def test_many_sessions_in_one_file(tmp_path):
    path = tmp_path / "many.jsonl"
    rows = [{"session_id": name, "speaker": who, "text": "a"} for name in "xyz" for who in ("T", "C")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert [each.session_id for each in read_many(path)] == ["x", "y", "z"]
    with pytest.raises(TranscriptError, match=r"many\.jsonl: more than one session; read them with .*read_many"):
        read(path)
    rows[2]["speaker"] = rows[3]["speaker"] = "Zebedee"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(RoleError, match=r"many\.jsonl, session 2: "):
        list(read_many(path))
    sessions = read_many(path, on_error="skip")
    assert [each.session_id for each in sessions] == ["x", "z"]
    assert len(sessions.skipped) == 1


def test_roles_and_columns_reach_the_file(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("who,said\nLee,a\nAnn,b\n", encoding="utf-8")
    transcript = read(path, {"Lee": "therapist", "Ann": "client"}, columns={"speaker": "who", "text": "said"})
    assert [(each.role.value, each.text) for each in transcript.utterances] == [("therapist", "a"), ("client", "b")]


def test_names_that_nobody_has_are_refused_for_one_session_and_ignored_for_many(tmp_path):
    path = tmp_path / "talk.txt"
    asked = "How was your week, and did you try the breathing exercise that we talked about last time?"
    told = "I tried it twice, but I was so tired after work that I just went to bed and slept."
    path.write_text(f"Lee: {asked}\nAnn: {told}\n" * 6, encoding="utf-8")
    with pytest.raises(RoleError, match=r"talk\.txt: none of the names in roles is the label of a speaker"):
        read(path, {"Zebedee": "therapist"})
    (many,) = read_many(path, {"Zebedee": "therapist"})
    assert many == read(path) == read(path, {"lee": "therapist"})


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.json", b'{"segments": [', "a.json, line 1, column 15: broken JSON; it may be cut off"),
        ("a.json", b'{"a": 1}', "a.json: JSON of an unknown shape"),
        ("a.json", b"[" * 100_000, "a.json: broken JSON, or with numbers or nesting beyond reason"),
        ("a.txt", b'{"segments": [{"start"', "a.txt, line 1, column"),
        ("a.vtt", b"", "a.vtt: empty"),
        ("a.vtt", b"WEBVTT\n", "a.vtt: empty"),
        ("a.vtt", b"WEBVTT\n\n00:0x --> 00:02\nT: a", "a.vtt, line 3: a cue whose times cannot be read"),
        ("a.srt", b"1\n00:00:01,000 --> 00:00:0\nT: Rosebud", "a.srt, line 2: a cue whose times"),
        ("a.srt", b"1\n-00:00:01,000 --> 00:00:01,000\nT: Rosebud", "a.srt, line 2: a cue whose times"),
        ("a.bin", bytes(range(256)), "a.bin: binary, and of no known format"),
    ],
)
def test_damage_is_named_with_place_and_remedy(tmp_path, name, data, message):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(TranscriptError) as caught:
        read(path)
    assert message in str(caught.value)
    assert ";" in str(caught.value)
    assert "Rosebud" not in str(caught.value)


def test_a_large_file_is_refused_where_it_is_no_table(tmp_path, monkeypatch):
    monkeypatch.setattr(content, "LARGEST", 1000)
    path = tmp_path / "large.txt"
    path.write_text(GOOD * 100, encoding="utf-8")
    with pytest.raises(TranscriptError, match=r"large\.txt: too large for a transcript"):
        read(path)


def test_a_large_table_is_streamed(tmp_path, monkeypatch):
    monkeypatch.setattr(content, "LARGEST", 1000)
    path = tmp_path / "large.csv"
    rows = "".join(f"s{number},T,a\ns{number},C,b\n" for number in range(200))
    path.write_text("session_id,speaker,text\n" + rows, encoding="utf-8")
    assert [each.session_id for each in read_many(path)] == [f"s{number}" for number in range(200)]


@pytest.mark.parametrize("arguments", [{"on_error": "ignore"}, {"roles": {"T": "boss"}}, {"roles": ["T"]}])
def test_arguments_that_mean_nothing(tmp_path, arguments):
    with pytest.raises(TranscriptError, match=r"^(on_error|roles): "):
        read(tmp_path, **arguments)


def test_a_folder_without_files_or_of_one_transcript(tmp_path):
    with pytest.raises(TranscriptError, match="a folder without files"):
        read_many(tmp_path)
    with pytest.raises(TranscriptError, match="a directory; give the files"):
        read(tmp_path)


@pytest.mark.parametrize("source", [3, None, b"T: Rosebud", [("T", "Rosebud")], {"T": "Rosebud"}])
def test_what_is_neither_a_path_nor_a_table(source):
    with pytest.raises(TranscriptError, match=r"cannot read a transcript from .*; give a path, or a table") as caught:
        read(source)
    assert "Rosebud" not in str(caught.value)
    with pytest.raises(TranscriptError):
        list(read_many(3))


def test_a_frame_is_read_like_a_file():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"speaker": ["T", "C"], "text": ["a", "b"]})
    assert [(each.role.value, each.text) for each in read(frame).utterances] == [("therapist", "a"), ("client", "b")]
    assert [len(each) for each in read_many(frame)] == [2]
