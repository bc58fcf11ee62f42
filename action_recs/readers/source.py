"""What ``tag`` takes: a transcript, pairs, a text, or a path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from action_recs.errors import TranscriptError
from action_recs.readers.text import LABELLED, parse_text, read_text
from action_recs.transcript import Role, Transcript

Source = Transcript | str | Path | Iterable[tuple[str, str]]


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
    if isinstance(source, Path):
        return read_text(source, roles=roles)
    if isinstance(source, str):
        if _exists(source):
            return read_text(Path(source), roles=roles)
        if "\n" in source.strip() or LABELLED.match(source):
            return parse_text(source, roles=roles)
        remedy = "give an existing file, or text with a speaker label per line ('Therapist: ...')"
        raise TranscriptError(f"a string of {len(source)} characters is neither a file nor a transcript; {remedy}")
    if isinstance(source, Iterable) and not isinstance(source, (bytes, Mapping)):
        return Transcript.from_pairs(source, roles=roles)
    expected = "a path, a text, a list of (role, text) pairs or a Transcript"
    raise TranscriptError(f"cannot read a transcript from {type(source).__name__}; give {expected}")


def _exists(text: str) -> bool:
    try:
        return bool(text) and Path(text).exists()
    except (OSError, ValueError):  # too long for a name, or with a NUL: then it is a text
        return False
