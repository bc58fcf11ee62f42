"""The parts of a recogniser's answer, one by one, so that a broken one can be left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Segment
from action_recs.readers.formats import Options
from action_recs.readers.json_tree import Node

Part = TypeVar("Part")


def read_parts(
    nodes: Iterable[Node], read: Callable[[Node], Part], options: Options
) -> tuple[list[Part], tuple[str, ...]]:
    """Read each part; those that are broken are listed with place and reason.

    Raises
    ------
    TranscriptError
        At the first broken one, unless ``options.skip``.
    """
    parts: list[Part] = []
    broken: list[str] = []
    for node in nodes:
        try:
            parts.append(read(node))
        except TranscriptError as error:
            if not options.skip:
                raise
            broken.append(str(error))
    return parts, tuple(broken)


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
