"""Courses: the annotated sessions of one client in order, with what the annotators linked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.errors import AnnotationError

NUMBERED = re.compile(r"(?P<course>.+)-s(?P<number>\d+)$")
TARGET = re.compile(r"s(?P<number>\d+)\.(?P<id>.+)$")


@dataclass(frozen=True, slots=True)
class Course:
    """Consecutive sessions of one client as annotated.

    Attributes
    ----------
    client : str
        The group that must never be divided.
    sessions : tuple of AnnotatedSession
    items : tuple of tuple of int, one tuple for each session
        Indices of the recommendations that say the same, the first one first; in the order of the first ones.
    links : dict of (session, review) to tuple of (session, item)
        Indices, for every review that looks back to something; empty for a broad look-back.
    """

    client: str
    sessions: tuple[AnnotatedSession, ...]
    items: tuple[tuple[tuple[int, ...], ...], ...]
    links: dict[tuple[int, int], tuple[tuple[int, int], ...]]


def courses(sessions: Iterable[AnnotatedSession]) -> list[Course]:
    """Group sessions whose ids are ``NAME-s1``, ``NAME-s2`` ... into courses; a session of its own is one of one.

    Raises
    ------
    AnnotationError
        When a review or a restatement points at a recommendation that is not there.
    """
    grouped: dict[str, list[tuple[int, AnnotatedSession]]] = {}
    for session in sessions:
        parts = NUMBERED.match(session.id)
        name, number = (parts["course"], int(parts["number"])) if parts else (session.id, 1)
        grouped.setdefault(name, []).append((number, session))
    return [_course(sorted(some, key=lambda pair: pair[0])) for some in grouped.values()]


def _course(numbered: Sequence[tuple[int, AnnotatedSession]]) -> Course:
    sessions = tuple(session for _, session in numbered)
    items = tuple(same_items(session) for session in sessions)
    place_of = {number: place for place, (number, _) in enumerate(numbered)}
    links = {
        (place, review): _targets(session, review, place_of, sessions, items)
        for place, session in enumerate(sessions)
        for review in range(len(session.reviews))
    }
    return Course(sessions[0].group, sessions, items, links)


def same_items(session: AnnotatedSession) -> tuple[tuple[int, ...], ...]:
    """The recommendations of a session in groups that say the same, by their ``restates``.

    Raises
    ------
    AnnotationError
        When one repeats a recommendation that is not there.
    """
    by_id = {span.id: number for number, span in enumerate(session.recommendations) if span.id is not None}
    group = list(range(len(session.recommendations)))
    for number, span in enumerate(session.recommendations):
        if span.restates is None:
            continue
        if span.restates not in by_id:
            raise AnnotationError(f"session {session.id}: {span.id} repeats {span.restates}, which is not there")
        one, other = sorted((group[number], group[by_id[span.restates]]))
        group = [one if each == other else each for each in group]
    return tuple(tuple(number for number, each in enumerate(group) if each == first) for first in sorted(set(group)))


def _targets(
    session: AnnotatedSession,
    review: int,
    place_of: dict[int, int],
    sessions: Sequence[AnnotatedSession],
    items: Sequence[tuple[tuple[int, ...], ...]],
) -> tuple[tuple[int, int], ...]:
    found = set()
    for target in session.reviews[review].of:
        parts = TARGET.match(target)
        place = place_of.get(int(parts["number"])) if parts else None
        ids = [span.id for span in sessions[place].recommendations] if place is not None else []
        if parts is None or place is None or parts["id"] not in ids:
            raise AnnotationError(f"session {session.id}, review {review}: {target} is not there")
        number = ids.index(parts["id"])
        found.add((place, next(at for at, group in enumerate(items[place]) if number in group)))
    return tuple(sorted(found))
