"""Tables (CSV, TSV, Excel): one row an utterance, and a column of 0 and 1 for each label.

    session_id,annotator,speaker,text,recommendation,review
    s1,ann,Therapist,Did you walk?,0,1

A label's column may belong to one annotator ("recommendation@ann"). Neighbouring rows of a review are one run, unless
``review_run`` numbers them apart. A table says which utterance holds a recommendation, not where in it.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.formats import EVERYTHING, AnnotationFormat, LoadOptions
from action_recs.annotation.marks import Mark, MarkedSession
from action_recs.annotation.placing import check_xml
from action_recs.annotation.problems import Problem
from action_recs.annotation.schema import Schema
from action_recs.annotation.speakers import with_roles
from action_recs.annotation.zipped import is_zip, members, open_zip
from action_recs.errors import TranscriptError
from action_recs.evaluation.metrics import utterances_with
from action_recs.formulas import plain_row
from action_recs.readers.archive import holds
from action_recs.readers.cells import as_seconds, as_text
from action_recs.readers.conversation import Segment
from action_recs.readers.delimited import delimited, headers
from action_recs.readers.excel import WORKBOOK
from action_recs.readers.formats import Content
from action_recs.readers.optional import guarded
from action_recs.readers.optional import load as library
from action_recs.readers.rows import Row, column_key
from action_recs.readers.stream import byte_stream
from action_recs.session import IDENTIFIERS, Label
from action_recs.transcript import Role, Transcript, as_role

SPEAKERS = ("speaker", "role")
SAID = ("form", "category", "adherence", "target")
"""Columns with what is said of an utterance's mark."""

LARGEST_WORKBOOK = 2**31
"""Bytes that a workbook may hold unpacked: openpyxl keeps all of its texts; 10,000 sessions are some 2**29."""

RUN = "review_run"
COLUMNS = (*IDENTIFIERS, "group", "annotator", "index", "speaker", "role", "text", "start", "end")
YES = {"1", "1.0", "true", "yes", "y", "x"}
NO = {"", "0", "0.0", "false", "no", "n"}
HOLDS = EVERYTHING - {"spans", "id", "restates", "of", "score", "metadata"}


def matches_text(content: Content) -> bool:
    """Whether the first line is a header with columns for speaker and text."""
    return content.text is not None and content.json is None and any(map(_ours, headers(content.text)))


def matches_excel(content: Content) -> bool:
    """Whether the bytes are a workbook's."""
    return is_zip(content) and (holds(content.data, WORKBOOK) or WORKBOOK in members(content))


def _ours(header: Iterable[object]) -> bool:
    keys = {column_key(cell) for cell in header if isinstance(cell, str)}
    return "text" in keys and bool(keys & set(SPEAKERS))


