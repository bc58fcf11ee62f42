"""Tables of utterances: files and frames."""

import io
import math
import zipfile
from decimal import Decimal

import pandas
import polars
import pyarrow
import pytest
from datasets import Dataset, DatasetDict, IterableDataset
from told import SPOKEN, TIMES, TRANSCRIPTS, TURNS, read, times, told

import action_recs
from action_recs import TranscriptError
from action_recs.readers.cells import as_seconds
from action_recs.readers.tables import FORMATS, is_frame, read_frame

FILES = [
    "csv/pandas.csv",
    "csv/tabs.tsv",
    "csv/excel.csv",
    "json/records.json",
    "json/columns.json",
    "json/lines.jsonl",
    "json/session.json",
    "json/sessions.jsonl",
    "parquet/pandas.parquet",
    "excel/pandas.xlsx",
]
TWO = [
    {"session_id": "a", "speaker": "T", "text": "One.", "client_id": "c1"},
    {"session_id": "a", "speaker": "C", "text": "Two.", "client_id": "c1"},
    {"session_id": "b", "speaker": "T", "text": "Three.", "client_id": "c2"},
]
FRAMES = {
    "pandas": pandas.DataFrame,
    "polars": polars.DataFrame,
    "lazy polars": polars.LazyFrame,
    "arrow": pyarrow.Table.from_pylist,
    "datasets": Dataset.from_list,
    "streamed datasets": lambda rows: Dataset.from_list(rows).to_iterable_dataset(),
}


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("name", FILES)
def test_every_table_tells_the_conversation(name):
    (conversation,) = read(FORMATS, TRANSCRIPTS / name)
    assert told(conversation) == SPOKEN
    assert times(conversation) == TIMES
    assert conversation.session_id == "s1"


def test_pairs_tell_the_conversation():
    (conversation,) = read(FORMATS, TRANSCRIPTS / "json/pairs.json")
    assert told(conversation) == SPOKEN
    assert conversation.session_id == "pairs"


def test_what_is_known_of_the_session_is_kept():
    (session,) = read(FORMATS, TRANSCRIPTS / "json/session.json")
    known = (session.session_id, session.client_id, session.therapist_id, session.organisation_id, session.date)
    assert known == ("s1", "c7", "t2", "o1", "2024-01-12")


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_frames_tell_the_conversation(make):
    frame = make(
        [{"who": turn["speaker"], **{name: turn[name] for name in ("text", "start", "end")}} for turn in TURNS]
    )
    assert is_frame(frame)
    (conversation,) = read_frame(frame, {"speaker": "who"})
    assert (told(conversation), times(conversation)) == (SPOKEN, TIMES)
    assert conversation.session_id is None


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_many_sessions_in_a_frame(make):
    sessions = list(read_frame(make(TWO)))
    assert [(each.session_id, each.client_id, told(each)) for each in sessions] == [
        ("a", "c1", [("T", "One."), ("C", "Two.")]),
        ("b", "c2", [("T", "Three.")]),
    ]


def test_sessions_are_streamed():
    endless = IterableDataset.from_generator(lambda: ({**TWO[0], "session_id": n // 3} for n in range(10**9)))
    first = next(read_frame(endless))
    assert (first.session_id, len(first.segments)) == ("0", 3)


@pytest.mark.parametrize("frame", [[("T", "a")], "text", None, {"text": ["a"]}, 3])
def test_other_things_are_no_frames(frame):
    assert not is_frame(frame)
    with pytest.raises(TranscriptError, match="is no table"):
        read_frame(frame)


def test_several_splits_are_refused():
    splits = DatasetDict({"train": Dataset.from_list(TWO)})
    with pytest.raises(TranscriptError, match="give one of them"):
        list(read_frame(splits))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("T", "a"), ("C", None)], [("T", "a"), ("C", "")]),
        ([("T", "a"), (None, None), ("C", "b")], [("T", "a"), ("C", "b")]),
        ([(None, "a"), ("C", "b")], [(None, "a"), ("C", "b")]),
        ([(1, "a"), (2, "b")], [("1", "a"), ("2", "b")]),
        ([(1.0, "a"), (float("nan"), "b")], [("1", "a"), (None, "b")]),
        ([("T", " a "), ("C ", 7)], [("T", "a"), ("C", "7")]),
    ],
)
def test_cells(rows, expected):
    (conversation,) = read_frame(pandas.DataFrame(rows, columns=["Speaker", "TEXT"], dtype=object))
    assert told(conversation) == expected


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [(1, 1.0), ("1.5", 1.5), ("1:02", 62.0), ("01:00:02,5", 3602.5), ("-0:01", -1.0), (None, None), (-2, -2.0)],
)
def test_times(cell, seconds):
    frame = pandas.DataFrame({"speaker": ["T"], "text": ["a"], "start": pandas.Series([cell], dtype=object)})
    assert next(read_frame(frame)).segments[0].start == seconds


