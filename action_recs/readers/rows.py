"""Rows of a table -> conversations, one session after another.

Every table, whatever it was written in, becomes rows here: named cells and a place. Only the session that is being read
is in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from action_recs.errors import TranscriptError
from action_recs.readers.cells import as_seconds, as_text
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Options

FACTS = ("session_id", "client_id", "therapist_id", "organisation_id", "date")
"""Columns with what is known of the session; every row of it says the same, or nothing."""
COLUMNS = ("speaker", "text", "start", "end", *FACTS)
NEEDED = ("speaker", "text")
ALSO = {
    "speaker": ("role", "who", "interlocutor", "participant", "speaker_name", "speaker_label", "speaker_id"),
    "text": ("utterance", "utterance_text", "content", "sentence", "transcript", "said"),
}
"""What else they are called, where a table has no column of our own name. The first that it has is taken."""
LONGEST = 100_000
"""Rows of one session; a day of talk has some 20,000 turns."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Parameters
    ----------
    place : str
        Where it stands, for error messages: "row 7".
    cells : mapping of str to object
        Our column name -> what the table has there.
    broken : str or None
        What is wrong with it and what to do, when it could not be read at all.
    """

    place: str
    cells: Mapping[str, object] = field(default_factory=dict, repr=False)
    broken: str | None = None


def named(header: Iterable[object], columns: Mapping[str, str], source: str) -> dict[str, str]:
    """Which of the table's columns are ours.

    A column is found by its own name, in any case, with blanks or hyphens for underscores ("Session ID"), unless
    ``columns`` names another for it. Speaker and text may also be called otherwise (``ALSO``).

    Parameters
    ----------
    header : iterable
        The table's column names.
    columns : mapping of str to str
        Our name -> the table's.
    source : str
        What error messages call the table.

    Returns
    -------
    dict of str to str
        Our name -> the table's, for those that the table has.

    Raises
    ------
    TranscriptError
        When there is no column for the speaker or the text, two for one of ours, or a name is unknown.
    """
    if unknown := sorted(set(columns) - set(COLUMNS)):
        known = ", ".join(COLUMNS)
        raise TranscriptError(f"{source}: columns={{{unknown[0]!r}: ...}} names no column; those we read are {known}")
    spelled = [name for name in header if isinstance(name, str)]
    found = {ours: theirs for ours, theirs in columns.items() if theirs in spelled}
    if absent := [ours for ours in columns if ours not in found]:
        raise TranscriptError(
            f"{source}: the table lacks the column that columns={{{absent[0]!r}: ...}} names; check its spelling"
        )
    taken = set(found.values())
    for theirs in spelled:
        ours = column_key(theirs)
        if ours not in COLUMNS or ours in columns or theirs in taken:
            continue
        if ours in found:
            raise TranscriptError(f"{source}: two columns could be {ours!r}; say which, with columns={{{ours!r}: ...}}")
        found[ours] = theirs
    keys = {column_key(theirs): theirs for theirs in reversed(spelled) if theirs not in found.values()}
    for ours in NEEDED:
        if ours not in found and (other := next((keys[name] for name in ALSO[ours] if name in keys), None)):
            found[ours] = other
    if lacking := [ours for ours in NEEDED if ours not in found]:
        remedy = f"name it with columns={{{lacking[0]!r}: 'its name in the table'}}"
        raise TranscriptError(f"{source}: no column for the {lacking[0]}; {remedy}")
    return found


def is_header(cells: Iterable[object]) -> bool:
    """Whether there are columns for speaker and text, by any of their names."""
    keys = {column_key(cell) for cell in cells if isinstance(cell, str)}
    return all(not keys.isdisjoint((ours, *ALSO[ours])) for ours in NEEDED)


def column_key(name: str) -> str:
    """A column's name in our spelling: "Session ID" and "session-id" are "session_id"."""
    return "_".join(name.strip().strip("\ufeff").casefold().replace("-", " ").replace("_", " ").split())


