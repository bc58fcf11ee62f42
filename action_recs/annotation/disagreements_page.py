"""The page to adjudicate from: every disagreement in its context, and what the judge decides, saved as a file.

One HTML file without anything from outside; its script runs offline and reads nothing else. The page holds transcript
text, because that is what is decided on: keep it where the transcripts are kept. The file of decisions that it saves
holds places and labels; :mod:`~action_recs.annotation.decisions` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from action_recs.annotation.agreement import UNNAMED
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.disagreements import Disagreement, disagreements
from action_recs.pages import environment, frame
from action_recs.session import Label
from action_recs.transcript import Role
from action_recs.whole_files import write_whole

if TYPE_CHECKING:
    import markupsafe

CONTEXT = 3
"""Utterances that the page shows before and after a disagreement."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; ``kind`` is "casual", "structured" or "review" where it is marked, else ""."""

    text: str = field(repr=False)
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An utterance of one annotator's version; ``concerned`` when the disagreement is about it."""

    index: int
    role: str
    concerned: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """What an annotator marked, in its context."""

    annotator: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class PlainLine:
    """An utterance as the judge marks it; ``selectable`` when a mark may lie in it."""

    index: int
    role: str
    text: str = field(repr=False)
    selectable: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A disagreement as the page shows it."""

    session: str
    label: str
    place: str
    kind: str
    utterances: int
    versions: tuple[Version, ...]
    lines: tuple[PlainLine, ...]


def write_page(sessions: Iterable[AnnotatedSession], path: str | Path) -> int:
    """Write the page with every disagreement, in its context, with each annotator's marks.

    Parameters
    ----------
    sessions : iterable of AnnotatedSession
        All annotators' versions.
    path : path
        Of the HTML file.

    Returns
    -------
    int
        How many disagreements are on it.

    Raises
    ------
    AnnotationError
        When the transcripts of a session differ between its annotators.
    OutputError
        When the file cannot be written.
    """
    known = list(sessions)
    found = disagreements(known)
    by_name = {(each.id, each.annotator or UNNAMED): each for each in known}
    template = environment().get_template("disagreements.html")
    page = template.render(
        cases=[_case(each, by_name) for each in found],
        sessions=len({each.session for each in found}),
        annotators=sorted({who for each in found for who in each.marks}),
        data=_data(found, by_name),
        **frame("disagreements.css", script="disagreements.js"),
    )
    write_whole(page, Path(path))
    return len(found)


def _case(found: Disagreement, sessions: Mapping[tuple[str, str], AnnotatedSession]) -> Case:
    session = sessions[found.session, next(iter(found.marks))]
    utterances = session.transcript.utterances
    shown = range(max(found.first - CONTEXT, 0), min(found.last + CONTEXT + 1, len(utterances)))
    run = found.label is Label.REVIEW
    several = "utterance {0}" if found.first == found.last else "utterances {0} to {1}"
    return Case(
        session=found.session,
        label=found.label.value,
        place=several.format(found.first, found.last),
        kind=found.kind,
        utterances=len(utterances),
        versions=tuple(
            Version(who, tuple(_line(index, session, found, who) for index in shown)) for who in found.marks
        ),
        lines=tuple(
            PlainLine(index, each.role.value, each.text, run or each.role is Role.THERAPIST)
            for index, each in ((index, utterances[index]) for index in shown)
        ),
    )


def _line(index: int, session: AnnotatedSession, found: Disagreement, who: str) -> Line:
    utterance = session.transcript.utterances[index]
    concerned = found.first <= index <= found.last
    return Line(index, utterance.role.value, concerned, tuple(_pieces(index, utterance.text, found, who)))


def _pieces(index: int, text: str, found: Disagreement, who: str) -> Iterator[Piece]:
    own = found.marks[who]
    if found.label is Label.REVIEW:
        yield Piece(text, "review" if any(start <= index < end for _, start, end in own) else "")
        return
    position = 0
    for (utterance, start, end), form in zip(own, found.forms[who], strict=True):
        if utterance == index:
            yield Piece(text[position:start])
            yield Piece(text[start:end], form)
            position = end
    yield Piece(text[position:])


def _data(found: Iterable[Disagreement], sessions: Mapping[tuple[str, str], AnnotatedSession]) -> markupsafe.Markup:
    """The places and marks for the script: no text. Nothing in it can end the element that holds it."""
    import markupsafe

    cases = [
        each.to_dict() | {"utterances": len(sessions[each.session, next(iter(each.marks))].transcript)}
        for each in found
    ]
    written = json.dumps(cases)
    for character in "<>&":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return markupsafe.Markup(written)  # noqa: S704 - escaped just here
