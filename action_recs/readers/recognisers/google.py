"""Google Speech-to-Text, versions 1 and 2, with diarisation or one channel a speaker.

{"results": [{"alternatives": [{"transcript": ..., "words": [
    {"startTime": "1s", "endTime": "1.200s", "word": "How", "speakerTag": 1}, ...            version 1
    {"startOffset": "1s", "endOffset": "1.200s", "word": "How", "speakerLabel": "1"}, ...    version 2
]}], "channelTag": 1, ...}]}

The results may also lie in the operation that made them, or in a batch's answer for one file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.json_tree import Node
from action_recs.readers.recognisers.parts import read_parts, without_gaps
from action_recs.readers.turns import interleave


def matches(content: Content) -> bool:
    """Whether there are results with alternatives."""
    try:
        return any(each.has("alternatives") for each in _results(Node(content.json)).items())
    except TranscriptError:
        return False


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The words of all speakers, or of each channel."""
    channels: dict[str | None, list[list[Segment]]] = defaultdict(list)
    broken: list[str] = []
    for result in _results(Node(content.json)).items():
        channel = result.get("channelTag").label("Channel")
        words, problems = read_parts(_words(result), partial(_word, channel=channel), options)
        channels[channel].append(words)
        broken.extend(problems)
    if len(channels) > 1:
        segments = interleave([word for words in each for word in words] for each in channels.values())
    else:
        segments = tuple(without_gaps(_once([words for each in channels.values() for words in each])))
    yield Conversation(segments, skipped=tuple(broken))


def _results(document: Node) -> Node:
    if document.has("response"):
        document = document.get("response")
    results = document.get("results")
    if isinstance(results.value, dict) and len(results.value) == 1:  # a batch: by the file's address
        answer = results.get(next(iter(results.value)))
        inner = answer.get("inlineResult") if answer.has("inlineResult") else answer
        return inner.get("transcript").get("results")
    return results


def _words(result: Node) -> list[Node]:
    if not result.has("alternatives"):
        return []
    best = result.get("alternatives").first()
    if not best.has("words"):
        if best.has("transcript") and best.get("transcript").text().strip():
            raise TranscriptError(f"{best.path}: no words; transcribe with word times and diarisation switched on")
        return []
    return best.get("words").items()


def _word(word: Node, channel: str | None) -> Segment:
    second = word.has("startOffset") or word.has("endOffset")
    start, end = ("startOffset", "endOffset") if second else ("startTime", "endTime")
    speaker = word.get("speakerLabel").label("Speaker") or word.get("speakerTag").label("Speaker")
    if speaker == "Speaker 0":  # version 1 has 0 where it did not look
        speaker = None
    spoken = word.get("word").text()
    return Segment(spoken, speaker or channel, word.get(start).number(), word.get(end).number(), word.path)


def _once(results: list[list[Segment]]) -> list[Segment]:
    """Every word once: with diarisation, version 1 repeats them all in the last result, and says only there who."""
    *earlier, last = [words for words in results if words] or [[]]
    said_before = sum(map(len, earlier))
    if earlier and said_before <= len(last) and not any(word.speaker for words in earlier for word in words):
        return last
    return [word for words in (*earlier, last) for word in words]


FORMATS = (Format("google-speech", matches, read, pieces=True),)
