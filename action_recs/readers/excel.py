"""Excel workbooks (.xlsx): one row for each utterance, read row by row."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from action_recs.errors import TranscriptError
from action_recs.readers.archive import holds, open_archive
from action_recs.readers.conversation import Conversation
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.optional import guarded, load
from action_recs.readers.rows import Row, conversations, is_header, named

WORKBOOK = "xl/workbook.xml"
FORMULA_ERRORS = {"#NAME?", "#VALUE!", "#REF!", "#DIV/0!", "#N/A", "#NUM!", "#NULL!"}
"""What stands in a cell whose text began with "=" or "-" and was taken for a formula."""


def matches(content: Content) -> bool:
    """Whether the bytes are a workbook's."""
    return holds(content.data, WORKBOOK)


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The sessions in a workbook, in whose first rows are the names of the columns.

    Sheets without columns for speaker and text, or without rows, are passed over. Where several have them and no
    column names the session, each sheet is one, named by its title.

    Raises
    ------
    TranscriptError
        With sheet and row, as a spreadsheet program shows it, when the workbook is broken, no sheet has the columns, or
        a cell cannot be read.
    """
    load("defusedxml", content.name, "Excel")  # openpyxl parses with it where it is there
    openpyxl = load("openpyxl", content.name, "Excel")
    open_archive(content.data, content.name).close()
    broken = f"{content.name}: a workbook that is broken; open it and save it again"
    with guarded(broken):
        workbook = openpyxl.load_workbook(io.BytesIO(content.data), read_only=True, data_only=True)
        sheets = list(workbook.worksheets)
    tables = []
    for number, sheet in enumerate(sheets, start=1):
        rows = _cells(sheet, broken)
        header = next(rows, ())
        if next(rows, None) is None:
            continue
        if is_header(header) or set(options.columns.values()) & set(header):
            tables.append((f"{content.name}, sheet {number}", sheet))
    if not tables:
        remedy = "name them in the first row, or map them with columns={'speaker': ..., 'text': ...}"
        raise TranscriptError(f"{content.name}: no sheet with rows under columns for speaker and text; {remedy}")
    for name, sheet in tables:
        session_id = content.stem if len(tables) == 1 else sheet.title
        yield from conversations(_rows(_cells(sheet, broken), options.columns, name), options, name, session_id)


def _cells(sheet: Any, broken: str) -> Iterator[tuple[Any, ...]]:
    with guarded(broken):
        sheet.reset_dimensions()  # what a workbook says of its own size may be wrong
        rows = sheet.iter_rows(values_only=True)
    while True:
        with guarded(broken):
            cells = next(rows, None)
        if cells is None:
            return
        yield cells


def _rows(table: Iterator[tuple[Any, ...]], columns: Mapping[str, str], name: str) -> Iterator[Row]:
    header = [cell.strip() if isinstance(cell, str) else cell for cell in next(table)]
    ours = {column: header.index(theirs) for column, theirs in named(header, columns, name).items()}
    for number, cells in enumerate(table, start=2):
        found = {column: cells[index] if index < len(cells) else None for column, index in ours.items()}
        if FORMULA_ERRORS & {cell for cell in found.values() if isinstance(cell, str)}:
            yield Row(f"row {number}", broken="a formula that failed where text belongs; put ' before its text")
        else:
            yield Row(f"row {number}", found)


FORMATS = (Format("excel", matches, read),)
