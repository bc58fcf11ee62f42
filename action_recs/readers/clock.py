"""Times as people and programs write them: "1:02", "00:01:02.500", "1:02:03,5"."""

from __future__ import annotations

import re

CLOCK = r"(?:\d{1,4}:)?\d{1,3}:\d{1,2}(?:[.,]\d{1,9})?"
"""The pattern of a time with at least minutes and seconds."""

PARTS = re.compile(r"(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,9}))?")


def seconds(clock: str) -> float:
    """A time in seconds, exact to the last digit that was written.

    Raises
    ------
    ValueError
        When it is no time.

    Examples
    --------
    >>> seconds("1:02:03,5"), seconds("01:02.250")
    (3723.5, 62.25)
    """
    found = PARTS.fullmatch(clock.strip())
    if not found:
        raise ValueError("no time")
    hours, minutes, whole, fraction = found.groups(default="0")
    return float(f"{int(hours) * 3600 + int(minutes) * 60 + int(whole)}.{fraction}")
