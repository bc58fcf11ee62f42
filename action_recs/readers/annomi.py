"""AnnoMI's CSV files (full and simple): transcripts of motivational interviewing with codes on each utterance.

In the full form an utterance comes once for every annotator and every code; it is read once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace

from action_recs.errors import TranscriptError
from action_recs.readers.cells import as_seconds
from action_recs.readers.conversation import Conversation
from action_recs.readers.delimited import delimited, headers
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.rows import Row, conversations

COLUMNS = {
    "session_id": "transcript_id",
    "speaker": "interlocutor",
    "text": "utterance_text",
    "start": "timestamp",
}
NUMBER = "utterance_id"
THREE_DIGITS = re.compile(r":0(?=\d\d$)")
"""A slip of the published file: "00:09:025"."""


def matches(content: Content) -> bool:
    """Whether the first line is AnnoMI's header."""
    if content.text is None or content.json is not None:
        return False
    return any({*COLUMNS.values(), NUMBER} <= set(header) for header in headers(content.text))


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The transcripts, in the order of the file.

    Raises
    ------
    TranscriptError
        With the row (the header is row 1), when it cannot be read.
    """
    rows = delimited(content, COLUMNS, also=(NUMBER,))
    return conversations(_once(rows), replace(options, columns={}), content.name, content.stem)


def _once(rows: Iterator[Row]) -> Iterator[Row]:
    """Each utterance's first row.

    The times were taken by hand, to the second, and a few stand before those above; the order of the utterances is
    right, so such a time is left out.
    """
    before: tuple[object, object] = (None, None)
    latest = 0.0
    for row in rows:
        if row.broken:
            yield row
            continue
        session, utterance = row.cells["session_id"], row.cells[NUMBER]
        if (session, utterance) == before:
            continue
        time = THREE_DIGITS.sub(":", str(row.cells["start"]))
        seconds = _seconds(time)
        latest = latest if session == before[0] else 0.0
        yield replace(row, cells={**row.cells, "start": None if seconds < latest else time})
        latest = max(latest, seconds) if math.isfinite(seconds) else latest
        before = (session, utterance)


def _seconds(time: str) -> float:
    try:
        return as_seconds(time) or 0.0
    except TranscriptError:  # said with its place when the row is read
        return math.inf


FORMATS = (Format("annomi", matches, read, streams=True),)
