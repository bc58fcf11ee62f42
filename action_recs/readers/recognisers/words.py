"""Words with times -> segments, where a recogniser gives every word on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from action_recs.readers.conversation import Segment


def with_mark(word: Segment, mark: str) -> Segment:
    """The word with a punctuation mark behind it."""
    return replace(word, text=word.text + mark)


def without_gaps(words: Sequence[Segment]) -> list[Segment]:
    """Words that nobody was found for are given to the one who speaks before and after them.

    Words between two speakers stay nobody's.
    """
    filled = list(words)
    unknown = 0
    for index, word in enumerate(filled):
        if word.speaker is None:
            unknown += 1
            continue
        if unknown and index > unknown and filled[index - unknown - 1].speaker == word.speaker:
            for gap in range(index - unknown, index):
                filled[gap] = replace(filled[gap], speaker=word.speaker)
        unknown = 0
    return filled
