"""Amazon Transcribe, with speaker labels or one channel a speaker.

{"jobName": ..., "results": {"items": [{"type": "pronunciation", "start_time": "1.0", "end_time": "1.2",
"alternatives": [{"content": "How"}], "speaker_label": "spk_0"}, {"type": "punctuation", ...}], ...}}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.json_tree import Node
from action_recs.readers.recognisers.words import with_mark, without_gaps
from action_recs.readers.turns import interleave


def matches(content: Content) -> bool:
    """Whether it is the result of a transcription job."""
    results: Any = content.json.get("results") if isinstance(content.json, dict) else None
    return isinstance(results, dict) and isinstance(results.get("items"), list)


def read(content: Content, options: Options) -> Iterator[Conversation]:  # noqa: ARG001
    """The words of all speakers, or of each channel."""
    document = Node(content.json)
    results = document.get("results")
    if results.has("channel_labels"):
        channels = results.get("channel_labels").get("channels").items()
        labelled = [(channel.get("channel_label").label(), channel.get("items")) for channel in channels]
        segments = interleave(_words(items, label, {}) for label, items in labelled)
    else:
        segments = tuple(without_gaps(_words(results.get("items"), None, _speakers(results))))
    yield Conversation(segments, session_id=document.get("jobName").label())


def _words(items: Node, channel: str | None, speakers: dict[float | None, str | None]) -> list[Segment]:
    words: list[Segment] = []
    for item in items.items():
        spoken = item.get("alternatives").first().get("content").text()
        if item.get("type").value == "punctuation":
            words[-1:] = [with_mark(word, spoken) for word in words[-1:]]
            continue
        start, end = item.get("start_time").number(), item.get("end_time").number()
        speaker = channel or item.get("speaker_label").label() or speakers.get(start)
        words.append(Segment(spoken, speaker, start, end, item.path))
    return words


def _speakers(results: Node) -> dict[float | None, str | None]:
    """Who speaks at which time, in older results, whose items do not say it themselves."""
    if not results.has("speaker_labels"):
        return {}
    parts = results.get("speaker_labels").get("segments").items()
    items = (item for part in parts for item in part.get("items").items())
    return {item.get("start_time").number(): item.get("speaker_label").label() for item in items}


FORMATS = (Format("aws-transcribe", matches, read, pieces=True),)
