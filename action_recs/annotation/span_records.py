"""JSON lines of documents with spans, as in doccano and Prodigy: a record is a session, or one utterance of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from action_recs.annotation import sidecar
from action_recs.annotation.document import Document, Place, read_document
from action_recs.annotation.formats import LoadOptions
from action_recs.annotation.marks import Mark, MarkedSession
from action_recs.annotation.offsets import from_utf16
from action_recs.annotation.problems import Problem
from action_recs.annotation.speakers import with_roles
from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Segment

SPEAKER_KEYS = ("role", "speaker", "author")
"""Where a record that is one utterance says who speaks; with a key for the session, that makes it one."""


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """A record: its text, its spans (label, start, end, attributes, score), and who annotated it.

    ``about`` holds the keys that may say which session it is: the record's own and those of its metadata. Offsets are
    code points, or UTF-16 code units where ``utf16`` says so.
    """

    text: str = field(repr=False)
    spans: tuple[tuple[str, Any, Any, Mapping[str, str], float], ...] = field(repr=False)
    about: Mapping[str, Any] = field(repr=False)
    annotator: str | None
    place: str
    otherwise: str
    utf16: bool = False


def sessions(found: Iterable[SpanRecord | Problem], options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """The sessions that records make: one each, or one of all neighbouring records that name the same session."""
    waiting: list[SpanRecord] = []
    for record in found:
        if isinstance(record, Problem):
            yield record
            continue
        if waiting and _utterance_of(record) != _utterance_of(waiting[0]):
            yield _joined(waiting, options)
            waiting = []
        if _utterance_of(record) is None:
            yield _whole(record, options)
        else:
            waiting.append(record)
    if waiting:
        yield _joined(waiting, options)


def _utterance_of(record: SpanRecord) -> tuple[str, str | None] | None:
    """The session and annotator of a record that is one utterance; None for one that is a whole session."""
    if sidecar.KEY in record.about or not any(record.about.get(key) for key in SPEAKER_KEYS):
        return None
    session = next((record.about[key] for key in sidecar.SESSION_KEYS if record.about.get(key) is not None), None)
    return None if session is None else (str(session), record.annotator)


def _whole(record: SpanRecord, options: LoadOptions) -> MarkedSession | Problem:
    try:
        document = sidecar.kept_document(record.about, record.text) or read_document(record.text, options.roles)
    except TranscriptError as error:
        what, _, remedy = str(error).rpartition("; ")
        return Problem("unreadable", what or remedy, remedy, record.place)
    return MarkedSession(
        transcript=sidecar.identified(document.transcript, record.about),
        annotator=record.annotator,
        record=record.place,
        **sidecar.session_facts(record.about, record.otherwise),
        **_marks(record, document),
    )


def _joined(parts: list[SpanRecord], options: LoadOptions) -> MarkedSession | Problem:
    """One session of records that are an utterance each."""
    first = parts[0]
    said = [
        Segment(part.text, str(next(part.about[key] for key in SPEAKER_KEYS if part.about.get(key))), place=part.place)
        for part in parts
    ]
    try:
        transcript = with_roles(said, options.roles)
    except TranscriptError as error:
        what, _, remedy = str(error).rpartition("; ")
        return Problem("unreadable", what or remedy, remedy, first.place)
    marks: list[Mark] = []
    problems: list[Problem] = []
    for index, part in enumerate(parts):
        one = replace(transcript, utterances=transcript.utterances[index : index + 1])
        found = _marks(part, Document(part.text, one, (0,), (0,)))
        marks += [replace(mark, first=index, last=index) for mark in found["marks"]]
        problems += found["problems"]
    return MarkedSession(
        transcript=sidecar.identified(transcript, first.about),
        marks=tuple(_runs(marks, options)),
        annotator=first.annotator,
        record=first.place,
        problems=tuple(problems),
        **sidecar.session_facts(first.about, first.otherwise),
    )


def _runs(marks: list[Mark], options: LoadOptions) -> list[Mark]:
    """Marks of a label for runs, on neighbouring utterances, are one run: a record cannot say that it goes on."""
    joined: list[Mark] = []
    for mark in sorted(marks, key=lambda each: (each.label, each.first)):
        before = joined[-1] if joined else None
        meaning = options.schema.meaning(mark.label)
        run = meaning is not None and options.schema.labels[meaning.label].unit == "run"
        if run and before and before.label == mark.label and mark.first == before.last + 1:
            joined[-1] = replace(before, last=mark.last, end=mark.end)
        else:
            joined.append(mark)
    return joined


def _place(document: Document, start: Any, end: Any, *, utf16: bool) -> Place | None:
    if not (isinstance(start, int) and isinstance(end, int)):
        return None
    if utf16:
        try:
            start, end = from_utf16(document.text, start), from_utf16(document.text, end)
        except ValueError:
            return None
    return document.place(start, end)


def _marks(record: SpanRecord, document: Document) -> dict[str, Any]:
    marks: list[Mark] = []
    problems: list[Problem] = []
    for number, (label, start, end, attributes, score) in enumerate(record.spans, start=1):
        place = f"{record.place}, span {number}"
        at = _place(document, start, end, utf16=record.utf16)
        if at is None:
            backwards = isinstance(start, int) and isinstance(end, int) and end <= start
            kind, what = (
                ("ends-before-start", "is empty or ends before it starts")
                if backwards
                else ("outside-text", f"no stretch of the text's {len(document.text)} characters")
            )
            offset = start if isinstance(start, int) else None
            problems.append(Problem(kind, what, "export text and labels together again", place, offset))
        else:
            marks.append(
                Mark(label, at.first, at.last, at.start, at.end, attributes, score=score, record=place, offset=start)
            )
    return {"marks": tuple(marks), "problems": tuple(problems)}
