"""doccano: JSONL exports of sequence labelling, with ``label`` (lists) or ``entities`` and ``relations`` (objects).

Offsets are code points; a project that counts grapheme clusters writes those instead, and its export does not say so:
annotate with that setting off. An export holds a file for each annotator, named after the user, or ``all.jsonl`` where
they worked together. What is imported beside text and label comes back as further keys of each line.
Source: doccano, backend/data_export (models, formatters, examples).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from action_recs.annotation import sidecar
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import exact_document
from action_recs.annotation.formats import EVERYTHING, AnnotationFormat, LoadOptions
from action_recs.annotation.json_records import first_record, records
from action_recs.annotation.marks import MarkedSession, marked
from action_recs.annotation.problems import Problem
from action_recs.annotation.span_records import SpanRecord, sessions
from action_recs.readers.formats import Content

TEXTS = ("text", "data")
LISTS = ("label", "labels")
SHARED = ("all", "unknown")
"""Names of files that are no single user's."""

RELATIONS = ("restates", "same")


def matches(content: Content) -> bool:
    """Whether the first record has a text, and labels as ``[start, end, name]`` or entities with offsets."""
    record = first_record(content)
    if not isinstance(record, dict) or not any(isinstance(record.get(key), str) for key in TEXTS):
        return False
    if isinstance(record.get("entities"), list):
        return all(isinstance(each, dict) and "start_offset" in each for each in record["entities"])
    lists = next((record[key] for key in LISTS if key in record), None)
    return isinstance(lists, list) and all(isinstance(each, list) and len(each) == 3 for each in lists)


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """A session a line; or, where lines name a session and a speaker, one of all lines of the session."""
    stem = content.stem or ""
    annotator = None if stem in SHARED else stem or None
    return sessions((_record(place, record, annotator) for place, record in records(content)), options)


def _record(place: str, record: Any, annotator: str | None) -> SpanRecord | Problem:
    if isinstance(record, Problem):
        return record
    text = next((record[key] for key in TEXTS if isinstance(record.get(key), str)), None) if _is(record) else None
    if text is None:
        return Problem("unreadable", "no example with a text", "export the project as JSONL", place)
    spans: list[tuple[str, Any, Any, dict[str, str], float]] = []
    try:
        named = {each["id"]: f"r{number}" for number, each in enumerate(record.get("entities") or (), start=1)}
        said = _relations(record, named)
        for each in record.get("entities") or ():
            spans.append((str(each["label"]), each["start_offset"], each["end_offset"], said.get(each["id"], {}), 1.0))
        for start, end, label in next((record[key] for key in LISTS if key in record), None) or ():
            spans.append((str(label), start, end, {}, 1.0))
    except (KeyError, TypeError, ValueError):
        return Problem("unreadable", "labels of another shape", "export the project as JSONL", place)
    name = str(record.get("id", place))
    return SpanRecord(text, tuple(spans), record, annotator, f"{place}, example {name}", name)


def _relations(record: dict[str, Any], named: dict[Any, str]) -> dict[Any, dict[str, str]]:
    """Which entities restate another: both get the attributes that say so."""
    said: dict[Any, dict[str, str]] = {}
    for each in record.get("relations") or ():
        if str(each["type"]).casefold() in RELATIONS and each["from_id"] in named and each["to_id"] in named:
            said.setdefault(each["to_id"], {})["id"] = named[each["to_id"]]
            said.setdefault(each["from_id"], {})["restates"] = named[each["to_id"]]
    return said


def _is(record: Any) -> bool:
    return isinstance(record, dict)


def write(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Lines to import with the column ``label``; a structured recommendation is ``recommendation:structured``."""
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for session in sessions:
            document = exact_document(session.transcript)
            label = []
            for mark in marked(session).marks:
                name = f"{mark.label}:{mark.attributes['form']}" if "form" in mark.attributes else mark.label
                label.append([*document.stretch(mark.first, mark.last, mark.start, mark.end), name])
            record = {"text": document.text, "label": label, sidecar.KEY: sidecar.with_utterances(session, document)}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


HELD = EVERYTHING - {"annotator", "category", "id", "restates", "adherence", "target", "of", "score"}

FORMATS = (AnnotationFormat("doccano", matches, load, write, suffix=".jsonl", holds=HELD, streams=True),)
