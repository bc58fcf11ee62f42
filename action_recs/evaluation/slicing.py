"""Sessions divided by what is known of them: style, organisation, therapist, modality, or any other column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.errors import ConfigError
from action_recs.evaluation.measures import Case
from action_recs.session import IDENTIFIERS

COLUMNS = ("style", "modality", "setting", "mi_quality", "organisation_id", "therapist_id", "annotator")
"""Looked at where nobody names columns, as far as the sessions have them."""

MOST = 30
"""Values of a column that are shown: those with the most sessions."""


def value_of(session: AnnotatedSession, column: str) -> str | None:
    """What a session says in a column: its annotator, an identifier of its transcript, or its metadata."""
    if column == "annotator":
        return session.annotator
    if column in IDENTIFIERS:
        value: str | None = getattr(session.transcript, column)
        return value
    return session.metadata.get(column) or None


def columns_of(sessions: Sequence[AnnotatedSession], wanted: Sequence[str] = ()) -> list[str]:
    """The columns to slice by: those that were asked for, or the usual ones in which the sessions differ.

    Raises
    ------
    ConfigError
        For a column that no session has; the message lists those that there are.
    """
    if not wanted:
        return [name for name in COLUMNS if len({value_of(each, name) for each in sessions} - {None}) > 1]
    there = {name for each in sessions for name in each.metadata} | set(IDENTIFIERS) | {"annotator"}
    known = sorted(name for name in there if any(value_of(each, name) for each in sessions))
    if absent := [name for name in wanted if name not in known]:
        raise ConfigError(f"--slice {absent[0]}: no session has such a column; there are {', '.join(known) or 'none'}")
    return list(dict.fromkeys(wanted))


def sliced(cases: Sequence[Case], column: str) -> dict[str, list[Case]]:
    """Cases by value, those with the most sessions first, at most ``MOST`` values; without a value, in none."""
    counts = Counter(value for case in cases if (value := value_of(case.gold, column)) is not None)
    kept = [value for value, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST]]
    return {value: [case for case in cases if value_of(case.gold, column) == value] for value in kept}
