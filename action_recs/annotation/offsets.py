"""Offsets between code points, which this library counts in, and the UTF-16 code units of Java and JavaScript."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import lru_cache

WIDE = "\uffff"
"""Characters above this take two code units."""


def to_utf16(text: str, offset: int) -> int:
    """How many UTF-16 code units stand before a code point.

    Examples
    --------
    >>> to_utf16("a😀b", 2)
    3
    """
    return offset + bisect_left(_wide(text), offset)


def from_utf16(text: str, offset: int) -> int:
    """The code point that a UTF-16 offset names.

    Raises
    ------
    ValueError
        When it lies inside a character that takes two units, or outside the text.

    Examples
    --------
    >>> from_utf16("a😀b", 3)
    2
    """
    wide = _wide(text)
    # The wide character number i (from 0) ends at unit wide[i] + i + 2.
    before = bisect_right(range(len(wide)), offset, key=lambda index: wide[index] + index + 2)
    point = offset - before
    if not 0 <= point <= len(text):
        raise ValueError("outside the text")
    if to_utf16(text, point) != offset:
        raise ValueError("inside a character that takes two UTF-16 code units")
    return point


@lru_cache(maxsize=8)
def _wide(text: str) -> tuple[int, ...]:
    """The places of the characters that take two code units."""
    if text.isascii():
        return ()
    return tuple(index for index, character in enumerate(text) if character > WIDE)
