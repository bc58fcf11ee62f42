"""doccano: JSONL exports of sequence labelling, with ``label`` (lists) or ``entities`` and ``relations`` (objects).

An export is a zip with a file for each annotator, named after the user ("anna.jsonl"), or with ``all.jsonl`` where
they worked on one version together. What was imported beside text and label comes back as further keys of each line.

Offsets are UTF-16 code units since version 1.6 (its editor, v-annotator, adds up lengths of JavaScript strings), and
were code points before; the export does not say. They are taken for code points only where every mark of an example
begins and ends with words in that way, and not in the other. A project that counts grapheme clusters writes those
instead: annotate with that setting off.

On import, doccano drops a mark that overlaps with one before it, unless the project allows overlapping spans: switch
that on, because a review goes over the recommendations in it.

Sources: doccano 1.8, backend/data_export (celery_tasks, models, pipeline/factories, formatters, writers) and
backend/data_import (pipeline/labels, makers); v-annotator, src/domain/models (Label/Text, EventHandler).
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
from action_recs.annotation.offsets import from_utf16, has_wide, likeliest, on_words, to_utf16
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
    listed = next((record[key] for key in ("entities", *LISTS) if record.get(key) is not None), None)
    return isinstance(listed, list) and all(
        (isinstance(each, list) and len(each) == 3) or (isinstance(each, dict) and "start_offset" in each)
        for each in listed
    )


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
        listed = [*(record.get("entities") or ()), *(next((record[key] for key in LISTS if key in record), None) or ())]
        entities = [each for each in listed if isinstance(each, dict)]
        named = {each.get("id"): f"r{number}" for number, each in enumerate(entities, start=1)}
        said = _relations(record, named)
        for each in entities:
            about = said.get(each.get("id"), {})
            spans.append((str(each["label"]), each["start_offset"], each["end_offset"], about, 1.0))
        # In projects that classify texts, too, "entities" are lists.
        for start, end, label in (each for each in listed if not isinstance(each, dict)):
            spans.append((str(label), start, end, {}, 1.0))
    except (KeyError, TypeError, ValueError):
        return Problem("unreadable", "labels of another shape", "export the project as JSONL", place)
    name = str(record.get("id", place))
    utf16 = sidecar.KEY in record or _counts_utf16(text, [(start, end) for _, start, end, _, _ in spans])
    return SpanRecord(text, tuple(spans), record, annotator, f"{place}, example {name}", name, utf16)


def _counts_utf16(text: str, spans: list[tuple[Any, Any]]) -> bool:
    """Whether the offsets are UTF-16 code units, as far as can be told from where the marks begin and end."""
    if not has_wide(text):
        return False
    plain = [(start, end) for start, end in spans if isinstance(start, int) and isinstance(end, int)]
    return likeliest([[_on_words(text, *each) for each in plain], [on_words(text, *each) for each in plain]]) == 0


def _on_words(text: str, start: int, end: int) -> bool:
    try:
        return on_words(text, from_utf16(text, start), from_utf16(text, end))
    except ValueError:
        return False


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
                ends = document.stretch(mark.first, mark.last, mark.start, mark.end)
                label.append([*(to_utf16(document.text, end) for end in ends), name])
            record = {"text": document.text, "label": label, sidecar.KEY: sidecar.with_utterances(session, document)}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


HELD = EVERYTHING - {"annotator", "category", "id", "restates", "adherence", "target", "of", "score"}

FORMATS = (AnnotationFormat("doccano", matches, load, write, suffix=".jsonl", holds=HELD, streams=True),)
