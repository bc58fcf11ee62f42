"""Write tagged sessions to a file, all of it or nothing."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from typing import Any

from action_recs.errors import OutputError
from action_recs.render import sessions_html_parts
from action_recs.session import ROW_COLUMNS, Label, TaggedSession

ROWS_AT_ONCE = 50_000
"""Rows of a Parquet file that are packed together."""


def write_sessions(sessions: Iterable[TaggedSession], path: str | Path) -> None:
    """Write sessions as ``.jsonl``, ``.json``, ``.csv``, ``.parquet`` or ``.html``, by the suffix.

    One object a line; one session; one row an utterance, in two forms; one page, of a session, or of a table that leads
    to each of many. Sessions are taken one at a time; for a page of many, something that can be gone through more than
    once, such as a list, is best: of an iterator a list is made.

    The file appears whole or not at all: it is written beside its place and moved there.

    Raises
    ------
    OutputError
        When the suffix is another, or the file cannot be written.
    """
    path = Path(path)
    write = check_output(path)
    temporary = path.with_name(f".{path.name}.part")
    try:
        write(sessions, temporary, path)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or type(error).__name__})") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


Writer = Callable[[Iterable[TaggedSession], Path, Path], None]
"""Sessions, where to write them, and what errors call that."""


def check_output(path: Path) -> Writer:
    """The writer for a path; an error, before any work is done, when there is none."""
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise OutputError(f"{path}: unknown output format; end the name in {', '.join(_WRITERS)}")
    if path.is_dir():
        raise OutputError(f"{path}: a folder; name a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist; make it first")
    if suffix == ".parquet":
        _arrow(path, "pyarrow")
    return _WRITERS[suffix]


def _write_json(sessions: Iterable[TaggedSession], place: Path, path: Path) -> None:
    some = list(islice(sessions, 2))
    if len(some) != 1:
        raise OutputError(f"{path}: .json holds one session, and there are {'more' if some else 'none'}; use .jsonl")
    _write_text([some[0].to_json(indent=2), "\n"], place)


def _write_jsonl(sessions: Iterable[TaggedSession], place: Path, _path: Path) -> None:
    _write_text((session.to_json() + "\n" for session in sessions), place)


def _write_html(sessions: Iterable[TaggedSession], place: Path, _path: Path) -> None:
    if iter(sessions) is sessions:  # goes through them more than once
        sessions = list(sessions)
    some = list(islice(sessions, 2))
    _write_text([some[0].to_html()] if len(some) == 1 else sessions_html_parts(sessions), place)


def _write_text(parts: Iterable[str], place: Path) -> None:
    # In JSON, "backslashreplace" writes half a character as the escape that reads back to it.
    with place.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.writelines(parts)


def _write_csv(sessions: Iterable[TaggedSession], place: Path, _path: Path) -> None:
    with place.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.DictWriter(file, ROW_COLUMNS)
        writer.writeheader()
        for session in sessions:
            writer.writerows(session.rows())


def _write_parquet(sessions: Iterable[TaggedSession], place: Path, path: Path) -> None:
    arrow, parquet = _arrow(path, "pyarrow"), _arrow(path, "pyarrow.parquet")
    kinds = {"index": arrow.int32()} | {label.value: arrow.int8() for label in Label}
    kinds |= {f"{label.value}_score": arrow.float64() for label in Label}
    schema = arrow.schema([(name, kinds.get(name, arrow.string())) for name in ROW_COLUMNS])
    rows = chain.from_iterable(session.rows() for session in sessions)
    with parquet.ParquetWriter(place, schema) as writer:
        while some := list(islice(rows, ROWS_AT_ONCE)):
            columns = {name: [_whole(row[name]) for row in some] for name in ROW_COLUMNS}
            writer.write_table(arrow.table(columns, schema=schema))


def _whole(value: Any) -> Any:
    """Text without half characters, which Parquet cannot hold; shown as other files have them."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _arrow(path: Path, name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise OutputError(f"{path}: Parquet needs pyarrow: pip install 'action_recs[formats]'") from None


_WRITERS: dict[str, Writer] = {
    ".json": _write_json,
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".html": _write_html,
}
