"""Tagged sessions in files."""

import csv
import json

import pytest

from action_recs import Label, OutputError, Role, TaggedSession, TaggedUtterance
from action_recs.export import write_sessions


def session(name, *texts):
    return TaggedSession(
        tuple(
            TaggedUtterance(at, Role.CLIENT, text, frozenset(), dict.fromkeys(Label, 0.25))
            for at, text in enumerate(texts)
        ),
        (),
        (),
        session_id=name,
    )


ONE, TWO = session("s1", 'é, "quoted"\nsecond line'), session("s2", "", "b")


def test_json_holds_one_session(tmp_path):
    write_sessions([ONE], tmp_path / "one.JSON")
    assert TaggedSession.from_dict(json.loads((tmp_path / "one.JSON").read_text(encoding="utf-8"))) == ONE


def test_jsonl_holds_a_session_a_line(tmp_path):
    write_sessions([ONE, TWO], tmp_path / "two.jsonl")
    lines = (tmp_path / "two.jsonl").read_text(encoding="utf-8").split("\n")
    assert [TaggedSession.from_dict(json.loads(line)) for line in lines[:-1]] == [ONE, TWO]
    assert lines[-1] == ""


def test_csv_holds_a_row_an_utterance(tmp_path):
    write_sessions([ONE, TWO], str(tmp_path / "two.csv"))
    with (tmp_path / "two.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{name: str(value) for name, value in row.items()} for row in ONE.rows() + TWO.rows()]
    assert [row["text"] for row in rows] == ['é, "quoted"\nsecond line', "", "b"]


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    (tmp_path / "one.json").write_text("old", encoding="utf-8")
    write_sessions([TWO], tmp_path / "one.json")
    assert json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))["session_id"] == "s2"
    assert [path.name for path in tmp_path.iterdir()] == ["one.json"]


@pytest.mark.parametrize(
    ("name", "sessions", "words"),
    [
        ("x.xlsx", [ONE], [".json", ".csv"]),
        ("x", [ONE], [".json", ".csv"]),
        ("x.json", [ONE, TWO], [".jsonl"]),
        ("absent/x.json", [ONE], ["absent", "does not exist"]),
        ("folder.json", [ONE], ["a folder"]),
    ],
)
def test_what_cannot_be_written_is_named_and_leaves_nothing(tmp_path, name, sessions, words):
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(OutputError) as caught:
        write_sessions(sessions, tmp_path / name)
    assert [word for word in [str(tmp_path / name), *words] if word not in str(caught.value)] == []
    assert [path.name for path in tmp_path.iterdir()] == ["folder.json"]
