"""Files that appear whole or not at all, and tables in them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from action_recs.errors import OutputError
from action_recs.formulas import plain_cell

ROWS_AT_ONCE = 50_000
"""Rows of a Parquet file that are packed together."""

Row = Mapping[str, Any]
"""Column -> text, number or None."""


def check_file_place(path: Path) -> None:
    """Make sure, before any work is done, that a file can be put there.

    Raises
    ------
    OutputError
    """
    if path.is_dir():
        raise OutputError(f"{path}: a folder; name a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist; make it first")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A place beside ``path`` to write to; what was written there is moved to ``path`` when all went well.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or type(error).__name__})") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_whole(text: str, path: Path) -> None:
    """Write a text that is there whole or not at all.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    with whole_file(path) as place:
        write_text([text], place)


def write_text(parts: Iterable[str], place: Path) -> None:
    """Write a text, part by part; half a character as the escape that JSON reads back to it."""
    with place.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.writelines(parts)


def write_csv(rows: Iterable[Row], columns: Iterable[str], place: Path) -> None:
    """Write rows under a header; a text that a spreadsheet would run as a formula is marked as text."""
    with place.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows({name: plain_cell(cell) for name, cell in row.items()} for row in rows)


def write_parquet(rows: Iterable[Row], columns: Mapping[str, str], place: Path) -> None:
    """Write rows; ``columns`` gives each column's kind as pyarrow calls it, such as "string"."""
    arrow, parquet = need_arrow(place, "pyarrow"), need_arrow(place, "pyarrow.parquet")
    schema = arrow.schema([(name, getattr(arrow, kind)()) for name, kind in columns.items()])
    left = iter(rows)
    with parquet.ParquetWriter(place, schema) as writer:
        while some := list(islice(left, ROWS_AT_ONCE)):
            cells = {name: [_whole_characters(row[name]) for row in some] for name in columns}
            writer.write_table(arrow.table(cells, schema=schema))


def need_arrow(path: Path, name: str = "pyarrow") -> Any:
    """The module, or an error that says how to get it."""
    try:
        return import_module(name)
    except ImportError:
        raise OutputError(f"{path}: Parquet needs pyarrow: pip install 'action_recs[formats]'") from None


def _whole_characters(value: Any) -> Any:
    """Text without half characters, which Parquet cannot hold; shown as other files have them."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
