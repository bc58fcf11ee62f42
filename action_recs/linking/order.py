"""Whether a sequence of sessions can be one client's, in order."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from action_recs.errors import ThreadError
from action_recs.session import TaggedSession


def one_clients(sessions: Iterable[TaggedSession]) -> tuple[TaggedSession, ...]:
    """The sessions of one client as a tuple, in the order in which they were given.

    The order given is the order of the thread. Dates are not needed; where sessions have them they must not run
    backwards, and sessions of one day keep their order.

    Raises
    ------
    ThreadError
        With the place of the session (0-based), when there is none, one is no tagged session, one comes twice, two are
        of different clients, or dates run backwards or cannot be read.
    """
    if isinstance(sessions, TaggedSession):
        raise ThreadError("one session where a sequence is needed: give [session]")
    thread = tuple(sessions)
    if not thread:
        raise ThreadError("there is no session: give at least one")
    for place, session in enumerate(thread):
        if not isinstance(session, TaggedSession):
            raise ThreadError(f"session {place} is a {type(session).__name__}, not a tagged session: tag it first")
    _of_one_client(thread)
    _once_each(thread)
    _in_order(thread)
    return thread


def _of_one_client(thread: Sequence[TaggedSession]) -> None:
    for place, session in enumerate(thread):
        if session.client_id == thread[0].client_id:
            continue
        if session.client_id is None or thread[0].client_id is None:
            problem = "only one of the two has a client_id"
        else:
            problem = "their client_id differs"
        raise ThreadError(
            f"sessions 0 and {place} may be of two clients: {problem}; follow up the sessions of one client at a time"
        )


def _once_each(thread: Sequence[TaggedSession]) -> None:
    ids: dict[str, int] = {}
    contents: dict[tuple[str, ...], int] = {}
    for place, session in enumerate(thread):
        if session.session_id is not None and (first := ids.setdefault(session.session_id, place)) != place:
            raise ThreadError(f"sessions {first} and {place} have the same session_id; leave one of them out")
        if session.utterances:
            words = tuple(utterance.text for utterance in session.utterances)
            if (first := contents.setdefault(words, place)) != place:
                raise ThreadError(f"sessions {first} and {place} hold the same utterances; leave one of them out")


def _in_order(thread: Sequence[TaggedSession]) -> None:
    dated = [(place, session_day(session, place)) for place, session in enumerate(thread)]
    known = [(place, day) for place, day in dated if day is not None]
    for (before, earlier), (after, later) in itertools.pairwise(known):
        if later < earlier:
            raise ThreadError(f"session {after} is dated before session {before}; give the sessions in order")


def session_day(session: TaggedSession, place: int) -> date | None:
    """The day of a session; None without a date.

    Raises
    ------
    ThreadError
        When the date is not ISO 8601.
    """
    if session.date is None or not str(session.date).strip():
        return None
    try:
        return datetime.fromisoformat(str(session.date).strip()).date()
    except ValueError:
        raise ThreadError(
            f"session {place}: the date is not ISO 8601, such as 2024-03-05; correct or drop it"
        ) from None
