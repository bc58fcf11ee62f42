"""CSV, TSV and their like: a header, then one row for each utterance."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence

from action_recs.errors import TranscriptError
from action_recs.formulas import is_ours, said_cell
from action_recs.readers.conversation import Conversation
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.rows import NEEDED, Row, column_key, conversations, named
from action_recs.readers.stream import text_stream

SUFFIXES = (".csv", ".tsv", ".tab")
DELIMITERS = ",\t;|"
QUOTED = "put double quotes around cells that hold the delimiter, a quote or a line end"
LONGEST_HEADER = 65_536  # characters


def matches(content: Content) -> bool:
    """Whether the first line is a header with our columns, or the name says that it is a table."""
    if content.text is None or content.json is not None:
        return False
    return content.suffix in SUFFIXES or any(
        set(NEEDED) <= {column_key(cell) for cell in header} for header in headers(content.text)
    )


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The sessions of the table, in the order of its rows.

    Raises
    ------
    TranscriptError
        With the row (the header is row 1, as in a spreadsheet), when the columns cannot be told, a row has another
        number of cells than the header, a quote is not closed or a cell cannot be read.
    """
    return conversations(delimited(content, options.columns), options, content.name, content.stem)


def delimited(content: Content, columns: Mapping[str, str], also: Sequence[str] = ()) -> Iterator[Row]:
    """The rows of a text table; with cells of columns of these names too.

    In tables that this library wrote, the apostrophe that keeps a text from being a formula is taken off again.
    """
    delimiter, header = _header(content.text or "", columns, content.name)
    ours = {name: header.index(theirs) for name, theirs in named(header, columns, content.name).items()}
    ours |= {name: header.index(name) for name in also}
    as_said: Callable[[str], str] = said_cell if is_ours(header) else str
    number = 1
    try:
        with text_stream(content) as text:
            lines = csv.reader(text, delimiter=delimiter, strict=True)
            next(lines)
            while True:
                number += 1
                try:
                    cells = next(lines)
                except StopIteration:
                    return
                except csv.Error:  # its message may quote a character of the text
                    yield Row(f"row {number}", broken=f"a quote in the wrong place, or a cell too long; {QUOTED}")
                    continue
                if len(cells) == len(header):
                    yield Row(f"row {number}", {name: as_said(cells[index]) for name, index in ours.items()})
                elif any(cells):
                    yield Row(
                        f"row {number}", broken=f"{len(cells)} cells, where the header has {len(header)}; {QUOTED}"
                    )
    except UnicodeDecodeError:
        raise TranscriptError(f"{content.name}, row {number}: not UTF-8; save the file as UTF-8") from None


def _header(text: str, columns: Mapping[str, str], source: str) -> tuple[str, list[str]]:
    """The delimiter under which the header has most of the columns, then most columns at all, and the header."""
    wanted = set(columns.values())

    def known(cells: list[str]) -> tuple[int, int]:
        ours = {column_key(cell) for cell in cells} & set(NEEDED)
        return len(wanted & set(cells)) + len(ours), len(cells)

    found = sorted(_headers(text), key=lambda item: known(item[1]))
    if not found:
        raise TranscriptError(f"{source}, row 1: no header; begin the table with the names of its columns")
    return found[-1]


def headers(text: str) -> list[list[str]]:
    """What may be the cells of the first line: under each delimiter those."""
    return [cells for _, cells in _headers(text)]


def _headers(text: str) -> list[tuple[str, list[str]]]:
    """The first line's cells under each delimiter that can read it."""
    start = io.StringIO(text[:LONGEST_HEADER], newline="")
    found = []
    for delimiter in DELIMITERS:
        start.seek(0)
        try:
            found.append((delimiter, next(csv.reader(start, delimiter=delimiter, strict=True))))
        except (csv.Error, StopIteration):
            continue
    return [(delimiter, cells) for delimiter, cells in found if any(cells)]


FORMATS = (Format("csv", matches, read, streams=True),)
