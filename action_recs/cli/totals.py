"""The count at a run's end: as many sessions came out, or failed, as went in."""

from __future__ import annotations

import re
from pathlib import Path

from action_recs.cli.ledger import Mark
from action_recs.cli.places import Places
from action_recs.errors import OutputError

SESSION_ID = re.compile(rb'\{"session_id": ("(?:[^"\\]|\\.)*")')
"""How a line with an id begins."""


def check_totals(places: Places, mark: Mark, seen: int) -> int:
    """Count what the files hold, anew.

    Parameters
    ----------
    places : Places
    mark : Mark
        What the run wrote down.
    seen : int
        Items that were read.

    Returns
    -------
    int
        Lines with an id that a line before has.

    Raises
    ------
    OutputError
        When a session is missing, or too many.
    """
    sessions, repeated = _count(places.lines)
    failures, _ = _count(places.failures)
    if (sessions, failures) != (mark.sessions, mark.failures) or sessions + failures != seen:
        counted = f"{seen} sessions came in, {sessions} are in it, {failures} failed"
        raise OutputError(f"{places.lines}: the totals do not agree ({counted}); was it changed by another program?")
    return repeated


def _count(path: Path) -> tuple[int, int]:
    known: set[int] = set()
    lines = repeated = 0
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                lines += 1
                if found := SESSION_ID.match(line):
                    fingerprint = hash(found[1])
                    repeated += fingerprint in known
                    known.add(fingerprint)
    return lines, repeated
