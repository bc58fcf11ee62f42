"""Our stand-off labels for AnnoMI as a form, which is only read: see :mod:`action_recs.annotation.standoff`.

``AnnoMI-full.csv`` stands beside the labels, or in a folder above; ``transcripts.txt`` beside them lists what was
annotated.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from action_recs.annotation.formats import AnnotationFormat, LoadOptions
from action_recs.annotation.json_records import first_record, records
from action_recs.annotation.marks import MarkedSession, marked
from action_recs.annotation.problems import Problem
from action_recs.annotation.standoff import KINDS, read_annomi
from action_recs.errors import AnnotationError
from action_recs.readers.formats import Content

CSV = "AnnoMI-full.csv"
LISTED = "transcripts.txt"


def matches(content: Content) -> bool:
    """Whether the first line is a label of an AnnoMI transcript."""
    record = first_record(content)
    return isinstance(record, dict) and isinstance(record.get("transcript_id"), int) and record.get("label") in KINDS


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:  # noqa: ARG001
    """The annotated transcripts, in the order of their numbers."""
    path = content.path
    table = _beside(path, CSV) if path else None
    if path is None or table is None:
        remedy = f"put {CSV} of the public repository uccollab/AnnoMI beside the labels"
        yield Problem("no-text", "labels without the text that they are for", remedy)
        return
    listed = path.with_name(LISTED)
    try:
        if listed.is_file():
            only = {int(line) for line in listed.read_text(encoding="utf-8").split()}
        else:
            only = {each["transcript_id"] for _, each in records(content) if isinstance(each, dict)}
    except (OSError, ValueError, KeyError):
        yield Problem("unreadable", f"{LISTED} is no list of numbers", "write one a line", file=str(listed))
        return
    try:
        for session in read_annomi(table, path, only=only):
            yield marked(session, f"transcript {session.id.removeprefix('annomi-')}")
    except AnnotationError as error:
        for line in str(error).split("\n"):
            what = line.removeprefix(str(path)).lstrip(", :")
            yield Problem("stand-off", what, "correct the label")


def _beside(path: Path, name: str) -> Path | None:
    return next((folder / name for folder in path.resolve().parents if (folder / name).is_file()), None)


FORMATS = (AnnotationFormat("stand-off", matches, load, suffix=".jsonl"),)