def load_text(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """The sessions of a text table, in the order of its rows."""
    header = max(filter(_ours, headers(content.text or "")), key=len, default=[])
    if not header:
        yield _no_columns()
        return
    names = {column_key(name): name for name in header}
    speaker = next(names[each] for each in SPEAKERS if each in names)
    columns = {"speaker": speaker, "text": names["text"]}
    yield from _sessions(delimited(content, columns, also=header), header, content, options)


def load_excel(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """The sessions of a workbook's sheets that have the columns; a row is read at a time."""
    library("defusedxml", content.name, "Excel")  # openpyxl parses with it where it is there
    openpyxl = library("openpyxl", content.name, "Excel")
    open_zip(content, LARGEST_WORKBOOK).close()
    found = False
    with byte_stream(content) as file:
        with guarded(_broken(content)):
            sheets = openpyxl.load_workbook(file, read_only=True, data_only=True).worksheets
        for sheet in sheets:
            rows = _excel_rows(sheet, content)
            first = next(rows, ())
            if _ours(first):
                found = True
                header = [str(cell).strip() if cell is not None else "" for cell in first]
                cells = (
                    Row(f"row {number}", dict(zip(header, row, strict=False)))
                    for number, row in enumerate(rows, start=2)
                )
                yield from _sessions(cells, header, content, options)
    if not found:
        yield _no_columns()


def _excel_rows(sheet: Any, content: Content) -> Iterator[tuple[object, ...]]:
    """The rows of a sheet; whatever a broken one makes of the library is an error of ours."""
    rows = sheet.iter_rows(values_only=True)
    while True:
        try:
            row = next(rows, None)
        except Exception:  # noqa: BLE001 (of every kind, and it quotes what it read)
            raise TranscriptError(_broken(content)) from None
        if row is None:
            return
        yield row


def _broken(content: Content) -> str:
    return f"{content.name}: a workbook that is broken; open it and save it again"


def _no_columns() -> Problem:
    return Problem("unreadable", "no columns for speaker and text", "name them 'speaker' and 'text' in the first row")


@dataclass(frozen=True, slots=True)
class _Line:
    """A row as it is needed: cells under our names, the labels that are 1, and what is wrong with it."""

    place: str
    cells: Mapping[str, object] = field(repr=False)
    marked: tuple[tuple[str, str | None], ...]  # label, annotator of the column


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which of the table's columns are labels: name -> label and annotator, and the names of our other columns."""

    labels: Mapping[str, tuple[str, str | None]]
    others: Mapping[str, str]

    @classmethod
    def of(cls, header: Iterable[str], schema: Schema) -> _Columns:
        labels: dict[str, tuple[str, str | None]] = {}
        others = {}
        for name in header:
            label, _, who = name.partition("@")
            key = column_key(name)
            if key in (*COLUMNS, *SAID, RUN):
                others[name] = key
            elif schema.meaning(label):
                labels[name] = (label, who or None)
        return cls(labels, others)


def _sessions(
    rows: Iterable[Row], header: Iterable[str], content: Content, options: LoadOptions
) -> Iterator[MarkedSession | Problem]:
    columns = _Columns.of(header, options.schema)
    if not columns.labels:
        known = ", ".join(options.schema.labels)
        yield Problem("no-label", "no column is a label", f"name columns {known}, or map their names with a schema")
        return
    problems: list[Problem] = []
    lines = _lines(rows, columns, problems)
    stem = content.stem or content.name
    for identity, group in itertools.groupby(lines, key=lambda line: _cell(line, "session_id") or stem):
        by_annotator: dict[str | None, list[_Line]] = {}
        for line in group:
            by_annotator.setdefault(_cell(line, "annotator"), []).append(line)
        yield from problems
        problems.clear()
        for who, own in by_annotator.items():
            yield from _session(identity, who, own, columns, options)
    yield from problems


def _lines(rows: Iterable[Row], columns: _Columns, problems: list[Problem]) -> Iterator[_Line]:
    for row in rows:
        if row.broken:
            what, _, remedy = row.broken.partition("; ")
            problems.append(Problem("unreadable", what, remedy or "write the table again", row.place))
            continue
        cells = {ours: row.cells.get(theirs) for theirs, ours in columns.others.items()}
        if not any(as_text(cell) for cell in cells.values()):
            continue
        found = []
        for name, label in columns.labels.items():
            value = str(row.cells.get(name) if row.cells.get(name) is not None else "").strip().casefold()
            if value in YES:
                found.append(label)
            elif value not in NO:
                what = f"neither 0 nor 1 in the column {name!r}"
                problems.append(Problem("outside-schema", what, "write 1 where the label holds, else 0", row.place))
        yield _Line(row.place, cells, tuple(found))


def _session(
    identity: str, annotator: str | None, lines: list[_Line], columns: _Columns, options: LoadOptions
) -> Iterator[MarkedSession | Problem]:
    place = f"{lines[0].place} to {lines[-1].place.removeprefix('row ')}"
    try:
        transcript = _transcript(identity, lines, options)
    except TranscriptError as error:
        what, _, remedy = str(error).rpartition("; ")
        yield Problem("no-transcript", what or remedy, remedy, place)
        return
    people = dict.fromkeys(annotator if who is None else who for _, who in columns.labels.values())
    for who in people:
        marks = []
        for index, line in enumerate(lines):
            for label, own in line.marked:
                if (own or annotator) == who:
                    marks.append(_mark(label, index, line, options.schema))
        yield MarkedSession(
            id=identity,
            transcript=transcript,
            marks=tuple(_joined(marks, options.schema)),
            annotator=who,
            group=_cell(lines[0], "group") or "",
            record=place,
        )


def _transcript(identity: str, lines: list[_Line], options: LoadOptions) -> Transcript:
    roles: dict[str, Role | str] = dict(options.roles)
    segments = []
    for line in lines:
        role = _cell(line, "role")
        speaker = _cell(line, "speaker") or (role.capitalize() if role else None)
        if role and speaker:
            roles.setdefault(speaker, as_role(role))
        text = line.cells.get("text")
        said = text if isinstance(text, str) else as_text(text) or ""
        start, end = as_seconds(line.cells.get("start")), as_seconds(line.cells.get("end"))
        segments.append(Segment(said, speaker, start, end, line.place))
    known = {name: _cell(lines[0], name) for name in IDENTIFIERS if name != "session_id"}
    return replace(with_roles(segments, roles, session_id=identity), **known)  # type: ignore[arg-type]


def _mark(label: str, index: int, line: _Line, schema: Schema) -> Mark:
    meaning = schema.meaning(label)
    allowed = schema.labels[meaning.label].attributes if meaning else {}
    said = {name: value for name in SAID if name in allowed and (value := _cell(line, name))}
    if meaning and schema.labels[meaning.label].unit == "run" and (number := _cell(line, RUN)):
        said[RUN] = number
    return Mark(label=label, first=index, last=index, attributes=said, record=line.place)


def _joined(marks: Iterable[Mark], schema: Schema) -> Iterator[Mark]:
    """Neighbouring marks of one run as one."""
    latest: dict[str, Mark] = {}
    for mark in marks:
        meaning = schema.meaning(mark.label)
        if meaning is None or schema.labels[meaning.label].unit != "run":
            yield mark
            continue
        before = latest.get(mark.label)
        if before and before.attributes.get(RUN) == mark.attributes.get(RUN) and mark.first == before.last + 1:
            latest[mark.label] = replace(before, last=mark.last)
            continue
        if before:
            yield _unnumbered(before)
        latest[mark.label] = mark
    yield from map(_unnumbered, latest.values())


def _unnumbered(mark: Mark) -> Mark:
    return replace(mark, attributes={name: value for name, value in mark.attributes.items() if name != RUN})


def _cell(line: _Line, name: str) -> str | None:
    return as_text(line.cells.get(name))


def write_text(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Write a CSV table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_HEADER)
        for session in sessions:
            table.writerows(map(plain_row, _rows(session)))


def write_excel(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Write a workbook with one sheet.

    Raises
    ------
    AnnotationError
        When a text holds characters that XML, of which workbooks are made, cannot.
    """
    openpyxl = library("openpyxl", str(path), "Excel")
    cells = library("openpyxl.cell", str(path), "Excel")
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("sessions")
    with closing(sheet):  # one that is left open writes tracebacks of its own when a session is refused
        sheet.append(_HEADER)
        for session in sessions:
            check_xml(session)
            for row in _rows(session):
                made = [cells.WriteOnlyCell(sheet, value=value) for value in row]
                for cell, value in zip(made, row, strict=True):
                    if isinstance(value, str):
                        cell.data_type = "s"  # a text that begins with "=" is no formula
                sheet.append(made)
    workbook.save(path)


_HEADER = (*COLUMNS, *(label.value for label in Label), *SAID, RUN)


def _rows(session: AnnotatedSession) -> Iterator[list[Any]]:
    transcript = session.transcript
    marked = {label: utterances_with(session, label) for label in Label}
    said: dict[int, dict[str, Any]] = {}
    for span in reversed(session.recommendations):  # of several in an utterance the first is told
        said.setdefault(span.utterance, {}).update(form=span.form.value, category=span.category)
    for number, run in enumerate(session.reviews, start=1):
        for index in range(run.first, run.last + 1):
            said.setdefault(index, {}).update({"adherence": run.adherence, "target": run.target, RUN: number})
    known = [session.id, *(getattr(transcript, name) for name in IDENTIFIERS if name != "session_id")]
    for index, each in enumerate(transcript.utterances):
        about = [
            session.group,
            session.annotator,
            index,
            each.speaker,
            each.role.value,
        ]
        labels = [int(index in marked[label]) for label in Label]
        yield [
            *known,
            *about,
            each.text,
            each.start,
            each.end,
            *labels,
            *(said.get(index, {}).get(name) for name in (*SAID, RUN)),
        ]


EXCEL_HOLDS = HOLDS - {"line_ends"}

FORMATS = (
    AnnotationFormat("csv", matches_text, load_text, write_text, ".csv", holds=HOLDS, streams=True),
    AnnotationFormat("excel", matches_excel, load_excel, write_excel, ".xlsx", holds=EXCEL_HOLDS, streams=True),
)
