"""Rev.ai and Rev: monologues of words and marks, blanks included.

{"monologues": [{"speaker": 0, "elements": [{"type": "text", "value": "How", "ts": 1.0, "end_ts": 1.2, ...},
{"type": "punct", "value": " "}, ...]}], "speakers": [{"id": 0, "name": "Dr. Lee"}]}
"""

from __future__ import annotations

from collections.abc import Iterator

from action_recs.errors import TranscriptError
from action_recs.readers.clock import seconds
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.json_tree import Node
from action_recs.readers.turns import PAUSE


def matches(content: Content) -> bool:
    """Whether there are monologues."""
    return Node(content.json).has("monologues")


def read(content: Content, options: Options) -> Iterator[Conversation]:  # noqa: ARG001
    """The monologues, divided at pauses."""
    document = Node(content.json)
    speakers = document.get("speakers").items() if document.has("speakers") else []  # where people transcribed
    names = {each.get("id").label(): each.get("name").label() for each in speakers}
    found = [piece for each in document.get("monologues").items() for piece in _pieces(each, names)]
    yield Conversation(tuple(found))


def _pieces(monologue: Node, names: dict[str | None, str | None]) -> Iterator[Segment]:
    number = monologue.get("speaker")
    speaker = names.get(number.label()) or number.label("Speaker")
    text = ""
    start = end = None
    for element in monologue.get("elements").items():
        begin = _time(element, "ts", "timestamp")
        if begin is not None and end is not None and begin - end >= PAUSE:
            yield Segment(text.strip(), speaker, start, end, monologue.path)
            text, start = "", None
        text += element.get("value").text()
        start = begin if start is None else start
        end = _time(element, "end_ts", "end_timestamp") or end
    if text.strip():
        yield Segment(text.strip(), speaker, start, end, monologue.path)


def _time(element: Node, name: str, long_name: str) -> float | None:
    """Seconds as a number, or, where people transcribed, as a clock: "00:00:01,000"."""
    if not element.has(long_name):
        return element.get(name).number()
    try:
        return seconds(element.get(long_name).text())
    except ValueError:
        raise TranscriptError(f"{element.path}.{long_name}: a time that cannot be read; export it again") from None


FORMATS = (Format("rev", matches, read, pieces=True),)
