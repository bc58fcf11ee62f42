"""Write tagged sessions to a file, all of it or nothing."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from action_recs.errors import OutputError
from action_recs.render import sessions_html_parts
from action_recs.session import ROW_COLUMNS, TaggedSession


def write_sessions(sessions: Sequence[TaggedSession], path: str | Path) -> None:
    """Write sessions as ``.jsonl``, ``.json``, ``.csv`` or ``.html``, by the suffix.

    One object a line, one session, one row an utterance, one page: of a session, or a table that leads to each of many.

    The file appears whole or not at all: it is written beside its place and moved there.

    Raises
    ------
    OutputError
        When the suffix is another, or the file cannot be written.
    """
    path = Path(path)
    write = check_output(path, len(sessions))
    temporary = path.with_name(f".{path.name}.part")
    try:
        # In JSON, "backslashreplace" writes half a character as the escape that reads back to it.
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            write(sessions, file)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_output(path: Path, sessions: int) -> Callable[[Sequence[TaggedSession], TextIO], None]:
    """The writer for a path; an error, before any work is done, when there is none."""
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise OutputError(f"{path}: unknown output format; end the name in {', '.join(_WRITERS)}")
    if suffix == ".json" and sessions != 1:
        raise OutputError(f"{path}: .json holds one session; use .jsonl for {sessions}")
    if path.is_dir():
        raise OutputError(f"{path}: a folder; name a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist; make it first")
    return _WRITERS[suffix]


def _write_json(sessions: Sequence[TaggedSession], file: TextIO) -> None:
    file.write(sessions[0].to_json(indent=2) + "\n")


def _write_jsonl(sessions: Sequence[TaggedSession], file: TextIO) -> None:
    file.writelines(session.to_json() + "\n" for session in sessions)


def _write_html(sessions: Sequence[TaggedSession], file: TextIO) -> None:
    file.writelines([sessions[0].to_html()] if len(sessions) == 1 else sessions_html_parts(sessions))


def _write_csv(sessions: Sequence[TaggedSession], file: TextIO) -> None:
    writer = csv.DictWriter(file, ROW_COLUMNS)
    writer.writeheader()
    for session in sessions:
        writer.writerows(session.rows())


_WRITERS: dict[str, Callable[[Sequence[TaggedSession], TextIO], None]] = {
    ".json": _write_json,
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".html": _write_html,
}
