"""The lines of a file that a run wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from action_recs.errors import TranscriptError


def json_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each line that is not blank, with its number.

    Raises
    ------
    TranscriptError
        When the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            yield from ((number, line) for number, line in enumerate(file, start=1) if line.strip())
    except OSError as error:
        raise TranscriptError(f"{path}: cannot be read ({error.strerror}); check the path") from None
