"""AnnoMI's CSV files (full and simple): transcripts of motivational interviewing with codes on each utterance.

In the full form an utterance comes once for every annotator and every code; it is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

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
    """Each utterance's first row."""
    before = None
    for row in rows:
        utterance = (row.cells.get("session_id"), row.cells.get(NUMBER))
        if row.broken or utterance != before:
            time = THREE_DIGITS.sub(":", str(row.cells.get("start", "")))
            yield row if row.broken else replace(row, cells={**row.cells, "start": time})
        before = before if row.broken else utterance


FORMATS = (Format("annomi", matches, read, streams=True),)
