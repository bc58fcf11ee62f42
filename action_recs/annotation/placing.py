"""Marks and facts on a session that is one text: from a tool's offsets to utterances, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import Document
from action_recs.annotation.marks import Mark, MarkedSession
from action_recs.annotation.problems import Problem
from action_recs.errors import AnnotationError
from action_recs.session import IDENTIFIERS

FACTS = (*(name for name in IDENTIFIERS if name != "session_id"), "group")
"""What is known of a session beside its metadata; the same names in every form."""

ATTRIBUTES = ("form", "category", "id", "restates", "adherence", "target", "of")
"""What can be said of a mark, under the schema's names."""

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def placed(
    document: Document,
    start: int,
    end: int,
    label: str,
    *,
    attributes: Mapping[str, str] | None = None,
    covered: str | None = None,
    score: float = 1.0,
    record: str = "",
    offset: int | None = None,
) -> Mark | Problem:
    """The mark on code points ``start`` to ``end`` of a document, or the problem that there is no such stretch.

    Parameters
    ----------
    offset : int, optional
        Where the tool says that it begins, in the tool's unit; ``start`` unless told.
    """
    shown = start if offset is None else offset
    if end <= start:
        return Problem(
            "ends-before-start", "a mark that ends where or before it starts", "mark it again", record, shown
        )
    place = document.place(start, end)
    if place is None:
        what = f"a mark outside of the text's {len(document.text)} characters"
        return Problem("outside-text", what, "export text and marks together again", record, shown)
    return Mark(
        label=label,
        first=place.first,
        last=place.last,
        start=place.start,
        end=place.end,
        attributes=dict(attributes or {}),
        covered=covered,
        score=score,
        record=record,
        offset=shown,
    )


def stretch(document: Document, mark: Mark) -> tuple[int, int]:
    """The code points of the document that a mark covers; marks of whole utterances with the speakers' labels."""
    return document.stretch(mark.first, mark.last, mark.start, mark.end)


def as_score(text: str) -> float:
    """A score that a tool kept as text; 1, a person's, where it is no number from 0 to 1."""
    try:
        score = float(text)
    except ValueError:
        return 1.0
    return score if 0 <= score <= 1 else 1.0


def facts_of(session: AnnotatedSession) -> dict[str, str]:
    """What is known of a session, one name a fact: its metadata, and whom it belongs to."""
    known = {name: getattr(session.transcript, name, None) for name in FACTS}
    known["group"] = session.group if session.group not in ("", session.transcript.client_id, session.id) else None
    return {**session.metadata, **{name: value for name, value in known.items() if value is not None}}


def with_facts(found: MarkedSession, facts: Mapping[str, str]) -> MarkedSession:
    """The session with what :func:`facts_of` wrote; names that it does not know are metadata."""
    known: dict[str, Any] = {name: value for name, value in facts.items() if name in FACTS}
    group = known.pop("group", "")
    return replace(
        found,
        transcript=replace(found.transcript, **known),
        group=group,
        metadata={name: value for name, value in facts.items() if name not in FACTS},
    )


def check_xml(session: AnnotatedSession) -> None:
    """Refuse text that no XML document can hold.

    Raises
    ------
    AnnotationError
        With every utterance that has such a character.
    """
    problems = [
        f"session {session.id}, utterance {index}, character {found.start()}: a control character, which XML cannot "
        "hold; take it out, or write another form"
        for index, utterance in enumerate(session.transcript.utterances)
        if (found := NOT_IN_XML.search(utterance.text))
    ]
    if problems:
        raise AnnotationError("\n".join(problems))


def xml_text(text: str) -> str:
    """The text without the characters that no XML document can hold: for names and notes, never for a transcript."""
    return NOT_IN_XML.sub("\ufffd", text)


def file_name(name: str) -> str:
    """A file's name that every system takes; the true name stands inside the file."""
    return re.sub(r"[^\w.@+-]", "_", name).lstrip(".") or "_"
