"""Deepgram: utterances where they were asked for, otherwise words.

{"metadata": ..., "results": {"channels": [{"alternatives": [{"words": [{"word": "how", "punctuated_word": "How",
"start": 1.0, "end": 1.2, "speaker": 0, ...}], ...}]}],
"utterances": [{"start": 1.0, "end": 4.6, "transcript": "How did it go?", "speaker": 0, "channel": 0, ...}]}}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.json_tree import Node
from action_recs.readers.recognisers.words import without_gaps
from action_recs.readers.turns import interleave


def matches(content: Content) -> bool:
    """Whether there are results with channels."""
    document = Node(content.json)
    return document.has("results") and document.get("results").has("channels")


def read(content: Content, options: Options) -> Iterator[Conversation]:  # noqa: ARG001
    """The utterances or words, with the speaker, or the channel where there are several."""
    results = Node(content.json).get("results")
    channels = results.get("channels").items()
    segments: Sequence[Segment]
    if results.has("utterances"):
        found = [_utterance(each, len(channels) > 1) for each in results.get("utterances").items()]
        segments = sorted(found, key=lambda segment: inf if segment.start is None else segment.start)
    elif len(channels) > 1:
        segments = interleave(_words(channel, f"Channel {number}") for number, channel in enumerate(channels))
    else:
        segments = without_gaps([word for channel in channels for word in _words(channel, None)])
    yield Conversation(tuple(segments))


def _utterance(said: Node, several_channels: bool) -> Segment:
    speaker = said.get("channel").label("Channel") if several_channels else said.get("speaker").label("Speaker")
    words = said.get("transcript").text()
    return Segment(words, speaker, said.get("start").number(), said.get("end").number(), said.path)


def _words(channel: Node, name: str | None) -> list[Segment]:
    best = channel.get("alternatives").first()
    return [
        Segment(
            word.get("punctuated_word" if word.has("punctuated_word") else "word").text(),
            name or word.get("speaker").label("Speaker"),
            word.get("start").number(),
            word.get("end").number(),
            word.path,
        )
        for word in best.get("words").items()
    ]


FORMATS = (Format("deepgram", matches, read, pieces=True),)
