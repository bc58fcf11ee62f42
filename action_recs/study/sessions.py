"""Tagged sessions, or the JSON Lines file that holds them, as one table with a row a session."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from action_recs.errors import StudyError
from action_recs.session import Form, TaggedSession
from action_recs.study.columns import SESSION_COLUMNS
from action_recs.study.results import Notice

PART = 64 * 2**20
"""Bytes that one process reads at a time; a file of fewer is read by this process alone."""

TEXT_COLUMNS = ("session_id", "client_id", "therapist_id", "organisation_id", "modality")


@dataclass(frozen=True, slots=True)
class Sessions:
    """A table with ``SESSION_COLUMNS`` and what was noticed in making it."""

    table: pd.DataFrame
    notices: tuple[Notice, ...] = ()


def tabulate(sessions: Iterable[TaggedSession], modality: Mapping[str, str] | None = None) -> Sessions:
    """The table of sessions at hand.

    Parameters
    ----------
    sessions : iterable of TaggedSession
    modality : mapping of session id to modality, optional
        "individual", "group" ...; tagged sessions do not say.

    Raises
    ------
    StudyError
        When a session is inconsistent or an id comes twice.

    Examples
    --------
    >>> from action_recs.session import TaggedSession
    >>> tabulate([TaggedSession((), (), (), session_id="s1")]).notices[0].code
    'empty-sessions'
    """
    known = modality or {}
    rows = []
    for place, session in enumerate(sessions, start=1):
        record = session.to_dict()
        rows.append(
            measure(record | {"modality": known.get(record["session_id"])}, f"session {place}") | {"line": place}
        )
    return _table(rows, "sessions")


def read_sessions(path: str | Path, *, processes: int | None = None) -> Sessions:
    """The table of the sessions in a file that ``action-recs tag -o`` wrote, one JSON object a line.

    A key ``modality`` beside the identifiers is taken up where a line has it. Blank lines are passed over.

    Parameters
    ----------
    path : path
    processes : int, optional
        How many read a large file at once; as many as there are processors, up to 8.

    Raises
    ------
    StudyError
        With file and line, when the file cannot be read, or a line is no tagged session.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        parts = [(path, start, min(start + PART, size)) for start in range(0, size, PART)]
        workers = min(len(parts), processes or min(os.cpu_count() or 1, 8))
        if workers > 1:
            with ProcessPoolExecutor(workers) as pool:
                done = list(pool.map(_read_part, parts))
        else:
            done = [_read_part(part) for part in parts]
    except OSError as error:
        raise StudyError(f"{path}: cannot be read ({error.strerror})") from None
    rows: list[dict[str, Any]] = []
    before = 0
    for part in done:
        if part.wrong is not None:
            line, message = part.wrong
            raise StudyError(f"{path}, line {before + line}: {message}")
        rows.extend(row | {"line": before + line} for line, row in part.rows)
        before += part.lines
    sessions = _table(rows, str(path))
    if sessions.table.empty:
        raise StudyError(f"{path}: no session has an utterance")
    return sessions


def measure(record: Mapping[str, Any], where: str = "session") -> dict[str, Any]:
    """The row of one session in its dictionary form, ``TaggedSession.to_dict``: all columns but ``line`` and ``visit``.

    Raises
    ------
    StudyError
        When a part is missing, or a recommendation or a review lies outside the utterances.
    """
    try:
        return _measure(record)
    except (KeyError, TypeError, AttributeError, OverflowError):
        raise StudyError(f"{where}: not a tagged session; write it with action-recs tag -o FILE.jsonl") from None
    except ValueError as error:
        raise StudyError(f"{where}: {error}") from None


def _measure(record: Mapping[str, Any]) -> dict[str, Any]:
    utterances, recommendations, reviews = record["utterances"], record["recommendations"], record["reviews"]
    total = len(utterances)
    words = np.fromiter((len(utterance["text"].split()) for utterance in utterances), dtype=np.int64, count=total)
    reviewed = np.zeros(total, dtype=bool)
    for run in reviews:
        if not 0 <= run["first"] <= run["last"] < total or reviewed[run["first"] : run["last"] + 1].any():
            raise ValueError("a review lies outside the utterances or over another; tag the session again")
        reviewed[run["first"] : run["last"] + 1] = True
    places = np.array([found["utterance"] for found in recommendations], dtype=np.int64)
    if places.size and (places.min() < 0 or places.max() >= total):
        raise ValueError("a recommendation lies outside the utterances; tag the session again")
    minutes, review_minutes = _minutes(utterances, reviews)
    return {
        **{name: _text(record.get(name), name) for name in TEXT_COLUMNS},
        "date": day(record.get("date")),
        "utterances": total,
        "words": int(words.sum()),
        "minutes": minutes,
        "recommendations": len(recommendations),
        "structured": sum(found["form"] == Form.STRUCTURED for found in recommendations),
        "reviews": len(reviews),
        "review_utterances": int(reviewed.sum()),
        "review_words": int(words[reviewed].sum()),
        "review_minutes": review_minutes,
        "recommendation_position": _position(places, total),
        "review_position": _position(np.flatnonzero(reviewed), total),
    }