def conversations(
    rows: Iterable[Row], options: Options, source: str, session_id: str | None = None
) -> Iterator[Conversation]:
    """Gather rows into sessions, each as soon as its last row was read.

    Parameters
    ----------
    rows : iterable of Row
        The rows of a session follow one another.
    options : Options
    source : str
        What error messages call the table.
    session_id : str, optional
        For rows that name no session.

    Raises
    ------
    TranscriptError
        When there are no rows, a row is broken, or a session's rows are apart. With ``options.skip`` a broken row is
        listed on the session that is being read, and only a table without any good row raises. With ``options.whole``
        one between two sessions is listed on both; a broken line among sessions of a line each is a session without
        segments.
    """
    session: _Session | None = None
    finished: set[str | None] = set()
    skipped: list[str] = []
    between: list[str] = []  # broken since the last good row
    nested = False
    for row in rows:
        try:
            facts, segment = _read(row, session_id)
            if segment is None:
                continue
            if session is None or facts["session_id"] != session.facts["session_id"]:
                if facts["session_id"] in finished:
                    raise TranscriptError(
                        "the rows of a session are apart; sort the table by session_id, in a stable way"
                    )
                if session is not None:
                    yield session.conversation(skipped)
                    skipped = between if options.whole else []
                session = _Session({})
                finished.add(facts["session_id"])
            session.add(facts, segment)
            between = []
            nested = "." in row.place  # "line 7.turns[0]"
        except TranscriptError as error:
            if not options.skip:
                raise TranscriptError(f"{source}, {row.place}: {error}") from None
            problem = f"{row.place}: {error}"
            if options.whole and nested and "." not in row.place:
                if session is not None:
                    yield session.conversation(skipped)
                yield Conversation((), skipped=(problem,))
                session, skipped, between = None, [], []
                continue
            skipped.append(problem)
            between.append(problem)
        if session is not None and len(session.segments) > LONGEST:
            remedy = "name the column of the session, with columns={'session_id': ...}"
            raise TranscriptError(f"{source}, {row.place}: more than {LONGEST} rows of one session; {remedy}")
    if session is not None:
        yield session.conversation(skipped)
    elif skipped and finished:
        yield Conversation((), skipped=tuple(skipped))
    elif skipped:
        raise TranscriptError(f"{source}: none of its {len(skipped)} rows can be read; the first, {skipped[0]}")
    elif not finished:
        raise TranscriptError(f"{source}: a table without rows; give one row for each utterance")


class _Session:
    def __init__(self, facts: dict[str, str | None]) -> None:
        self.facts = facts
        self.segments: list[Segment] = []

    def add(self, facts: Mapping[str, str | None], segment: Segment) -> None:
        for name, value in facts.items():
            if value is not None and self.facts.get(name) not in (None, value):
                raise TranscriptError(f"another {name} than the rows of the session before it; correct one of them")
        for name, value in facts.items():
            self.facts[name] = self.facts.get(name) or value
        self.segments.append(segment)

    def conversation(self, skipped: list[str]) -> Conversation:
        return Conversation(tuple(self.segments), skipped=tuple(skipped), **self.facts)


def _read(row: Row, session_id: str | None) -> tuple[dict[str, str | None], Segment | None]:
    """What a row says; None for the segment of an empty row."""
    if row.broken:
        raise TranscriptError(row.broken)
    facts = {name: as_text(row.cells.get(name)) for name in FACTS}
    speaker, text = as_text(row.cells.get("speaker")), as_text(row.cells.get("text"))
    start, end = as_seconds(row.cells.get("start")), as_seconds(row.cells.get("end"))
    if speaker is None and text is None:
        return facts, None
    if facts["session_id"] is None:
        if "session_id" in row.cells:
            raise TranscriptError("no session_id; fill it in on every row")
        facts["session_id"] = session_id
    return facts, Segment(text or "", speaker, start, end, row.place)
