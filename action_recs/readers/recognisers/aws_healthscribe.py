"""AWS HealthScribe: turns whose speakers are already called CLINICIAN_0 and PATIENT_0.

{"Conversation": {"ConversationId": ..., "TranscriptSegments": [{"BeginAudioTime": 1.0, "EndAudioTime": 4.6,
"Content": "How did it go?", "ParticipantDetails": {"ParticipantRole": "CLINICIAN_0"}, ...}], ...}}
"""

from __future__ import annotations

from collections.abc import Iterator

from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.json_tree import Node
from action_recs.readers.recognisers.parts import read_parts


def matches(content: Content) -> bool:
    """Whether it is the transcript of a conversation (the summary is another file)."""
    return Node(content.json).has("Conversation") and Node(content.json["Conversation"]).has("TranscriptSegments")


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The segments."""
    document = Node(content.json).get("Conversation")
    found, broken = read_parts(document.get("TranscriptSegments").items(), _segment, options)
    yield Conversation(tuple(found), session_id=document.get("ConversationId").label(), skipped=broken)


def _segment(node: Node) -> Segment:
    who = node.get("ParticipantDetails").get("ParticipantRole").label() if node.has("ParticipantDetails") else None
    start, end = node.get("BeginAudioTime").number(), node.get("EndAudioTime").number()
    return Segment(node.get("Content").text(), who, start, end, node.path)


FORMATS = (Format("aws-healthscribe", matches, read, pieces=True),)
