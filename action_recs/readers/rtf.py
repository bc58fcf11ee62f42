"""Rich text (.rtf): its plain text, read as text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.optional import guarded, load
from action_recs.readers.text import read_lines

BEGIN = rb"{\rtf"
CELL_END = re.compile(r"\|(?=\n|$)")


def matches(content: Content) -> bool:
    """Whether the bytes begin as rich text."""
    return content.data.lstrip()[:5] == BEGIN


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The conversation in the document.

    Raises
    ------
    TranscriptError
        With the line of its text, or when it is cut off.
    """
    raw = content.text if content.text is not None else content.data.decode("cp1252", "replace")
    if not raw.rstrip("\0\r\n\t ").endswith("}"):
        raise TranscriptError(f"{content.name}: rich text that is cut off; save or export it again")
    striprtf = load("striprtf.striprtf", content.name, "Rich text")
    with guarded(f"{content.name}: rich text that cannot be read; open it and save it as .docx or plain text"):
        text = striprtf.rtf_to_text(raw)
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")  # it writes wide characters in halves
    yield read_lines("\n".join(map(_without_cells, text.split("\n"))), options)


def _without_cells(line: str) -> str:
    """A table's row, which comes as "Speaker|Text|", as a line with a label."""
    if line.count("|") < 2 or not line.endswith("|"):
        return line
    cells = [cell.strip() for cell in line.split("|")[:-1]]
    return f"{' '.join(cells[:-1]).rstrip(':')}: {cells[-1]}"


FORMATS = (Format("rtf", matches, read),)
