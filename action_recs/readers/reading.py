"""From a file to transcripts: content, format, conversation, turns, roles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from action_recs.errors import RoleError, TranscriptError
from action_recs.readers.content import load_content, text_content
from action_recs.readers.conversation import Conversation
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.frames import is_frame, read_frame
from action_recs.readers.registry import detect, named_format
from action_recs.readers.turns import check_times, merge_turns
from action_recs.roles import assign_roles
from action_recs.transcript import Role, Transcript, named_roles

OnError = Literal["raise", "skip"]
Roles = Mapping[str, Role | str]

CORPUS_INDEX = "corpus.json"
"""Beside it, ConvoKit keeps the utterances in one file, and in others what is no transcript."""

MOST_LISTED = 5
"""Places that a message names."""


def read(
    path: Any,
    roles: Roles | None = None,
    on_error: OnError = "raise",
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Transcript:
    """Read the transcript of one session.

    Parameters
    ----------
    path : path, or pandas or polars frame, or datasets.Dataset
        The format is told from the content.
    roles : mapping, optional
        Speaker to role, where the source does not say it: ``{"spk_0": "therapist", "spk_1": "client"}``. Refused where
        roles are missing and none of the names is a speaker's; :func:`read_many` ignores names that a session lacks.
    on_error : {"raise", "skip"}
        What to do with parts that are broken: refuse the transcript, or leave them out and list them in
        ``Transcript.skipped``.
    format : str, optional
        The format's name, when it cannot be told from the content.
    columns : mapping, optional
        For tables: our column name to the table's, ``{"speaker": "who", "text": "said"}``.

    Raises
    ------
    TranscriptError
        With the place and a remedy, when it cannot be read, or holds more than one session.
    RoleError
        When the speakers' roles cannot be told.

    Examples
    --------
    >>> action_recs.read("session.vtt", roles={"Speaker 1": "therapist"})  # doctest: +SKIP
    Transcript(212 utterances)
    """
    request = _request(roles, on_error, format, columns)
    return _only(_opened(path, request), request)


def read_text(path: str | Path, *, roles: Roles | None = None) -> Transcript:
    """Read a text file with a speaker label per line, whatever else it looks like (see :func:`read`)."""
    return read(path, roles, format="text")


def parse_text(
    text: str, *, roles: Roles | None = None, source: str = "the text", session_id: str | None = None
) -> Transcript:
    """Make a transcript from text that is in memory.

    Parameters
    ----------
    text : str
        In any of the text formats, mostly with a speaker label per line.
    roles : mapping, optional
        Label to role, for labels that do not say it: ``{"Dr. Lee": "therapist"}``. Goes before the known words.
    source : str
        What error messages call the text.
    session_id : str, optional

    Raises
    ------
    TranscriptError
        With the line, when it is no transcript; for the reasons of :func:`read`.

    Examples
    --------
    >>> [u.role.value for u in parse_text("T: Did you walk?\\nC: Twice.").utterances]
    ['therapist', 'client']
    """
    content = replace(text_content(text, source), stem=session_id)
    request = _request(roles, "raise", None, None)
    return _only(_opened_content(content, request), request)


def read_many(
    path: Any,
    roles: Roles | None = None,
    on_error: OnError = "raise",
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    progress: bool = False,
) -> Transcripts:
    """Read every session in a file or folder, one at a time.

    Parameters
    ----------
    path : path, iterable of paths, or pandas or polars frame, or datasets.Dataset
        A folder is searched with its subfolders, in the order of names; hidden files are not read.
    roles, on_error, format, columns
        As for :func:`read`. With ``on_error="skip"``, a session or file that cannot be read at all is left out too.
    progress : bool
        Show a progress bar over the files.

    Returns
    -------
    Transcripts
        An iterator of :class:`~action_recs.transcript.Transcript`; its ``skipped`` lists what was left out so far.
    """
    return Transcripts(path, roles, on_error, format=format, columns=columns, progress=progress)


def read_each(
    source: Any,
    roles: Roles | None = None,
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Iterator[Transcript | TranscriptError]:
    """Every session of a file, in order, and in place of one that cannot be read whole the error that says why.

    A part that is broken costs the session it lies in, and no other: nothing is left out of a transcript. At least one
    item comes.

    Parameters
    ----------
    source : path, or Content
        What is in memory already comes as a :class:`~action_recs.readers.formats.Content`.
    roles, format, columns
        As for :func:`read`.
    """
    request = _request(roles, "skip", format, columns)
    request = replace(request, options=replace(request.options, whole=True))
    try:
        opened = _opened(source, request)
        for number, conversation in enumerate(opened.conversations, start=1):
            name = opened.name if number == 1 else f"{opened.name}, session {number}"
            try:
                transcript = _transcript(conversation, opened, name, request)
            except TranscriptError as error:
                yield error if not conversation.skipped else _broken(conversation.skipped, name)
                continue
            yield _broken(transcript.skipped, name) if transcript.skipped else transcript
    except TranscriptError as error:
        yield error


def _broken(parts: tuple[str, ...], name: str) -> TranscriptError:
    more = f" (and {len(parts) - 1} more broken parts)" if len(parts) > 1 else ""
    return _placed(TranscriptError(f"{parts[0]}{more}"), name)


class Transcripts(Iterator[Transcript]):
    """Sessions as they are read.

    Attributes
    ----------
    skipped : list of str
        The files, sessions and parts that were left out so far, a place and a reason each.
    """

    def __init__(
        self,
        path: Any,
        roles: Roles | None,
        on_error: OnError,
        *,
        format: str | None,
        columns: Mapping[str, str] | None,
        progress: bool,
    ) -> None:
        from tqdm.auto import tqdm

        request = _request(roles, on_error, format, columns)
        self.skipped = request.skipped
        sources = tqdm(_sources(path), unit="file", disable=not progress)
        self._sessions = (transcript for source in sources for transcript in _each_session(source, request))

    def __next__(self) -> Transcript:
        return next(self._sessions)

    def __repr__(self) -> str:
        return f"Transcripts({len(self.skipped)} skipped so far)"


def conversations(content: Content, chosen: Format, options: Options) -> Iterator[Conversation]:
    """The conversations in a content, as its format reads them.

    Raises
    ------
    TranscriptError
        With the content's name, the place and a remedy.
    """
    if not content.whole and not chosen.streams:
        remedy = "is it a transcript, of one session? divide it, or give many sessions as JSON lines, CSV or Parquet"
        raise TranscriptError(f"{content.name}: too large for a transcript ({chosen.name}); {remedy}")
    found = False
    try:
        for conversation in chosen.read(content, options):
            found = True
            yield conversation
    except TranscriptError as error:
        raise _placed(error, content.name) from None
    except (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError) as error:
        # nothing of the error's own words: a library's may quote the transcript
        remedy = f"it may be damaged ({type(error).__name__}): export it again"
        raise TranscriptError(f"{content.name}: cannot be read as {chosen.name}; {remedy}") from None
    if not found:
        raise TranscriptError(f"{content.name}: empty; a transcript has at least one turn")


def to_transcript(
    conversation: Conversation, *, pieces: bool, roles: Roles | None, skip: bool, strict: bool = False
) -> Transcript:
    """Check the times, merge pieces into turns, and give roles to the speakers (``strict`` as in assign_roles)."""
    checked = check_times(conversation, skip=skip)
    if pieces:
        checked = replace(checked, segments=merge_turns(checked.segments))
    if not checked.segments:
        left_out = f", but for {len(checked.skipped)} broken parts" if checked.skipped else ""
        raise TranscriptError(f"empty{left_out}; a transcript has at least one turn")
    return assign_roles(checked, roles, strict=strict)


@dataclass(frozen=True, slots=True)
class _Request:
    """What the caller asked for, and the list of what was left out."""

    roles: Roles | None
    options: Options
    format: str | None
    skipped: list[str] = field(default_factory=list)


def _request(roles: Roles | None, on_error: str, named: str | None, columns: Mapping[str, str] | None) -> _Request:
    if on_error not in ("raise", "skip"):
        raise TranscriptError("on_error: give 'raise' or 'skip'")
    speakers = frozenset(named_roles(roles))
    return _Request(roles, Options(on_error == "skip", dict(columns or {}), speakers), named)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A source whose conversations can be read: its name in messages, and whether its segments are pieces of turns."""

    name: str
    conversations: Iterator[Conversation]
    pieces: bool


