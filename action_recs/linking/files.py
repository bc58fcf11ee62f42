"""Tagged sessions of many clients in a file, and their threads as a file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from action_recs.errors import OutputError, ThreadError
from action_recs.export import check_place
from action_recs.linking.order import session_day
from action_recs.linking.thread import ITEM_COLUMNS, ClientThread
from action_recs.session import TaggedSession
from action_recs.whole_files import whole_file, write_csv, write_text

NUMBER_AT_END = re.compile(r"(?P<before>.*?)(?P<number>\d+)$", re.DOTALL)


def read_tagged(path: str | Path) -> list[TaggedSession]:
    """The sessions of a file that ``action-recs tag -o FILE.jsonl`` wrote, in its order.

    Raises
    ------
    ThreadError
        With file and line, when it cannot be read or a line is no tagged session.
    """
    path = Path(path)
    sessions = []
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    sessions.append(TaggedSession.from_dict(json.loads(line)))
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                    remedy = "write the file with action-recs tag -o FILE.jsonl"
                    raise ThreadError(f"{path}, line {number}: not a tagged session; {remedy}") from None
    except UnicodeDecodeError:
        raise ThreadError(f"{path}: not UTF-8 text; write it with action-recs tag -o FILE.jsonl") from None
    except OSError as error:
        raise ThreadError(f"{path}: cannot be read ({error.strerror})") from None
    if not sessions:
        raise ThreadError(f"{path}: holds no session")
    return sessions


def by_client(sessions: Sequence[TaggedSession], *, one_client: bool = False) -> list[list[TaggedSession]]:
    """Sessions in any order as the sequences that ``follow_up`` takes: one a client, in order.

    The clients come in the order of their first sessions; a client's sessions by date where all have one, else by the
    number at the end of their ``session_id`` where these are alike but for it ("c041-s2"), else as they are.

    Parameters
    ----------
    one_client : bool
        All sessions are one client's, whether they say so or not.

    Raises
    ------
    ThreadError
        When a session has no client_id, or a date cannot be read.
    """
    clients: dict[str | None, list[TaggedSession]] = {}
    for place, session in enumerate(sessions):
        if session.client_id is None and not one_client:
            raise ThreadError(f"session {place} has no client_id: whose it is cannot be told")
        clients.setdefault(session.client_id, []).append(session)
    return [in_order(some) for some in clients.values()]


def in_order(sessions: Sequence[TaggedSession]) -> list[TaggedSession]:
    """One client's sessions by date, by number, or as they are; see :func:`by_client`."""
    days = [session_day(session, place) for place, session in enumerate(sessions)]
    if None not in days:
        return [session for _, session in sorted(zip(days, sessions, strict=True), key=lambda pair: str(pair[0]))]
    parts = [NUMBER_AT_END.match(session.session_id or "") for session in sessions]
    if all(parts) and len({each["before"] for each in parts if each}) == 1:
        numbers = [int(each["number"]) for each in parts if each]
        return [session for _, session in sorted(zip(numbers, sessions, strict=True), key=lambda pair: pair[0])]
    return list(sessions)


def write_threads(threads: Sequence[ClientThread], path: str | Path) -> None:
    """Write threads as ``.jsonl`` (a client a line), ``.csv`` (an item a row) or ``.html`` (one client's page).

    The file appears whole or not at all.

    Raises
    ------
    OutputError
        When the suffix is another, a page is asked for several clients, or the file cannot be written.
    """
    path = Path(path)
    write = check_thread_output(path, len(threads))
    with whole_file(path) as place:
        write(threads, place)


Writer = Callable[[Sequence[ClientThread], Path], None]
"""Threads, and where to write them."""


def check_thread_output(path: Path, clients: int) -> Writer:
    """The writer for a path; an error, before any work is done, when there is none."""
    check_place(path, _WRITERS)
    suffix = path.suffix.lower()
    if suffix == ".html" and clients != 1:
        raise OutputError(f"{path}: a page shows one client, and there are {clients}; choose one with --client")
    return _WRITERS[suffix]


def _write_jsonl(threads: Sequence[ClientThread], place: Path) -> None:
    write_text((thread.to_json() + "\n" for thread in threads), place)


def _write_html(threads: Sequence[ClientThread], place: Path) -> None:
    write_text([threads[0].to_html()], place)


def _write_csv(threads: Sequence[ClientThread], place: Path) -> None:
    write_csv((row for thread in threads for row in thread.rows()), ITEM_COLUMNS, place)


_WRITERS: dict[str, Writer] = {".jsonl": _write_jsonl, ".csv": _write_csv, ".html": _write_html}
