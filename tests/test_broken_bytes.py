"""Whatever happens to the bytes of a transcript: it is read, or refused with a TranscriptError, never anything else."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from told import TRANSCRIPTS

from action_recs import TranscriptError
from action_recs.readers import annomi, chat, convokit, documents, elan, tables, tei, textgrid
from action_recs.readers.content import parse_json
from action_recs.readers.formats import Content, Options

FORMATS = tuple(
    form for family in (documents, elan, tei, textgrid, chat, convokit, annomi, tables) for form in family.FORMATS
)
FILES = [
    "docx/table.docx",
    "docx/teams.docx",
    "rtf/word.rtf",
    "pdf/pages.pdf",
    "elan/session.eaf",
    "tei/iso.xml",
    "tei/plain.xml",
    "textgrid/short.TextGrid",
    "chat/session.cha",
    "convokit/utterances.jsonl",
    "annomi/full.csv",
    "csv/excel.csv",
    "json/session.json",
    "json/records.json",
    "json/columns.json",
    "parquet/pandas.parquet",
    "excel/pandas.xlsx",
]
WHERE = st.floats(0, 1, exclude_max=True)
TOKENS = [
    b"",
    b"\0",
    b"\xff\xfe",
    b'"',
    b"<",
    b"&",
    b"{",
    b"]",
    b"\\",
    b"\x15",
    b"-1",
    b"1e999",
    b"NaN",
    b"null",
    b"\n",
]
CHANGES = st.lists(st.tuples(WHERE, st.integers(0, 40), st.sampled_from(TOKENS) | st.binary(max_size=8)), max_size=6)


def changed(data, changes, cut):
    """The bytes with some replaced, and cut off at a share of their length when that is under 1."""
    for where, length, token in changes:
        begin = int(where * len(data))
        data = data[:begin] + token + data[begin + length :]
    return data[: int(cut * len(data))]


def content_of(data, name):
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    suffix = "." + name.rpartition(".")[2].lower()
    return Content(name, data, text, suffix, "stem", parse_json(text))


def read_or_refuse(content, *, skip):
    for form in FORMATS:
        if form.matches(content):
            refused = ""
            try:
                for conversation in form.read(content, Options(skip=skip)):
                    assert all(isinstance(segment.text, str) for segment in conversation.segments)
                    assert all(isinstance(segment.start, float | None) for segment in conversation.segments)
            except TranscriptError as error:
                refused = str(error)
            assert not ({"café", "Zoë", "worries"} & set(refused.split()))


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(changes=CHANGES, cut=st.just(1.0) | WHERE, skip=st.booleans())
def test_changed_bytes(name, changes, cut, skip):
    data = (TRANSCRIPTS / name).read_bytes()
    read_or_refuse(content_of(changed(data, changes, cut), name), skip=skip)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["speaker", "text", "turns", "utterances", "start", "session_id", "id", "root", "user", "reply_to"]
            ),
            inside,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(document=JSON, lines=st.booleans(), skip=st.booleans())
def test_any_json(document, lines, skip):
    text = json.dumps(document)
    if lines and isinstance(document, list):
        text = "\n".join(map(json.dumps, document))
    read_or_refuse(Content("t.json", text.encode(), text, ".json", "stem", parse_json(text)), skip=skip)
