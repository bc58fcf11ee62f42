"""Prodigy: JSONL of ``db-out``, one task a line, with spans, an answer and who gave it.

Offsets are code points, because its tokens are made in Python. Tasks that were rejected or ignored are no annotations.
Who annotated is the name of the dataset and of the session ("homework-anna"); without a named session Prodigy writes
the time at which it was started, which is nobody's name. Several annotators of one text have the same ``_input_hash``,
which names the session where nothing else does.

Sources: prodi.gy/docs/api-interfaces (spans_manual); support.prodi.gy/t/1644 (multi-user sessions).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from action_recs.annotation import sidecar
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import exact_document
from action_recs.annotation.formats import AnnotationFormat, LoadOptions
from action_recs.annotation.json_records import first_record, records
from action_recs.annotation.marks import MarkedSession, marked
from action_recs.annotation.problems import Problem
from action_recs.annotation.span_records import SpanRecord, sessions
from action_recs.readers.formats import Content

STARTED = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d")
"""What stands in place of an annotator's name where the session had none."""

OWN = ("_task_hash", "_input_hash", "_view_id", "_annotator_id", "answer")
"""Keys that Prodigy sets."""

OF_A_SPAN = frozenset({"start", "end", "label", "token_start", "token_end", "text", "score", "source", "id", "type"})
"""Keys of a span that are Prodigy's; what else is a text there is an attribute."""


def matches(content: Content) -> bool:
    """Whether the first record is a task with a text."""
    record = first_record(content)
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        return False
    spans = record.get("spans")
    with_spans = isinstance(spans, list) and all(isinstance(each, dict) and "label" in each for each in spans)
    return with_spans or any(key in record for key in OWN)


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """A session for every accepted task; or, where ``meta`` names session and speaker, one of all tasks of that."""
    accepted = (found for place, record in records(content) if (found := _record(place, record)) is not None)
    return sessions(accepted, options)


def _record(place: str, record: Any) -> SpanRecord | Problem | None:
    if isinstance(record, Problem):
        return record
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        return Problem("unreadable", "no task with a text", "export the dataset with db-out", place)
    if record.get("answer", "accept") != "accept":
        return None
    spans: list[tuple[str, Any, Any, dict[str, str], float]] = []
    listed = record.get("spans") or []
    if not isinstance(listed, list):
        return Problem("unreadable", "spans that are no list", "export the dataset with db-out", place)
    for number, each in enumerate(listed, start=1):
        if not isinstance(each, dict) or not isinstance(each.get("label"), str):
            return Problem("unreadable", f"span {number} has no label", "export the dataset with db-out", place)
        own = each["attributes"] if isinstance(each.get("attributes"), dict) else {}
        beside = {key: value for key, value in each.items() if key not in OF_A_SPAN}
        said = {str(key): value for key, value in {**beside, **own}.items() if isinstance(value, str)}
        spans.append((each["label"], each.get("start"), each.get("end"), said, _score(each.get("score"))))
    meta = record["meta"] if isinstance(record.get("meta"), dict) else {}
    names = [str(record[key]) for key in ("_annotator_id", "_session_id") if record.get(key)]
    annotator = next((each for each in names if not STARTED.fullmatch(each)), None)
    name = str(record.get("_input_hash", place))
    return SpanRecord(record["text"], tuple(spans), {**meta, **record}, annotator, place, name)


def _score(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 1.0


def write(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Tasks for ``spans.manual``, whose recipe adds the tokens; what was said of a mark is in its ``attributes``."""
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for session in sessions:
            document = exact_document(session.transcript)
            spans = []
            for mark in marked(session).marks:
                start, end = document.stretch(mark.first, mark.last, mark.start, mark.end)
                span: dict[str, Any] = {"start": start, "end": end, "label": mark.label}
                scored = {} if mark.score == 1 else {"score": mark.score}
                spans.append({**span, **scored, "attributes": dict(mark.attributes)})
            by = {} if session.annotator is None else dict.fromkeys(("_annotator_id", "_session_id"), session.annotator)
            record = {
                "text": document.text,
                "spans": spans,
                "meta": {"session_id": session.id},
                sidecar.KEY: sidecar.with_utterances(session, document),
                "_view_id": "spans_manual",
                "answer": "accept",
                **by,
            }
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


FORMATS = (AnnotationFormat("prodigy", matches, load, write, suffix=".jsonl", streams=True),)
