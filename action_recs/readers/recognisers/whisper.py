"""Whisper and what is built on it: openai-whisper, faster-whisper, WhisperX, the transcription API of OpenAI.

{"segments": [{"start": 1.0, "end": 4.6, "text": " How did it go?", "speaker": "SPEAKER_00", ...}], "language": "en"}

Only WhisperX and the diarising commands and models say who speaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.json_tree import Node
from action_recs.readers.recognisers.parts import read_parts

OF_A_SEGMENT = {"start", "end", "text"}
WHISPERS_OWN = {"seek", "avg_logprob", "no_speech_prob", "compression_ratio"}


def matches(content: Content) -> bool:
    """Whether it is a list of segments, bare (faster-whisper's, dumped) or in a document."""
    document = content.json
    if isinstance(document, dict):
        return isinstance(document.get("segments"), list) and all(map(_is_segment, document["segments"][:1]))
    first = document[0] if isinstance(document, list) and document else {}
    return _is_segment(first) and not WHISPERS_OWN.isdisjoint(first)


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The segments, which are sentences or pieces of them."""
    document = Node(content.json)
    segments = document.get("segments") if isinstance(content.json, dict) else document
    found, broken = read_parts(segments.items(), _segment, options)
    yield Conversation(tuple(found), skipped=broken)


def _segment(node: Node) -> Segment:
    words = node.get("text").text().strip()
    speaker = node.get("speaker").label("Speaker")
    return Segment(words, speaker, node.get("start").number(), node.get("end").number(), node.path)


def _is_segment(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() >= OF_A_SEGMENT


FORMATS = (Format("whisper", matches, read, pieces=True),)
