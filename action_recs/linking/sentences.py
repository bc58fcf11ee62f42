"""Where the sentences of an utterance begin and end."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+")
LONGEST_STRETCH = 24
"""Words of a stretch at most: what has no full stops, as speech recognisers leave it, is cut there."""


def stretches(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, or of each stretch of ``LONGEST_STRETCH`` words in a longer one.

    Examples
    --------
    >>> list(stretches("No. I forgot it."))
    [(0, 3), (4, 16)]
    """
    starts = [0, *(found.end() for found in SENTENCE_END.finditer(text)), len(text)]
    for begin, until in itertools.pairwise(starts):
        words = [(found.start() + begin, found.end() + begin) for found in re.finditer(r"\S+", text[begin:until])]
        for first in range(0, len(words), LONGEST_STRETCH):
            some = words[first : first + LONGEST_STRETCH]
            yield some[0][0], some[-1][1]
