"""Our inline markup as a form: see :mod:`action_recs.annotation.markup`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import one_line
from action_recs.annotation.formats import AnnotationFormat, LoadOptions
from action_recs.annotation.marks import Mark, MarkedSession, marked, run_marks, span_marks
from action_recs.annotation.markup import HEADER, STRAY_TAG, client_of, parse_markup
from action_recs.annotation.problems import Problem
from action_recs.errors import OutputError
from action_recs.readers.formats import Content
from action_recs.readers.stream import text_stream
from action_recs.transcript import Role, Transcript

SPEAKER = re.compile(r"T|C\d?")
ORDER = ("id", "form", "category", "restates", "of", "adherence", "target")
WRITTEN = {"restates": "same"}
"""Attribute -> its name in the markup."""


def matches(content: Content) -> bool:
    """Whether the first line that is not empty opens a session."""
    first = next((line.strip() for line in (content.text or "").split("\n") if line.strip()), "")
    return HEADER.match(first) is not None


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:  # noqa: ARG001
    """The sessions of the file; an ``annotator`` of the header is the session's."""
    with text_stream(content) as lines:
        for draft in parse_markup(lines):
            record = f"session on line {draft.line}"
            problems = [Problem("markup", what, "correct the line", f"line {line}") for line, what in draft.problems]
            if not draft.id:
                yield from problems
                continue
            client = client_of(draft.id)
            yield MarkedSession(
                id=draft.id,
                transcript=Transcript(tuple(draft.utterances), session_id=draft.id, client_id=client),
                marks=(*span_marks(draft.recommendations, record), *run_marks(draft.reviews, record)),
                annotator=draft.annotator,
                group=client,
                metadata=draft.metadata,
                record=record,
                problems=tuple(problems),
            )


def write(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """A file of all sessions.

    Raises
    ------
    OutputError
        When a session holds what would read as something else: a speaker who is neither therapist nor client, or words
        that look like the markup's own tags.
    """
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        for number, session in enumerate(sessions):
            file.write("\n" if number else "")
            file.writelines(f"{line}\n" for line in _lines(session))


def _lines(session: AnnotatedSession) -> Iterator[str]:
    fields = dict(session.metadata) | ({"annotator": session.annotator} if session.annotator is not None else {})
    name = re.sub(r"[|\s]+", "_", session.id)
    yield " | ".join([f"# session: {name}", *(f"{_field(key)}: {_field(value)}" for key, value in fields.items())])
    marks = marked(session).marks
    for index, utterance in enumerate(session.transcript.utterances):
        if utterance.role is Role.OTHER or STRAY_TAG.search(utterance.text):
            remedy = "write it in another form"
            raise OutputError(f"session {session.id}, utterance {index}: cannot stand in inline markup; {remedy}")
        for mark in marks:
            if mark.label == "review" and mark.first == index:
                yield f"<review{_attributes(mark)}>"
        own = utterance.speaker if utterance.speaker and SPEAKER.fullmatch(utterance.speaker) else ""
        speaker = own if own[:1] == utterance.role.value[0].upper() else utterance.role.value[0].upper()
        yield f"{speaker}: {_tagged(one_line(utterance.text), index, marks)}".rstrip()
        for mark in marks:
            if mark.label == "review" and mark.last == index:
                yield "</review>"


def _tagged(text: str, index: int, marks: Iterable[Mark]) -> str:
    spans = sorted(
        (mark for mark in marks if mark.label == "recommendation" and mark.first == index),
        key=lambda mark: mark.start or 0,
        reverse=True,
    )
    for mark in spans:
        text = f"{text[: mark.start]}<rec{_attributes(mark)}>{text[mark.start : mark.end]}</rec>{text[mark.end :]}"
    return text.strip()


def _attributes(mark: Mark) -> str:
    said = ((WRITTEN.get(name, name), mark.attributes[name]) for name in ORDER if name in mark.attributes)
    return "".join(f' {name}="{_quoted(value)}"' for name, value in said)


def _quoted(value: str) -> str:
    """Without what would end the attribute: double quotation marks and line ends."""
    return one_line(value).replace('"', "'")


def _field(value: str) -> str:
    return one_line(value).replace("|", "/").strip()


HELD = frozenset({"annotator", "metadata", "form", "category", "id", "restates", "adherence", "target", "of", "spans"})

FORMATS = (AnnotationFormat("markup", matches, load, write, suffix=".txt", holds=HELD, streams=True),)
