"""A ConvoKit corpus's utterances (utterances.jsonl, of older corpora utterances.json): one record each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from action_recs.errors import TranscriptError
from action_recs.readers.cells import as_seconds
from action_recs.readers.conversation import Conversation
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.records import first_record, json_lines
from action_recs.readers.rows import Row, conversations

CONVERSATION = ("conversation_id", "root")
SPEAKER = ("speaker", "user")
REPLY = ("reply-to", "reply_to")
"""The present name, and the one before ConvoKit 2.4 or 3."""

EPOCH = 1e8
"""Seconds: a larger time stamp counts from 1970, and is taken from the conversation's first."""


def matches(content: Content) -> bool:
    """Whether the first record is a ConvoKit utterance's."""
    record = first_record(content)
    return (
        isinstance(record, dict)
        and {"id", "text"} <= record.keys()
        and all(any(name in record for name in names) for names in (CONVERSATION, SPEAKER, REPLY))
    )


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The conversations, in the order of the file.

    Raises
    ------
    TranscriptError
        With the line (or the path in the document), when a record is no utterance.
    """
    if isinstance(content.json, list):
        records: Iterable[tuple[str, Any]] = ((f"$[{index}]", record) for index, record in enumerate(content.json))
    else:
        records = json_lines(content)
    return conversations(_rows(records), options, content.name, content.stem)


def _rows(records: Iterable[tuple[str, Any]]) -> Iterator[Row]:
    begins: tuple[object, float] | None = None
    for place, record in records:
        if not isinstance(record, Mapping):
            problem = record if isinstance(record, TranscriptError) else "no utterance; dump the corpus again"
            yield Row(place, broken=str(problem))
            continue
        conversation = _either(record, CONVERSATION)
        start = record.get("timestamp")
        try:
            seconds = as_seconds(start)
        except TranscriptError:
            seconds = None  # a date in the corpus's own form
        if seconds is not None and seconds >= EPOCH:
            if begins is None or begins[0] != conversation:
                begins = (conversation, seconds)
            seconds -= begins[1]
        cells = {"session_id": conversation, "speaker": _either(record, SPEAKER), "text": record.get("text")}
        yield Row(place, {**cells, "start": seconds})


def _either(record: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((record[name] for name in names if name in record), None)


FORMATS = (Format("convokit", matches, read, streams=True),)
