"""AWS HealthScribe: turns whose speakers are already called CLINICIAN_0 and PATIENT_0.

{"Conversation": {"ConversationId": ..., "TranscriptSegments": [{"BeginAudioTime": 1.0, "EndAudioTime": 4.6,
"Content": "How did it go?", "ParticipantDetails": {"ParticipantRole": "CLINICIAN_0"}, ...}], ...}}
"""

from __future__ import annotations

from collections.abc import Iterator

from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.json_tree import Node


def matches(content: Content) -> bool:
    """Whether it is the transcript of a conversation (the summary is another file)."""
    return Node(content.json).has("Conversation") and Node(content.json["Conversation"]).has("TranscriptSegments")


def read(content: Content, options: Options) -> Iterator[Conversation]:  # noqa: ARG001
    """The segments."""
    document = Node(content.json).get("Conversation")
    found = [
        Segment(
            each.get("Content").text(),
            each.get("ParticipantDetails").get("ParticipantRole").label() if each.has("ParticipantDetails") else None,
            each.get("BeginAudioTime").number(),
            each.get("EndAudioTime").number(),
            each.path,
        )
        for each in document.get("TranscriptSegments").items()
    ]
    yield Conversation(tuple(found), session_id=document.get("ConversationId").label())


FORMATS = (Format("aws-healthscribe", matches, read, pieces=True),)
