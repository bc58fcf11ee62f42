"""Tables fit to be printed: each one as CSV (all digits), HTML and LaTeX (rounded, by ``great_tables``)."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from great_tables import GT

from action_recs.errors import OutputError
from action_recs.formulas import plain_row

LONGEST = 120
"""Rows of a table that is printed."""

MINUS, NONE = "−", "–"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    heading : str
    fields : tuple of str
        Fields of the record that it shows: one, or the two ends of an interval. They are the columns of the CSV.
    show : callable
        From the values of the fields to what is printed.
    left : bool
        Words stand to the left, numbers to the right.
    """

    heading: str
    fields: tuple[str, ...]
    show: Callable[..., str] = str
    left: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Records and how they are shown.

    Attributes
    ----------
    name : str
        Of its files.
    title, note : str
        Above and below.
    columns : tuple of Column
    records : tuple of dict
        One a row.
    group : str
        The field that divides the rows under headings; empty for none.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    records: tuple[dict[str, Any], ...]
    note: str = ""
    group: str = ""

    @property
    def printed(self) -> bool:
        """Whether it is short enough for a page; the others are for machines."""
        return len(self.records) <= LONGEST

    def to_csv(self) -> str:
        """All digits; what could not be computed is empty."""
        fields = [*filter(None, [self.group]), *(field for column in self.columns for field in column.fields)]
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(fields)
        for record in self.records:
            values = [record[field] for field in fields]
            shown = ("" if isinstance(value, float) and math.isnan(value) else value for value in values)
            writer.writerow(plain_row(shown))
        return file.getvalue()

    def to_gt(self) -> GT:
        """The ``great_tables`` object, to be changed further."""
        import pandas as pd

        shown: dict[str, list[str]] = {}
        if self.group:
            shown[""] = [str(record[self.group]) for record in self.records]
        for column in self.columns:
            shown[column.heading] = [
                column.show(*(record[field] for field in column.fields)) for record in self.records
            ]
        made = GT(pd.DataFrame(shown), groupname_col="" if self.group else None, id=f"table-{self.name}")
        for align, left in (("left", True), ("right", False)):
            made = made.cols_align(align, [column.heading for column in self.columns if column.left is left])
        return made.tab_source_note(self.note) if self.note else made

    def to_html(self) -> str:
        """One ``<table>`` without styles: the page that holds it brings them."""
        html = self.to_gt().tab_header(self.title).as_raw_html()
        return html[html.index("<table") : html.index("</table>") + len("</table>")]

    def to_latex(self) -> str:
        """A ``table`` environment that needs the package booktabs."""
        latex = self.to_gt().tab_header(self.title).as_latex()
        return latex.replace(MINUS, "$-$").replace(NONE, "--")


def write_tables(tables: Iterable[Table], folder: Path) -> None:
    """``NAME.csv``, and for each table that can be printed ``NAME.html`` and ``NAME.tex``.

    Raises
    ------
    OutputError
        When the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table in tables:
            (folder / f"{table.name}.csv").write_text(table.to_csv(), encoding="utf-8")
            if table.printed:
                (folder / f"{table.name}.html").write_text(table.to_html() + "\n", encoding="utf-8")
                (folder / f"{table.name}.tex").write_text(table.to_latex() + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})") from None


def number(value: float, digits: int = 3) -> str:
    """
    >>> number(-0.06461), number(float("nan")), number(-0.0001)
    ('−0.065', '–', '0.000')
    """
    if not math.isfinite(value):
        return NONE
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", MINUS)


def interval(low: float, high: float, digits: int = 3) -> str:
    """
    >>> interval(-0.2, 0.1)
    '−0.200 to 0.100'
    """
    return f"{number(low, digits)} to {number(high, digits)}" if math.isfinite(low) else NONE


def p_value(p: float) -> str:
    """
    >>> p_value(0.0449), p_value(0.0001), p_value(float("nan"))
    ('0.045', '<0.001', '–')
    """
    if not math.isfinite(p):
        return NONE
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def count(value: int) -> str:
    """
    >>> count(2444)
    '2,444'
    """
    return f"{value:,}"
