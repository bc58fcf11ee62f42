"""Whatever the bytes, a reader gives conversations or a TranscriptError that quotes none of them."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as of
from hypothesis import strategies as st

from action_recs import TranscriptError
from action_recs.readers.content import decode, parse_json
from action_recs.readers.formats import Content, Options
from action_recs.readers.reading import to_transcript
from action_recs.readers.registry import detect, formats

TRANSCRIPTS = Path(__file__).parent / "fixtures" / "transcripts"
FIXTURES = sorted(path for path in TRANSCRIPTS.rglob("*") if path.is_file() and path.stat().st_size < 100_000)
DOCUMENTS = [path for path in FIXTURES if path.suffix == ".json"]
WORDS_SAID = ("Zoë", "afraid", "exam", "worries")
TRICKY = st.sampled_from(
    ["-->", "00:00:01,000 --> ", "<v ", "WEBVTT", "[", "{", '"', "\0", "\ufeff", "-1", "1e999", "NaN", ":", "T: ", "\n"]
).map(str.encode)
VALUES = st.sampled_from(
    [None, True, -1, 0, 1e308, float("nan"), 10**400, "", "-1", "x", "1s", [], {}, [[]], [{}], {"a": 1}]
)


def read_all(data, *, skip, suffix=".txt"):
    """As ``read`` does, but without its net under what the formats raise."""
    text = decode(data, "f")
    content = Content("f", data, text, suffix, "f", parse_json(text))
    chosen = detect(content)
    for conversation in chosen.read(content, Options(skip=skip)):
        to_transcript(conversation, pieces=chosen.pieces, roles=None, skip=skip)


def only_says(error):
    assert not any(word in str(error) for word in WORDS_SAID)
    assert "\n" not in str(error)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode), st.booleans())
@of(max_examples=300)
def test_any_bytes(data, skip):
    try:
        read_all(data, skip=skip)
    except TranscriptError as error:
        only_says(error)


@given(st.data())
@of(max_examples=400)
def test_damaged_exports(data):
    path = data.draw(st.sampled_from(FIXTURES))
    content = path.read_bytes()
    for _ in range(data.draw(st.integers(1, 3))):
        first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
        inserted = data.draw(TRICKY | st.binary(max_size=3) | st.just(content[first:last]))
        content = content[:first] + inserted + content[data.draw(st.sampled_from([first, last])) :]
    try:
        read_all(content, skip=data.draw(st.booleans()), suffix=path.suffix)
    except TranscriptError as error:
        only_says(error)


def places(document, path=()):
    """The paths to all values in a document."""
    yield path
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inside:
        yield from places(value, (*path, key))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
@given(data=st.data())
@of(max_examples=40)
def test_documents_of_another_shape(path, data):
    document = json.loads(path.read_text(encoding="utf-8"))
    *above, last = data.draw(st.sampled_from(list(places(document))[1:]))
    inner = changed = copy.deepcopy(document)
    for key in above:
        inner = inner[key]
    if data.draw(st.booleans()):
        del inner[last]
    else:
        inner[last] = data.draw(VALUES)
    try:
        read_all(json.dumps(changed).encode(), skip=data.draw(st.booleans()), suffix=".json")
    except TranscriptError as error:
        only_says(error)


@given(st.text(max_size=200), st.sampled_from([".txt", ".json", ".csv", ".eaf", ".cha"]))
@of(max_examples=200)
def test_no_format_fails_when_it_is_asked(text, suffix):
    content = Content("f", text.encode("utf-8", "replace"), text, suffix, "f", parse_json(text))
    for each in formats():
        assert each.matches(content) in (True, False)
        assert each.matches(replace(content, text=None, json=None)) in (True, False)
