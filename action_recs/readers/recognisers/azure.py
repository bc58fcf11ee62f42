"""Azure Speech: batch transcription, and fast transcription.

{"recognizedPhrases": [{"recognitionStatus": "Success", "channel": 0, "speaker": 1, "offsetInTicks": 10000000,
"durationInTicks": 36000000, "nBest": [{"display": "How did it go?", ...}], ...}], ...}
{"phrases": [{"speaker": 1, "offsetMilliseconds": 1000, "durationMilliseconds": 3600, "text": "How did it go?", ...}],
"combinedPhrases": [...], ...}
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import inf

from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.json_tree import Node
from action_recs.readers.recognisers.parts import read_parts

UNITS = (("InTicks", 1e7), ("Milliseconds", 1e3))
"""The endings of a time's name, and how many of it are a second."""


def matches(content: Content) -> bool:
    """Whether there are recognised phrases."""
    document = Node(content.json)
    return document.has("recognizedPhrases") or (document.has("phrases") and document.has("combinedPhrases"))


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The phrases, in the order of time: channels come one after the other."""
    document = Node(content.json)
    phrases = document.get("recognizedPhrases" if document.has("recognizedPhrases") else "phrases").items()
    several = len({str(phrase.value.get("channel")) for phrase in phrases if isinstance(phrase.value, dict)}) > 1
    heard, broken = read_parts(phrases, partial(_segment, several_channels=several), options)
    found = [segment for segment in heard if segment is not None]
    if several:
        found.sort(key=lambda segment: inf if segment.start is None else segment.start)
    yield Conversation(tuple(found), skipped=broken)


def _segment(phrase: Node, several_channels: bool) -> Segment | None:
    """A phrase, or None where nothing was understood."""
    if phrase.get("recognitionStatus").value not in (None, "Success"):
        return None
    said = phrase.get("nBest").first().get("display") if phrase.has("nBest") else phrase.get("text")
    speaker = phrase.get("channel").label("Channel") if several_channels else phrase.get("speaker").label("Speaker")
    start, length = _time(phrase, "offset"), _time(phrase, "duration")
    end = None if start is None or length is None else round(start + length, 7)
    return Segment(said.text(), speaker, start, end, phrase.path)


def _time(phrase: Node, name: str) -> float | None:
    for ending, unit in UNITS:
        if phrase.has(name + ending):
            return phrase.get(name + ending).number(unit)
    return None


FORMATS = (Format("azure-speech", matches, read, pieces=True),)
