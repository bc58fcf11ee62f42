"""Sessions without their words."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import action_recs
from action_recs import Form, Label, Recommendation, Review, Role, TaggedSession, TaggedUtterance
from action_recs.redaction import marks, redacted

SAID = "Maybe walk, zyxquarrel, on Sunday?\nYes."


def session():
    spoken = tuple(
        TaggedUtterance(
            index, Role.THERAPIST, SAID, frozenset(Label), dict.fromkeys(Label, 0.5), "Dr. Zyxquarrel", 1.0, 2
        )
        for index in range(3)
    )
    found = (Recommendation(1, 0, 10, SAID[:10], Form.CASUAL, 0.9),)
    return TaggedSession(spoken, found, (Review(0, 1),), "s1", "c1", "t1", "o1", "2026-01-02")


def test_no_word_and_no_name_is_left_in_anything_that_is_written():
    hidden = redacted(session())
    html = hidden.to_html()
    written = [json.dumps(hidden.to_dict(), ensure_ascii=False), html[html.index("<main") :], str(hidden.rows())]
    words = {"maybe", "walk", "zyxquarrel", "sunday", "dr"}
    for text in written:
        assert words & set("".join(sign if sign.isalnum() else " " for sign in text.lower()).split()) == set()


def test_everything_but_the_words_stays():
    before, after = session(), redacted(session())
    assert [each.speaker for each in after.utterances] == ["speaker 1"] * 3
    for name in (each.name for each in dataclasses.fields(TaggedSession)):
        if name not in ("utterances", "recommendations"):
            assert getattr(after, name) == getattr(before, name)
    for one, other in zip(before.utterances, after.utterances, strict=True):
        assert dataclasses.replace(other, text=one.text, speaker=one.speaker) == one
        assert (len(one.text), len(one.text.split())) == (len(other.text), len(other.text.split()))
    for found in after.recommendations:
        assert found.text == after.utterances[found.utterance].text[found.start : found.end]
        assert (found.start, found.end, found.form, found.score) == (0, 10, Form.CASUAL, 0.9)
    assert redacted(after) == after


@given(st.text() | st.text(alphabet="a \n\u3000\u0301", max_size=12))
def test_as_many_characters_and_words_and_nothing_else(text):
    found = marks(text)
    assert len(found) == len(text)
    assert len(found.split()) == len(text.split())
    assert set(found) <= {"█", " "}
    other = " ".join(["x"] * len(text.split())).ljust(len(text))
    assert found == marks(other)  # it tells the length and the number of words, and no more


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".html"])
def test_a_redacted_file_holds_no_word(tmp_path, suffix):
    from action_recs.export import write_sessions

    path = tmp_path / f"out{suffix}"
    write_sessions([redacted(session())], path)
    assert "zyxquarrel" not in path.read_text(encoding="utf-8").lower()


def test_a_study_counts_the_same(tagger):
    from action_recs.study.sessions import tabulate

    tagged = action_recs.tag([("therapist", "Walk more, every day."), ("client", "I  did\nwalk twice.")], tagger=tagger)
    tagged = dataclasses.replace(tagged, session_id="s1")
    assert tabulate([tagged]).table.equals(tabulate([redacted(tagged)]).table)
