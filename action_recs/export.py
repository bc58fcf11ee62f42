"""Write tagged sessions to a file, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from action_recs.errors import OutputError
from action_recs.render import sessions_html_parts
from action_recs.session import ROW_COLUMNS, Label, TaggedSession
from action_recs.whole_files import check_file_place, need_arrow, whole_file, write_csv, write_parquet, write_text

KINDS = (
    {"index": "int32"}
    | {label.value: "int8" for label in Label}
    | {f"{label.value}_score": "float64" for label in Label}
)
"""Columns of a Parquet file that are not text."""


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
    with whole_file(path) as place:
        write(sessions, place, path)


Writer = Callable[[Iterable[TaggedSession], Path, Path], None]
"""Sessions, where to write them, and what errors call that."""


def check_output(path: Path) -> Writer:
    """The writer for a path; an error, before any work is done, when there is none."""
    check_place(path, _WRITERS)
    return _WRITERS[path.suffix.lower()]


def check_place(path: Path, suffixes: Iterable[str]) -> None:
    """Make sure that a file can be written there, in a format that its suffix names.

    Raises
    ------
    OutputError
    """
    if path.suffix.lower() not in suffixes:
        raise OutputError(f"{path}: unknown output format; end the name in {', '.join(suffixes)}")
    check_file_place(path)
    if path.suffix.lower() == ".parquet":
        need_arrow(path)


def _write_json(sessions: Iterable[TaggedSession], place: Path, path: Path) -> None:
    some = list(islice(sessions, 2))
    if len(some) != 1:
        raise OutputError(f"{path}: .json holds one session, and there are {'more' if some else 'none'}; use .jsonl")
    write_text([some[0].to_json(indent=2), "\n"], place)


def _write_jsonl(sessions: Iterable[TaggedSession], place: Path, _path: Path) -> None:
    write_text((session.to_json() + "\n" for session in sessions), place)


def _write_html(sessions: Iterable[TaggedSession], place: Path, _path: Path) -> None:
    if iter(sessions) is sessions:  # they are gone through more than once
        sessions = list(sessions)
    some = list(islice(sessions, 2))
    write_text([some[0].to_html()] if len(some) == 1 else sessions_html_parts(sessions), place)


def _write_csv(sessions: Iterable[TaggedSession], place: Path, _path: Path) -> None:
    write_csv((row for session in sessions for row in session.rows()), ROW_COLUMNS, place)


def _write_parquet(sessions: Iterable[TaggedSession], place: Path, _path: Path) -> None:
    columns = {name: KINDS.get(name, "string") for name in ROW_COLUMNS}
    write_parquet((row for session in sessions for row in session.rows()), columns, place)


_WRITERS: dict[str, Writer] = {
    ".json": _write_json,
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".html": _write_html,
}
