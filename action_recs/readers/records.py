"""JSON and JSON lines that hold a table: records, columns, pairs, or sessions with their turns.

[{"speaker": "Ann", "text": "Hello.", "session_id": "s1"}, ...]        records, also one a line
{"speaker": ["Ann", ...], "text": ["Hello.", ...]}                     columns
[["Ann", "Hello."], ...]                                               pairs
{"session_id": "s1", "turns": [{"speaker": "Ann", "text": "Hello."}]}  a session, also a list of them or one a line
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.rows import COLUMNS, FACTS, NEEDED, Row, column_key, conversations, named
from action_recs.readers.stream import text_stream

TURNS = ("turns", "utterances", "segments", "messages", "transcript", "dialogue", "dialog", "conversation")
"""Where a session's record has its turns."""
SUFFIXES = (".jsonl", ".ndjson")
LINE_END = re.compile(r"\r\n|\r|\n")
EXPECTED = "give one record for each utterance, {'speaker': ..., 'text': ...}"


def matches_json(content: Content) -> bool:
    """Whether the document is a table in one of the forms above."""
    document = content.json
    if isinstance(document, list):
        return bool(document) and _is_record(document[0])
    if not isinstance(document, dict) or not document:
        return False
    return _turns(document) is not None or _is_by_columns(document) or set(NEEDED) <= set(map(column_key, document))


def matches_lines(content: Content) -> bool:
    """Whether the first line is a record, and so a whole JSON document."""
    if content.json is not None and content.suffix not in SUFFIXES:
        return False
    return _is_record(_first_line(content))


def first_record(content: Content) -> Any:
    """The first element of a JSON list, or what the first of JSON lines holds; None when it is neither."""
    if isinstance(content.json, list):
        return content.json[0] if content.json else None
    return content.json if content.json is not None else _first_line(content)


def _first_line(content: Content) -> Any:
    line = LINE_END.split((content.text or "").lstrip("\r\n"), maxsplit=1)[0]
    try:
        return _parsed(line) if line.startswith(("{", "[")) else None
    except TranscriptError:
        return None


def read_json(content: Content, options: Options) -> Iterator[Conversation]:
    """The sessions in a JSON document, in its order.

    Raises
    ------
    TranscriptError
        With the path in the document ("$[7]"), when a record is none or a cell cannot be read.
    """
    document = content.json
    if isinstance(document, list):
        records: Iterable[tuple[str, Any]] = ((f"$[{index}]", record) for index, record in enumerate(document))
    elif _is_by_columns(document):
        records = _by_columns(document, content.name)
    else:
        records = [("$", document)]
    return conversations(_rows(records, options.columns, content.name), options, content.name, content.stem)


def read_lines(content: Content, options: Options) -> Iterator[Conversation]:
    """The sessions in JSON lines, in their order; a line is parsed when its turn comes.

    Raises
    ------
    TranscriptError
        With the line, when it is no JSON or a cell cannot be read.
    """
    rows = _rows(json_lines(content), options.columns, content.name)
    return conversations(rows, options, content.name, content.stem)


def json_lines(content: Content) -> Iterator[tuple[str, Any]]:
    """Each line's record, or the error that reading it was."""
    number = 0
    try:
        with text_stream(content) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    try:
                        yield f"line {number}", _parsed(line)
                    except TranscriptError as error:
                        yield f"line {number}", error
    except UnicodeDecodeError:
        raise TranscriptError(f"{content.name}, line {number + 1}: not UTF-8; save the file as UTF-8") from None


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise TranscriptError("no JSON; write one whole record a line") from None


def _by_columns(document: Mapping[str, Any], source: str) -> list[tuple[str, Any]]:
    columns = {name: list(cells.values()) if isinstance(cells, dict) else cells for name, cells in document.items()}
    if len({len(cells) for cells in columns.values()}) > 1:
        raise TranscriptError(f"{source}: columns of different lengths; give each a cell for every utterance")
    rows = zip(*columns.values(), strict=True)
    return [(f"row {index}", dict(zip(columns, row, strict=True))) for index, row in enumerate(rows)]


def _rows(records: Iterable[tuple[str, Any]], columns: Mapping[str, str], source: str) -> Iterator[Row]:
    """Rows of records that may leave out what they do not have: a column seen once is a column of all."""
    ours: dict[str, str] = {}
    keys: set[str] = set()
    for place, facts, record in _turn_by_turn(records, columns):
        if isinstance(record, TranscriptError):
            yield Row(place, broken=str(record))
        elif _is_pair(record):
            yield Row(place, {**facts, **dict(zip(NEEDED, record, strict=True))})
        elif not isinstance(record, dict):
            yield Row(place, broken=f"{type(record).__name__} where a record belongs; {EXPECTED}")
        else:
            if not keys:
                inside = {name: theirs for name, theirs in columns.items() if name not in facts}
                ours = named(record, inside, source)
            elif new := record.keys() - keys:
                late = {column_key(key): key for key in new}
                ours = {name: late[name] for name in COLUMNS if name in late} | ours
            keys |= record.keys()
            if lacking := [name for name in NEEDED if ours[name] not in record]:
                yield Row(place, broken=f"no {lacking[0]}; {EXPECTED}")
            else:
                yield Row(place, {**facts, **{name: record.get(theirs) for name, theirs in ours.items()}})


def _turn_by_turn(
    records: Iterable[tuple[str, Any]], columns: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Each utterance's place, what the session around it says of itself, and its record."""
    fact_names = {column_key(name): name for name in FACTS} | {theirs: ours for ours, theirs in columns.items()}
    for place, record in records:
        turns = _turns(record) if isinstance(record, dict) else None
        if turns is None:
            yield place, {}, record
            continue
        facts = {
            fact: value
            for name, value in record.items()
            if (fact := fact_names.get(name) or fact_names.get(column_key(name))) in FACTS
        }
        if place != "$":
            facts.setdefault("session_id", None)
        key = next(name for name in TURNS if record.get(name) is turns)
        if not turns and place != "$":
            yield place, {}, TranscriptError("a session without turns; leave it out, or export it again")
        for index, turn in enumerate(turns):
            yield f"{place}.{key}[{index}]", facts, turn


def _turns(record: Mapping[str, Any]) -> list[Any] | None:
    lists = [record[name] for name in TURNS if isinstance(record.get(name), list)]
    return next((turns for turns in lists if not turns or isinstance(turns[0], (dict, list))), None)


def _is_record(value: object) -> bool:
    return (isinstance(value, dict) and bool(value)) or _is_pair(value)


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == len(NEEDED) and all(isinstance(part, str) for part in value)


def _is_by_columns(document: Mapping[str, Any]) -> bool:
    kinds = {type(cells) for cells in document.values()}
    return len(document) >= len(NEEDED) and (kinds == {list} or kinds == {dict})


FORMATS = (
    Format("json-lines", matches_lines, read_lines, streams=True),
    Format("json-table", matches_json, read_json),
)
