"""What ``tag`` takes: a transcript, pairs, a text, a file, or a table in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from action_recs.errors import TranscriptError
from action_recs.readers.frames import is_frame
from action_recs.readers.reading import parse_text, read, read_many
from action_recs.readers.text import opens_a_turn
from action_recs.transcript import Role, Transcript

Source = Transcript | str | Path | Iterable[tuple[str, str]]
"""Also a pandas or polars frame or a datasets.Dataset, which the library cannot name without importing them."""


def read_source(source: Source, *, roles: Mapping[str, Role | str] | None = None) -> Transcript:
    """Turn whatever was given into a transcript.

    A string is a path when it names something that exists or holds no speaker label, and a text otherwise.

    Raises
    ------
    TranscriptError
        When it cannot be read as a transcript. A string is never repeated in the message: it may be the transcript.
    """
    if isinstance(source, Transcript):
        return source
    if isinstance(source, Path) or is_frame(source):
        return read(source, roles)
    if isinstance(source, str):
        if _exists(source):
            return read(source, roles)
        if "\n" in source.strip() or opens_a_turn(source):
            return parse_text(source, roles=roles)
        remedy = "give an existing file, or text with a speaker label per line ('Therapist: ...')"
        raise TranscriptError(f"a string of {len(source)} characters is neither a file nor a transcript; {remedy}")
    if isinstance(source, Iterable) and not isinstance(source, (bytes, Mapping)):
        return Transcript.from_pairs(source, roles=roles)
    expected = "a path, a text, a list of (role, text) pairs, a table or a Transcript"
    raise TranscriptError(f"cannot read a transcript from {type(source).__name__}; give {expected}")


def read_sources(
    sources: Iterable[Source] | str | Path, *, roles: Mapping[str, Role | str] | None = None
) -> Iterator[Transcript]:
    """Read sources one after another; a file or table with many sessions gives them all.

    Raises
    ------
    TranscriptError
        At the first that cannot be read.
    """
    if isinstance(sources, (str, Path)) or is_frame(sources):
        yield from read_many(sources, roles)
        return
    for source in sources:
        if isinstance(source, Path) or is_frame(source) or (isinstance(source, str) and _exists(source)):
            yield from read_many([source], roles)
        else:
            yield read_source(source, roles=roles)


def _exists(text: str) -> bool:
    try:
        return bool(text) and Path(text).exists()
    except (OSError, ValueError):  # too long for a name, or with a NUL: then it is a text
        return False
