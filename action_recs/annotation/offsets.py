"""Offsets between code points, which this library counts in, and the UTF-16 code units of Java and JavaScript."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
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


def on_words(text: str, start: int, end: int) -> bool:
    """Whether code points ``start`` to ``end`` begin and end with a word's or mark's own edge, as a hand would mark it.

    Evidence for the unit that offsets are in, where a tool does not say: in the wrong one they fall inside words.

    Examples
    --------
    >>> on_words("Go home.", 3, 7), on_words("Go home.", 4, 8), on_words("Go home.", 2, 7)
    (True, False, False)
    """
    if not 0 <= start < end <= len(text) or text[start].isspace() or text[end - 1].isspace():
        return False
    cut_start = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    cut_end = end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
    return not (cut_start or cut_end)


def likeliest(readings: Sequence[Sequence[bool]]) -> int:
    """Which way to count is meant, where a tool does not say: the first, unless only a later one fits every mark.

    Parameters
    ----------
    readings : sequence of sequence of bool
        For every way to count, the usual one first, whether each mark is sensible in it.

    Examples
    --------
    >>> likeliest([[True, False], [True, True]]), likeliest([[True, False], [False, True]]), likeliest([[], []])
    (1, 0, 0)
    """
    return next((number for number, fits in enumerate(readings) if fits and all(fits)), 0)


def has_wide(text: str) -> bool:
    """Whether the two ways to count differ in this text.

    Examples
    --------
    >>> has_wide("café"), has_wide("😀")
    (False, True)
    """
    return bool(_wide(text))


@lru_cache(maxsize=8)
def _wide(text: str) -> tuple[int, ...]:
    """The places of the characters that take two code units."""
    if text.isascii():
        return ()
    return tuple(index for index, character in enumerate(text) if character > WIDE)
