"""AssemblyAI, with speaker labels or one channel a speaker.

{"id": ..., "status": "completed", "utterances": [{"speaker": "A", "text": "How did it go?", "start": 1000,
"end": 4600, "words": [...]}], "words": [{"text": "How", "start": 1000, "end": 1200, "speaker": "A"}, ...], ...}
"""

from __future__ import annotations

from collections.abc import Iterator

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.json_tree import Node
from action_recs.readers.recognisers.parts import read_parts

MILLISECONDS = 1000


def matches(content: Content) -> bool:
    """Whether it is the answer to a transcription request."""
    document = Node(content.json)
    asked = document.has("audio_url") or document.has("utterances")
    return asked and document.has("status") and "words" in content.json


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The utterances."""
    document = Node(content.json)
    if document.get("status").value != "completed":
        raise TranscriptError("status: the transcription is not completed; fetch it again when it is")
    if not document.has("utterances"):
        raise TranscriptError("utterances: none; transcribe with speaker_labels switched on")
    found, broken = read_parts(document.get("utterances").items(), _utterance, options)
    yield Conversation(tuple(found), session_id=document.get("id").label(), skipped=broken)


def _utterance(node: Node) -> Segment:
    start, end = node.get("start").number(MILLISECONDS), node.get("end").number(MILLISECONDS)
    return Segment(node.get("text").text(), node.get("speaker").label("Speaker"), start, end, node.path)


FORMATS = (Format("assemblyai", matches, read, pieces=True),)