def _minutes(utterances: Any, reviews: Any) -> tuple[float, float]:
    """Length of the session and of its reviews; NaN when any utterance has no time, or the clock runs backwards."""
    starts = [utterance.get("start") for utterance in utterances]
    ends = [utterance.get("end") for utterance in utterances]
    if not starts or None in starts or None in ends:
        return np.nan, np.nan
    inside = sum(max(ends[run["first"] : run["last"] + 1]) - starts[run["first"]] for run in reviews)
    whole = max(ends) - min(starts)
    return (whole / 60, inside / 60) if 0 <= inside <= whole and whole > 0 else (np.nan, np.nan)


def _position(places: np.ndarray, total: int) -> float:
    """Mean place, 0 for the first utterance and 100 for the last."""
    return float(100 * places.mean() / max(total - 1, 1)) if places.size else np.nan


def _text(value: Any, name: str) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{name} holds half a character (a lone surrogate), which no file can hold")
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value).strip() or None
    raise ValueError(f"{name} is neither text nor a whole number")


def day(value: Any) -> date | None:
    """The day of an ISO 8601 date or moment, None of nothing.

    Examples
    --------
    >>> day("2024-03-05T14:00:00Z"), day(" 2024-03-05 "), day("")
    (datetime.date(2024, 3, 5), datetime.date(2024, 3, 5), None)
    """
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NaT:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value).strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text).date()
    except ValueError:
        raise ValueError("the date is not ISO 8601, such as 2024-03-05") from None
    if not 1900 <= found.year <= 2100:
        raise ValueError("the date's year is not between 1900 and 2100")
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """What one process read: rows with their line in the part, the part's lines, and the first that was wrong."""

    rows: list[tuple[int, dict[str, Any]]] = field(repr=False)
    lines: int
    wrong: tuple[int, str] | None = None


def _read_part(part: tuple[Path, int, int]) -> _Part:
    path, start, end = part
    rows = []
    number = 0
    with path.open("rb") as file:
        for line in _lines_between(file, start, end):
            number += 1
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                rows.append((number, measure(record if isinstance(record, dict) else {}, "")))
            except StudyError as error:
                return _Part(rows, number, (number, str(error).removeprefix(": ")))
            except (ValueError, RecursionError):
                return _Part(rows, number, (number, "not JSON; the file holds one tagged session a line"))
    return _Part(rows, number)


def _lines_between(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """The lines that begin at ``start`` <= byte < ``end``: every line of a file is in exactly one part."""
    if start:
        file.seek(start - 1)
        file.readline()  # the rest of a line that began before
    while file.tell() < end and (line := file.readline()):
        yield line


def _table(rows: list[dict[str, Any]], source: str) -> Sessions:
    if not rows:
        raise StudyError(f"{source}: holds no session")
    table = pd.DataFrame.from_records(rows)
    for name in TEXT_COLUMNS:
        table[name] = table[name].astype(object).where(table[name].notna(), None)
    table["date"] = pd.to_datetime(table["date"])
    twice = table[table["session_id"].notna() & table["session_id"].duplicated()]
    if len(twice):
        first = table.loc[table["session_id"] == twice["session_id"].iloc[0], "line"].iloc[0]
        raise StudyError(
            f"{source}, line {twice['line'].iloc[0]}: the session of line {first} again; leave one of the two"
        )
    notices = []
    empty = int((table["utterances"] == 0).sum())
    if empty:
        notices.append(Notice("empty-sessions", f"{empty} sessions without any utterance were left out."))
        table = table[table["utterances"] > 0]
    for unit in ("utterances", "words", "minutes"):
        column = "review_percentage" if unit == "utterances" else f"review_percentage_{unit}"
        table[column] = 100 * table[f"review_{unit}"] / table[unit].where(table[unit] > 0)
    dated = table["client_id"].notna() & table["date"].notna()
    ordered = table[dated].sort_values(["client_id", "date", "line"], kind="stable")
    table["visit"] = (ordered.groupby("client_id").cumcount() + 1).reindex(table.index).astype(float)
    shared = int(ordered.duplicated(["client_id", "date"], keep=False).sum())
    if shared:
        notices.append(
            Notice(
                "same-day-sessions",
                f"{shared} sessions share client and day with another; all were kept, in the order of the file.",
            )
        )
    return Sessions(table[list(SESSION_COLUMNS)].reset_index(drop=True), tuple(notices))
