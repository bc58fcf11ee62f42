"""The form of a format: its name, how its content is told from others', and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from action_recs.readers.conversation import Conversation


@dataclass(frozen=True, slots=True)
class Content:
    """A file (or a text) that is being read.

    Parameters
    ----------
    name : str
        What error messages call it: the path.
    data : bytes
        All of it, or the beginning of a file that is larger than what is read at once (see ``whole``).
    text : str or None
        ``data`` decoded, line ends as they are, without byte order mark; None when it is not text.
    suffix : str
        Of the file's name, in lower case: ".vtt". A hint only: the content decides.
    stem : str or None
        Of the file's name: the session id when nothing else says.
    json : object or None
        What the text holds when it is one JSON document.
    path : Path or None
        The file, for formats that stream it.
    whole : bool
        Whether ``data`` is all of the file. When not, only formats with ``streams`` can read it, from ``path``.
    """

    name: str
    data: bytes = field(repr=False)
    text: str | None = field(default=None, repr=False)
    suffix: str = ""
    stem: str | None = None
    json: Any = field(default=None, repr=False)
    path: Path | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller wants of a reader.

    Parameters
    ----------
    skip : bool
        Leave out what is broken, and list it in ``Conversation.skipped``, instead of raising.
    whole : bool
        With ``skip``, for tables: list a broken row on every session that it may belong to, so that a session without
        broken parts is known to be whole.
    columns : dict of str to str
        For tables: our column name -> the table's ("speaker" -> "who").
    speakers : set of str
        For texts: labels that the caller knows to be speakers, as ``label_key`` writes them.
    """

    skip: bool = False
    columns: dict[str, str] = field(default_factory=dict)
    speakers: frozenset[str] = frozenset()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Parameters
    ----------
    name : str
        "webvtt", "aws-transcribe": in error messages and ``read(..., format=...)``.
    matches : callable
        Whether the content is of this format. Must be quick, and must not raise.
    read : callable
        Yields the conversations in it, most formats one. Raises TranscriptError with place and remedy.
    pieces : bool
        Its segments are pieces of turns (cues, words), in the order of time: they are merged by speaker and pause
        after it was read.
    streams : bool
        It reads ``content.path`` a piece at a time, and therefore takes files of any size.
    """

    name: str
    matches: Callable[[Content], bool]
    read: Callable[[Content, Options], Iterator[Conversation]]
    pieces: bool = False
    streams: bool = False
