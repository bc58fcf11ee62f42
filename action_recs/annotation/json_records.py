"""JSON documents that may be larger than memory: the records of a list, or of lines, one at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from action_recs.annotation.problems import Problem
from action_recs.readers.formats import Content
from action_recs.readers.stream import text_stream

PIECE = 2**20
"""Characters that are read at once."""

LONGEST = 2**28
"""Characters of one record; a session of an hour with every mark is some 10^5."""

SEPARATORS = re.compile(r"[ \t\r\n,]*")


def first_record(content: Content) -> Any:
    """The first record of a list or of lines, or the document itself; None when it is no JSON."""
    text = (content.text or "").lstrip()
    if content.json is not None:
        return content.json[0] if isinstance(content.json, list) and content.json else content.json
    try:
        if text.startswith("["):
            return json.JSONDecoder().raw_decode(text, SEPARATORS.match(text, 1).end())[0]  # type: ignore[union-attr]
        return json.JSONDecoder().raw_decode(text)[0] if text.startswith("{") else None
    except (ValueError, RecursionError):
        return None


def records(content: Content) -> Iterator[tuple[str, Any]]:
    """The records with their places ("record 3" of a list, "line 7"), or a Problem in the place of a broken one.

    After a break in a list nothing more can be read; a broken line costs that line only.
    """
    if isinstance(content.json, list):
        yield from ((f"record {number}", record) for number, record in enumerate(content.json, start=1))
    elif content.json is not None:
        yield "line 1", content.json
    elif (content.text or "").lstrip().startswith("["):
        yield from _elements(text_stream(content))
    else:
        yield from _lines(text_stream(content))


def _lines(stream: TextIO) -> Iterator[tuple[str, Any]]:
    with stream:
        # Not str.splitlines: JSON strings may hold the line ends of other alphabets.
        for number, line in enumerate(stream, start=1):
            if not line.strip("\ufeff \t\r\n"):
                continue
            place = f"line {number}"
            try:
                yield place, json.loads(line.strip("\ufeff \t\r\n"))
            except (ValueError, RecursionError):
                yield place, _broken(place, "export it again, or leave the line out")


def _elements(stream: TextIO) -> Iterator[tuple[str, Any]]:
    """The elements of a JSON list, each parsed as soon as it was read."""
    decoder = json.JSONDecoder()
    with stream:
        held = stream.read(PIECE)
        at, number, wanted = held.index("[") + 1, 1, PIECE
        while True:
            at = SEPARATORS.match(held, at).end()  # type: ignore[union-attr] # it matches nothing, too
            if held.startswith("]", at):
                return
            try:
                record, end = decoder.raw_decode(held, at)
                if end == len(held):  # a number may go on
                    raise json.JSONDecodeError("cut", "", end)
            except RecursionError:
                yield f"record {number}", _broken(f"record {number}", "its nesting is beyond reason")
                return
            except ValueError:
                more = stream.read(wanted)
                if not more or len(held) - at > LONGEST:
                    yield f"record {number}", _broken(f"record {number}", "it may be cut off: export it again")
                    return
                held, at = held[at:] + more, 0
                wanted = len(held)  # so that a long record is tried a few times, not once a piece
                continue
            yield f"record {number}", record
            at, number, wanted = end, number + 1, PIECE


def _broken(place: str, remedy: str) -> Problem:
    return Problem("unreadable", "broken JSON", remedy, place)