@pytest.mark.parametrize("cell", [10**400, -(10**400), math.inf, "1e999", "soon", True, Decimal("Infinity"), "1:2:3:4"])
def test_what_is_no_time(cell):
    with pytest.raises(TranscriptError, match="a time that cannot be read"):
        as_seconds(cell)


def test_times_of_pandas():
    frame = pandas.DataFrame({"speaker": ["T"], "text": ["a"], "start": pandas.to_timedelta(["0:01:02.5"])})
    assert next(read_frame(frame)).segments[0].start == 62.5


HEADER = "session_id,speaker,text,start\n"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.csv", "session_id,voice,text\ns,A,Rosebud\n", ["no column for the speaker", "columns={'speaker'"]),
        ("t.csv", "A,Rosebud\nB,Rosebud\n", ["no column for the speaker"]),
        ("t.csv", "speaker,text,Text\nA,Rosebud,b\n", ["two columns could be 'text'", "say which"]),
        ("t.csv", "\n", ["row 1", "no header"]),
        ("t.csv", HEADER, ["without rows"]),
        ("t.csv", HEADER + "s,A,Rosebud, and more,1\n", ["row 2", "5 cells", "header has 4", "quotes"]),
        ("t.csv", HEADER + 's,A,"Rosebud,1\n', ["row 2", "quote"]),
        ("t.csv", HEADER + "s,A,x,1\ns,A,x,Rosebud\n", ["row 3", "time", "seconds"]),
        ("t.csv", HEADER + "s,A,x,1\nb,A,x,1\ns,A,x,1\n", ["row 4", "apart", "sort"]),
        ("t.csv", HEADER + "s,A,x,1\n,A,x,1\n", ["row 3", "no session_id"]),
        ("t.csv", "session_id,client_id,speaker,text\ns,Rosebud,A,x\ns,d,A,x\n", ["row 3", "another client_id"]),
        ("t.json", '[{"speaker": "A", "text": ["Rosebud"]}]', ["$[0]", "list", "string"]),
        ("t.json", '[{"speaker": "A", "text": "x"}, "Rosebud"]', ["$[1]", "str where a record belongs"]),
        ("t.json", '[{"speaker": "A", "text": "x"}, {"speaker": "Rosebud"}]', ["$[1]", "no text"]),
        ("t.json", '[{"speaker": "A", "text": "\\ud800"}]', ["$[0]", "surrogate"]),
        ("t.json", '{"speaker": ["A"], "text": ["Rosebud", "b"]}', ["different lengths"]),
        ("t.json", '[{"turns": [{"speaker": "A", "text": "x"}]}]', ["$[0].turns[0]", "no session_id"]),
        ("t.jsonl", '{"speaker": "A", "text": "x"}\n{"speaker": "Rose', ["line 2", "no JSON"]),
        ("t.jsonl", '["A", "x"]\n' + "[" * 100_000, ["line 2", "no JSON"]),
        ("t.parquet", b"PAR1 Rosebud PAR1", ["Parquet", "broken"]),
        ("t.parquet", (TRANSCRIPTS / "parquet/pandas.parquet").read_bytes()[:900], ["Parquet", "cut off"]),
        ("t.xlsx", (TRANSCRIPTS / "excel/pandas.xlsx").read_bytes()[:-30], ["not a whole document"]),
    ],
)
def test_a_broken_table_is_named_with_place_and_remedy_and_without_its_text(tmp_path, name, text, words):
    path = write(tmp_path / name, text)
    with pytest.raises(TranscriptError) as caught:
        read(FORMATS, path)
    message = str(caught.value)
    assert [word for word in [str(path), *words] if word not in message] == []
    assert "Rosebud" not in message
    assert ";" in message


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"speeker": "who"}, ["'speeker'", "those we read are speaker, text"]),
        ({"speaker": "whom"}, ["columns={'speaker': ...}", "spelling"]),
    ],
)
def test_a_mapping_that_fits_no_column_is_refused(columns, words):
    with pytest.raises(TranscriptError) as caught:
        list(read_frame(pandas.DataFrame({"who": ["A"], "text": ["Rosebud"]}), columns))
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("name", "text", "columns"),
    [
        ("t.csv", "who;what\nA;x\n", {"speaker": "who", "text": "what"}),
        ("t.tsv", "who\twhat\nA\tx\n", {"speaker": "who", "text": "what"}),
        ("t.json", '[{"who": "A", "what": "x"}]', {"speaker": "who", "text": "what"}),
        ("t.jsonl", '{"who": "A", "what": "x"}\n', {"speaker": "who", "text": "what"}),
        ("t.json", '[{"id": 1, "utterances": [{"who": "A", "text": "x"}]}]', {"speaker": "who", "session_id": "id"}),
        ("t.json", '{"session": {"0": 5}, "who": {"0": "A"}, "text": {"0": "x"}}', {"speaker": "who"}),
    ],
)
def test_columns_of_other_names(tmp_path, name, text, columns):
    (conversation,) = read(FORMATS, write(tmp_path / name, text), columns=columns)
    assert told(conversation) == [("A", "x")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "role,utterance\nT,a\nC,b\n"),
        ("t.csv", "Interlocutor;Utterance Text\nT;a\nC;b\n"),
        ("t.csv", "role,speaker,content,text\nx,T,y,a\nx,C,y,b\n"),
        ("t.csv", "turn,Speaker ID,who,content\n0,x,T,a\n1,x,C,b\n"),
        ("t.json", '[{"role": "T", "content": "a"}, {"role": "C", "content": "b"}]'),
        ("t.json", '{"messages": [{"role": "T", "content": "a"}, {"role": "C", "content": "b"}]}'),
        ("t.json", '{"id": 5, "transcript": [{"speaker": "T", "text": "a"}, {"speaker": "C", "text": "b"}]}'),
        ("t.json", '{"segments": [{"speaker": "T", "text": "a"}, {"speaker": "C", "text": "b"}]}'),
        ("t.json", '{"speaker": ["T", "C"], "transcript": ["a", "b"]}'),
        ("t.jsonl", '{"role": "T", "utterance": "a"}\n{"role": "C", "utterance": "b"}\n'),
    ],
)
def test_names_that_columns_often_have(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    transcript = action_recs.read(tmp_path / name)
    assert [(each.speaker, each.text) for each in transcript.utterances] == [("T", "a"), ("C", "b")]


def test_a_sheet_with_such_names(tmp_path):
    pandas.DataFrame({"Role": ["T", "C"], "Utterance": ["a", "b"]}).to_excel(tmp_path / "t.xlsx", index=False)
    assert [each.text for each in action_recs.read(tmp_path / "t.xlsx").utterances] == ["a", "b"]


def test_a_record_may_leave_out_what_it_does_not_have(tmp_path):
    path = write(
        tmp_path / "t.jsonl", '{"speaker": "A", "text": "x"}\r\n\r\n{"text": "y", "speaker": "B", "start": 3}\n'
    )
    (conversation,) = read(FORMATS, path)
    assert told(conversation) == [("A", "x"), ("B", "y")]
    assert times(conversation) == [(None, None), (3.0, None)]


def test_a_table_without_sessions_that_cannot_be_one(monkeypatch):
    monkeypatch.setattr("action_recs.readers.rows.LONGEST", 2)
    with pytest.raises(TranscriptError, match="row 2: more than 2 rows of one session; name the column"):
        list(read_frame(pandas.DataFrame({"speaker": ["A"] * 3, "text": ["x"] * 3})))


def test_what_is_broken_is_left_out_and_listed_when_asked(tmp_path):
    text = HEADER + "a,T,x,1\na,T,Rosebud,soon\nb,T,y,1\nb,T\n,T,z,1\na,T,z,1\n"
    first, second = read(FORMATS, write(tmp_path / "t.csv", text), skip=True)
    assert (told(first), told(second)) == ([("T", "x")], [("T", "y")])
    assert [each.split(":")[0] for each in first.skipped] == ["row 3"]
    assert [each.split(":")[0] for each in second.skipped] == ["row 5", "row 6", "row 7"]
    assert "Rosebud" not in repr(first) + str(first.skipped)


def test_a_table_of_broken_rows_alone_is_refused_even_then(tmp_path):
    with pytest.raises(TranscriptError, match="none of its 2 rows can be read; the first, row 2"):
        read(FORMATS, write(tmp_path / "t.csv", HEADER + "a\nb\n"), skip=True)


def test_a_column_seen_late_does_not_replace_the_one_that_was_named(tmp_path):
    lines = ['{"speaker": "A", "text": "x", "t0": 1}', '{"speaker": "A", "text": "y", "t0": 2, "start": 9, "end": 3}']
    (conversation,) = read(FORMATS, write(tmp_path / "t.jsonl", "\n".join(lines)), columns={"start": "t0"})
    assert times(conversation) == [(1.0, None), (2.0, 3.0)]


def test_quoted_cells_hold_delimiters_and_lines(tmp_path):
    path = write(tmp_path / "t.csv", 'speaker,text\r\nA,"One, ""two"",\r\nthree."\r\n')
    (conversation,) = read(FORMATS, path)
    assert told(conversation) == [("A", 'One, "two",\r\nthree.')]


def test_sheets_are_sessions_when_no_column_says(tmp_path):
    with pandas.ExcelWriter(tmp_path / "book.xlsx") as book:
        pandas.DataFrame({"note": ["nothing"]}).to_excel(book, sheet_name="About", index=False)
        pandas.DataFrame({"speaker": [], "text": []}).to_excel(book, sheet_name="Empty", index=False)
        for title in ("Week 1", "Week 2"):
            pandas.DataFrame({"speaker": ["T"], "text": [title]}).to_excel(book, sheet_name=title, index=False)
    sessions = read(FORMATS, tmp_path / "book.xlsx")
    assert [(each.session_id, told(each)) for each in sessions] == [
        ("Week 1", [("T", "Week 1")]),
        ("Week 2", [("T", "Week 2")]),
    ]


def repacked(changes):
    """The workbook of the fixtures with some of its parts changed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(TRANSCRIPTS / "excel/pandas.xlsx") as whole, zipfile.ZipFile(packed, "w", 8) as archive:
        for name in whole.namelist():
            archive.writestr(name, changes.get(name, whole.read(name)))
        for name in changes.keys() - set(whole.namelist()):
            archive.writestr(name, changes[name])
    return packed.getvalue()


ENTITIES = b'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>'


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"xl/padding.xml": b"\0" * 50_000_000}, "unpacks to more"),
        ({"xl/worksheets/sheet1.xml": ENTITIES}, "broken"),
        ({"xl/worksheets/sheet1.xml": b"<worksheet>"}, "broken"),
        ({"xl/workbook.xml": b"Rosebud"}, "broken"),
    ],
)
def test_a_workbook_that_swells_or_is_broken(tmp_path, changes, words):
    with pytest.raises(TranscriptError, match=words) as caught:
        read(FORMATS, write(tmp_path / "t.xlsx", repacked(changes)))
    assert "Rosebud" not in str(caught.value)


def test_a_formula_that_failed(tmp_path):
    pandas.DataFrame({"speaker": ["T"], "text": ["#NAME?"]}).to_excel(tmp_path / "t.xlsx", index=False)
    with pytest.raises(TranscriptError, match="sheet 1, row 2: a formula that failed"):
        read(FORMATS, tmp_path / "t.xlsx")


@pytest.mark.parametrize("text", ["T: a\nC: b\n", "speaker: a\ntext: b\n", "", "{", "[1, 2]", '{"results": []}'])
def test_what_is_no_table(tmp_path, text):
    path = write(tmp_path / "t.txt", text or " ")
    with pytest.raises(StopIteration):
        read(FORMATS, path)


@pytest.mark.parametrize("library", ["pyarrow.parquet", "openpyxl", "defusedxml"])
def test_a_library_that_is_missing_is_named_with_its_remedy(monkeypatch, library):
    name = {"pyarrow.parquet": "parquet/pandas.parquet"}.get(library, "excel/pandas.xlsx")
    monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(TranscriptError, match=r"not installed; pip install 'action_recs\[formats\]'"):
        read(FORMATS, TRANSCRIPTS / name)


def test_a_table_larger_than_what_is_read_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr("action_recs.readers.content.LARGEST", 1000)
    monkeypatch.setattr("action_recs.readers.content.HEAD", 500)
    rows = [{"session_id": str(n // 100), "speaker": "T", "text": f"é {n}"} for n in range(300)]
    frame = pandas.DataFrame(rows)
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True, force_ascii=False)
    frame.to_parquet(tmp_path / "t.parquet")
    for path in sorted(tmp_path.iterdir()):
        sessions = read(FORMATS, path)
        assert [(each.session_id, len(each.segments)) for each in sessions] == [("0", 100), ("1", 100), ("2", 100)]
    with (tmp_path / "t.csv").open("ab") as file:
        file.write(b"2,T,caf\xe9\n")
    with pytest.raises(TranscriptError, match="not UTF-8"):
        read(FORMATS, tmp_path / "t.csv")