def _opened(source: Any, request: _Request) -> _Opened:
    if isinstance(source, Content):
        return _opened_content(source, request)
    if is_frame(source):
        found = read_frame(source, request.options.columns, skip=request.options.skip)
        return _Opened("the table", found, pieces=False)
    return _opened_content(load_content(source), request)


def _opened_content(content: Content, request: _Request) -> _Opened:
    chosen = named_format(request.format) if request.format else detect(content)
    found = conversations(content, chosen, request.options)
    named = (replace(each, session_id=each.session_id or content.stem) for each in found)
    return _Opened(content.name, named, chosen.pieces)


def _only(opened: _Opened, request: _Request) -> Transcript:
    """The transcript of the one session in it."""
    conversation = next(opened.conversations, None)
    if conversation is None:
        raise TranscriptError(f"{opened.name}: empty; a transcript has at least one turn")
    if next(opened.conversations, None) is not None:
        raise TranscriptError(f"{opened.name}: more than one session; read them with action_recs.read_many")
    return _transcript(conversation, opened, opened.name, request, strict=True)


def _each_session(source: Any, request: _Request) -> Iterator[Transcript]:
    """The sessions in it; what cannot be read at all is left out and listed if that is wanted."""
    try:
        opened = _opened(source, request)
        for number, conversation in enumerate(opened.conversations, start=1):
            name = opened.name if number == 1 else f"{opened.name}, session {number}"
            try:
                transcript = _transcript(conversation, opened, name, request)
            except TranscriptError as error:
                if not request.options.skip:
                    raise
                request.skipped.append(str(error))
                continue
            request.skipped.extend(f"{name}, {each}" for each in transcript.skipped)
            yield transcript
    except TranscriptError as error:
        if not request.options.skip:
            raise
        request.skipped.append(str(error))


