"""Cells of a table that a spreadsheet would take for a formula, and run.

A text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end is a formula to Excel and its like, even
in a CSV file, and a formula can send the table away. An apostrophe in front makes it text. Speech begins with a dash
often enough, so the way back has to be exact: a text that has apostrophes before such a sign already gets one more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

BEGINS = "[=+\\-@\t\r\n＝＋－＠]"
"""What begins a formula: also the wide signs, which some East Asian spreadsheets take for the narrow ones."""

FORMULA = re.compile(f"'*{BEGINS}")
ESCAPED = re.compile(f"''*{BEGINS}")

OUR_COLUMNS = (
    frozenset({"session_id", "index", "role", "text", "recommendation", "review"}),
    frozenset({"session_id", "index", "role", "text", "name", "start", "end"}),
)
"""What tables of tagged and of annotated sessions have in common, and what those of ``action-recs read`` have; people
may have added columns."""

Cell = TypeVar("Cell")


def plain_cell(cell: Cell) -> Cell | str:
    """The cell as it is written: a text that would be a formula with an apostrophe before it; others as they are.

    Examples
    --------
    >>> plain_cell("- and then?"), plain_cell("and then?"), plain_cell(-1.5)
    ("'- and then?", 'and then?', -1.5)
    """
    return f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


def plain_row(cells: Iterable[Cell]) -> list[Cell | str]:
    """A row as it is written."""
    return [plain_cell(cell) for cell in cells]


def is_ours(header: Iterable[object]) -> bool:
    """Whether a table has all columns of those that this library writes: only there an apostrophe may be ours."""
    named = set(header)
    return any(columns <= named for columns in OUR_COLUMNS)


def said_cell(cell: Cell) -> Cell | str:
    """What ``plain_cell`` was given, for tables that are ours.

    Examples
    --------
    >>> said_cell("'- and then?"), said_cell("'tis late")
    ('- and then?', "'tis late")
    """
    return cell[1:] if isinstance(cell, str) and ESCAPED.match(cell) else cell
