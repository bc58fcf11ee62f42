"""Amazon Transcribe, with speaker labels or one channel a speaker.

{"jobName": ..., "results": {"items": [{"type": "pronunciation", "start_time": "1.0", "end_time": "1.2",
"alternatives": [{"content": "How"}], "speaker_label": "spk_0"}, {"type": "punctuation", ...}], ...}}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.json_tree import Node
from action_recs.readers.recognisers.parts import read_parts, without_gaps
from action_recs.readers.turns import interleave


def matches(content: Content) -> bool:
    """Whether it is the result of a transcription job."""
    results: Any = content.json.get("results") if isinstance(content.json, dict) else None
    return isinstance(results, dict) and isinstance(results.get("items"), list)


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The words of all speakers, or of each channel."""
    document = Node(content.json)
    results = document.get("results")
    if results.has("channel_labels"):
        channels = results.get("channel_labels").get("channels").items()
        heard = [
            _words(channel.get("items"), channel.get("channel_label").label(), {}, options) for channel in channels
        ]
        segments = interleave(words for words, _ in heard)
        broken = tuple(each for _, parts in heard for each in parts)
    else:
        words, broken = _words(results.get("items"), None, _speakers(results), options)
        segments = tuple(without_gaps(words))
    yield Conversation(segments, session_id=document.get("jobName").label(), skipped=broken)


def _words(
    items: Node, channel: str | None, speakers: dict[float | None, str | None], options: Options
) -> tuple[list[Segment], tuple[str, ...]]:
    found, broken = read_parts(items.items(), _item, options)
    words: list[Segment] = []
    for is_mark, item in found:
        if is_mark:
            words[-1:] = [replace(word, text=word.text + item.text) for word in words[-1:]]
        else:
            words.append(replace(item, speaker=channel or item.speaker or speakers.get(item.start)))
    return words, broken


def _item(node: Node) -> tuple[bool, Segment]:
    """Whether it is a punctuation mark, which has no times, and what it is."""
    spoken = node.get("alternatives").first().get("content").text()
    start, end = node.get("start_time").number(), node.get("end_time").number()
    is_mark = node.get("type").value == "punctuation"
    return is_mark, Segment(spoken, node.get("speaker_label").label(), start, end, node.path)


def _speakers(results: Node) -> dict[float | None, str | None]:
    """Who speaks at which time, in older results, whose items do not say it themselves."""
    if not results.has("speaker_labels"):
        return {}
    parts = results.get("speaker_labels").get("segments").items()
    items = (item for part in parts for item in part.get("items").items())
    return {item.get("start_time").number(): item.get("speaker_label").label() for item in items}


FORMATS = (Format("aws-transcribe", matches, read, pieces=True),)