def _transcript(
    conversation: Conversation, opened: _Opened, name: str, request: _Request, *, strict: bool = False
) -> Transcript:
    skip = request.options.skip
    try:
        return to_transcript(conversation, pieces=opened.pieces, roles=request.roles, skip=skip, strict=strict)
    except RoleError as error:
        raise RoleError(f"{_placed(error, name)}{_speaking_once(conversation)}") from None
    except TranscriptError as error:
        raise _placed(error, name) from None


def _speaking_once(conversation: Conversation) -> str:
    """Where somebody speaks for the only time: often it is no speaker, but a line that goes on and holds a colon."""
    turns = Counter(segment.speaker for segment in conversation.segments)
    once = [segment.place for segment in conversation.segments if segment.speaker and turns[segment.speaker] == 1]
    if len(turns) < 3 or not once:
        return ""
    listed = ", ".join(once[:MOST_LISTED]) + (", and more" if len(once) > MOST_LISTED else "")
    return f"; who speaks only once: {listed} (indent a line that goes on with the turn above)"


def _placed(error: TranscriptError, name: str) -> TranscriptError:
    """The error with the name of what is being read, if it does not say it yet."""
    message = str(error)
    if message.startswith((name, "roles: ")):
        return error
    place = re.match(r"(?:line|cue|row|page|paragraph|segment) \d", message)
    return type(error)(f"{name}{',' if place else ':'} {message}")


def _sources(source: Any) -> Iterable[Any]:
    if isinstance(source, (str, Path)):
        folder = Path(source)
        return files_in(folder) if folder.is_dir() else [folder]
    return source if isinstance(source, Iterable) and not is_frame(source) else [source]


def files_in(folder: Path) -> list[Path]:
    """The files of a folder and its subfolders that may hold transcripts, in the order of names.

    Raises
    ------
    TranscriptError
        When there is none.
    """
    below = (path for path in folder.rglob("*") if path.is_file())
    files = sorted(path for path in below if not any(part.startswith(".") for part in path.relative_to(folder).parts))
    corpora = {path.parent for path in files if path.name == CORPUS_INDEX}
    files = [path for path in files if path.parent not in corpora or path.stem == "utterances"]
    if not files:
        raise TranscriptError(f"{folder}: a folder without files; give one with transcripts in it")
    return files
