"""Rev.ai and Rev: monologues of words and marks, blanks included.

{"monologues": [{"speaker": 0, "elements": [{"type": "text", "value": "How", "ts": 1.0, "end_ts": 1.2, ...},
{"type": "punct", "value": " "}, ...]}], "speakers": [{"id": 0, "name": "Dr. Lee"}]}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from action_recs.errors import TranscriptError
from action_recs.readers.clock import seconds
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.json_tree import Node
from action_recs.readers.recognisers.parts import read_parts
from action_recs.readers.turns import PAUSE


def matches(content: Content) -> bool:
    """Whether there are monologues."""
    return Node(content.json).has("monologues")


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The monologues, divided at pauses."""
    document = Node(content.json)
    speakers = document.get("speakers").items() if document.has("speakers") else []  # where people transcribed
    names = {each.get("id").label(): each.get("name").label() for each in speakers}
    found, broken = read_parts(document.get("monologues").items(), partial(_pieces, names=names), options)
    yield Conversation(tuple(piece for pieces in found for piece in pieces), skipped=broken)


def _pieces(monologue: Node, names: dict[str | None, str | None]) -> list[Segment]:
    number = monologue.get("speaker")
    silent = Segment("", names.get(number.label()) or number.label("Speaker"), place=monologue.path)
    pieces = [silent]
    for element in monologue.get("elements").items():
        start, end = _time(element, "ts", "timestamp"), _time(element, "end_ts", "end_timestamp")
        said = pieces[-1]
        if start is not None and said.end is not None and start - said.end >= PAUSE:
            said = silent
            pieces.append(said)
        text = said.text + element.get("value").text()
        begin = start if said.start is None else said.start
        pieces[-1] = replace(said, text=text, start=begin, end=said.end if end is None else end)
    return [replace(piece, text=piece.text.strip()) for piece in pieces]


def _time(element: Node, name: str, long_name: str) -> float | None:
    """Seconds as a number, or, where people transcribed, as a clock: "00:00:01,000"."""
    if not element.has(long_name):
        return element.get(name).number()
    try:
        return seconds(element.get(long_name).text())
    except ValueError:
        raise TranscriptError(f"{element.path}.{long_name}: a time that cannot be read; export it again") from None


FORMATS = (Format("rev", matches, read, pieces=True),)
