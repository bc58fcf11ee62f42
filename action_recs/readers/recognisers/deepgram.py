"""Deepgram: utterances where they were asked for, otherwise words.

{"metadata": ..., "results": {"channels": [{"alternatives": [{"words": [{"word": "how", "punctuated_word": "How",
"start": 1.0, "end": 1.2, "speaker": 0, ...}], ...}]}],
"utterances": [{"start": 1.0, "end": 4.6, "transcript": "How did it go?", "speaker": 0, "channel": 0, ...}]}}
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import inf

from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.json_tree import Node
from action_recs.readers.recognisers.parts import read_parts, without_gaps
from action_recs.readers.turns import interleave


def matches(content: Content) -> bool:
    """Whether there are results with channels."""
    document = Node(content.json)
    return document.has("results") and document.get("results").has("channels")


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The utterances or words, with the speaker, or the channel where there are several."""
    results = Node(content.json).get("results")
    channels = results.get("channels").items()
    if results.has("utterances"):
        utterance = partial(_utterance, several_channels=len(channels) > 1)
        found, broken = read_parts(results.get("utterances").items(), utterance, options)
        segments = tuple(sorted(found, key=lambda segment: inf if segment.start is None else segment.start))
        yield Conversation(segments, skipped=broken)
        return
    heard = []
    for number, channel in enumerate(channels):
        word = partial(_word, channel=f"Channel {number}" if len(channels) > 1 else None)
        heard.append(read_parts(channel.get("alternatives").first().get("words").items(), word, options))
    words = [each for each, _ in heard]
    segments = interleave(words) if len(words) > 1 else tuple(without_gaps(words[0] if words else []))
    yield Conversation(segments, skipped=tuple(each for _, broken in heard for each in broken))


def _utterance(node: Node, several_channels: bool) -> Segment:
    speaker = node.get("channel").label("Channel") if several_channels else node.get("speaker").label("Speaker")
    return Segment(
        node.get("transcript").text(), speaker, node.get("start").number(), node.get("end").number(), node.path
    )


def _word(node: Node, channel: str | None) -> Segment:
    spoken = node.get("punctuated_word" if node.has("punctuated_word") else "word").text()
    speaker = channel or node.get("speaker").label("Speaker")
    return Segment(spoken, speaker, node.get("start").number(), node.get("end").number(), node.path)


FORMATS = (Format("deepgram", matches, read, pieces=True),)
