"""Tagged sessions as a table, and what is said of sessions that are none."""

import json
import math

import pytest

pytest.importorskip("pandas")

from action_recs import Form, Label, Recommendation, Review, Role, TaggedSession, TaggedUtterance
from action_recs.errors import StudyError
from action_recs.study import sessions as module
from action_recs.study.columns import SESSION_COLUMNS
from action_recs.study.sessions import read_sessions, tabulate


def session(texts, recommendations=(), reviews=(), times=None, **ids):
    """Utterances' texts, recommendations as (utterance, form), reviews as (first, last), times as (start, end)."""
    return TaggedSession(
        tuple(
            TaggedUtterance(
                place,
                Role.THERAPIST,
                text,
                frozenset(),
                dict.fromkeys(Label, 0.0),
                start=times[place][0] if times else None,
                end=times[place][1] if times else None,
            )
            for place, text in enumerate(texts)
        ),
        tuple(Recommendation(place, 0, 1, "x", form) for place, form in recommendations),
        tuple(Review(*run) for run in reviews),
        **ids,
    )


def write(path, sessions):
    path.write_text("".join(one.to_json() + "\n" for one in sessions), encoding="utf-8")
    return path


def test_one_session_is_measured():
    one = session(
        ["a b", "c", "d e f", "g", "h"],
        recommendations=[(4, Form.STRUCTURED), (2, Form.CASUAL)],
        reviews=[(0, 0), (2, 2)],
        times=[(0, 60), (60, 90), (90, 180), (180, 240), (240, 300)],
        session_id="s",
        client_id="c",
        date="2024-03-05T09:00:00Z",
    )
    row = tabulate([one], modality={"s": "group"}).table.iloc[0]
    assert row["date"].isoformat() == "2024-03-05T00:00:00"
    assert (row["session_id"], row["client_id"], row["therapist_id"], row["modality"]) == ("s", "c", None, "group")
    expected = {
        "line": 1,
        "visit": 1,
        "utterances": 5,
        "words": 8,
        "minutes": 5,
        "recommendations": 2,
        "structured": 1,
        "reviews": 2,
        "review_utterances": 2,
        "review_words": 5,
        "review_minutes": 2.5,
        "review_percentage": 40,
        "review_percentage_words": 62.5,
        "review_percentage_minutes": 50,
        "recommendation_position": 75,
        "review_position": 25,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected)


def test_what_is_not_there_is_missing_not_zero():
    row = tabulate([session(["a"])]).table.iloc[0]
    assert row["review_percentage"] == 0
    missing = ["visit", "minutes", "review_percentage_minutes", "recommendation_position", "review_position"]
    assert all(math.isnan(row[name]) for name in missing)


def test_a_file_and_its_sessions_make_the_same_table(tmp_path):
    some = [
        session(["a", "b"], reviews=[(1, 1)], session_id=str(n), client_id="c", date=f"2024-01-0{9 - n}")
        for n in range(3)
    ]
    read = read_sessions(write(tmp_path / "t.jsonl", some)).table
    assert list(read.columns) == list(SESSION_COLUMNS)
    assert read.equals(tabulate(some).table)
    assert read["visit"].tolist() == [3, 2, 1]


def test_a_file_read_in_parts_is_the_file(tmp_path, monkeypatch):
    path = write(tmp_path / "t.jsonl", [session(["a " * n], session_id=str(n)) for n in range(40)])
    whole = read_sessions(path).table
    for size in (1, 97, 1000):
        monkeypatch.setattr(module, "PART", size)
        assert read_sessions(path, processes=1).table.equals(whole)
    monkeypatch.setattr(module, "PART", 5000)
    assert read_sessions(path, processes=2).table.equals(whole)


def test_sessions_of_one_day_and_empty_ones_are_noticed():
    day = {"client_id": "c", "date": "2024-01-01"}
    found = tabulate([session(["a"], **day), session(["b"], **day), session([])])
    assert {notice.code for notice in found.notices} == {"same-day-sessions", "empty-sessions"}
    assert len(found.table) == 2


GOOD = session(["my secret"], session_id="s").to_dict()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("not json", "not JSON"),
        ("[1]", "not a tagged session"),
        ('{"utterances": []}', "not a tagged session"),
        (json.dumps(GOOD | {"date": "5 March"}), "ISO 8601"),
        (json.dumps(GOOD | {"date": "0024-03-05"}), "year"),
        (json.dumps(GOOD | {"client_id": [1]}), "client_id"),
        (json.dumps(GOOD | {"reviews": [{"first": 0, "last": 1}]}), "review lies outside"),
        (json.dumps(GOOD | {"reviews": [{"first": 0, "last": 0}] * 2}), "over another"),
        (json.dumps(GOOD | {"recommendations": [{"utterance": 1, "form": "casual"}]}), "recommendation lies outside"),
        (json.dumps(GOOD | {"recommendations": [{"utterance": 10**30, "form": "casual"}]}), "not a tagged session"),
        (json.dumps(GOOD | {"client_id": "\ud800"}), "client_id holds half a character"),
        (json.dumps(GOOD), "session of line 1 again"),
    ],
)
def test_a_wrong_line_is_named_and_its_text_is_not(tmp_path, line, message):
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps(GOOD) + "\n\n" + line + "\n", encoding="utf-8")
    with pytest.raises(StudyError, match=rf"t\.jsonl, line 3: .*{message}") as caught:
        read_sessions(path)
    assert "secret" not in str(caught.value)


def test_a_file_without_sessions(tmp_path):
    with pytest.raises(StudyError, match="cannot be read"):
        read_sessions(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(StudyError, match="no session"):
        read_sessions(tmp_path / "empty.jsonl")
    with pytest.raises(StudyError, match="no session has an utterance"):
        read_sessions(write(tmp_path / "blank.jsonl", [session([], session_id="s")]))
