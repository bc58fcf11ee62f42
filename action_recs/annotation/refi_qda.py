"""REFI-QDA projects (.qdpx): how NVivo, ATLAS.ti, MAXQDA and QualCoder exchange coded documents.

A zip with ``project.qde`` (XML: users, codes, sources, selections) and the sources' plain texts, which are read a
source at a time. Positions are code points of the plain text, from 0, the end exclusive, as in the exports of all four
(the standard says "the first and the last character"; its own examples are exclusive). A Windows line end is two of
them; in ATLAS.ti and QualCoder, which write such files but count one, it is one. Where the words that selections show
as their names, and the ends of words, all fit another way to count (a line end as one or two, UTF-16 code units), this
is taken.

Codes are labels: "recommendation" with "casual" and "structured" below it, and "review". What else is said of a mark
stands in the comment on its selection, a line each ("category: monitor"); what is known of a session in document
variables. A coding's user is its annotator. That an annotator saw a document and coded nothing is a variable, too,
because nothing else in the standard says so.

Sources: REFI-QDA Standard 1.5 (2019), Project.xsd; QualCoder, src/qualcoder/refi.py, on the line ends of each program.
"""

from __future__ import annotations

import itertools
import tempfile
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import Document, lay_out, one_line, read_document
from action_recs.annotation.formats import EVERYTHING, AnnotationFormat, LoadOptions
from action_recs.annotation.marks import Mark, MarkedSession, marked
from action_recs.annotation.offsets import from_utf16, has_wide, likeliest, on_words
from action_recs.annotation.placing import ATTRIBUTES, as_score, facts_of, placed, stretch, with_facts, xml_text
from action_recs.annotation.problems import Problem
from action_recs.annotation.xml_parts import parts
from action_recs.annotation.zipped import is_zip, members, open_zip
from action_recs.errors import OutputError, TranscriptError
from action_recs.readers.archive import holds, member
from action_recs.readers.content import decode
from action_recs.readers.formats import Content
from action_recs.readers.markup import descendants, local

PROJECT = "project.qde"
NAMESPACE = "urn:QDA-XML:project:1.0"
SCHEMA = f"{NAMESPACE} http://schema.qdasoftware.org/versions/Project/v1.0/Project.xsd"
INTERNAL = "internal://"
SOURCES = "sources/"
ANNOTATED_BY = "annotated by "
"""How the variables begin that say who annotated a document."""

SCORE = "score"
TEXTS = ("TextSource", "Representation", "Transcript")
"""Elements with a plain text: documents, the text of a PDF, the transcript of a recording."""

ELSEWHERE = ("PDFSelection", "PictureSelection", "AudioSelection", "VideoSelection")
"""Selections that are places on a page or in a recording, and not in a text."""

ONE_LINE_END = ("atlas", "qualcoder")
"""Programs that count a Windows line end as one character, by how ``origin`` begins."""

NAME_LENGTH = 64  # characters of the words that a selection shows as its name
HOLDS = EVERYTHING - {"speaker", "times", "line_ends"}


def matches(content: Content) -> bool:
    """Whether the content is a zip with a project in it."""
    return is_zip(content) and (holds(content.data, PROJECT) or PROJECT in members(content))


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """One session for every text and everyone who coded it.

    Raises
    ------
    TranscriptError
        When the archive or its XML is broken, or unpacks to more than a project holds.
    """
    with open_zip(content) as archive:
        project = _Project.of(archive, content.name)
        with _opened(archive, content.name) as file:
            for part, source in parts(file, content.name, "REFI-QDA"):
                if part == "Sources":
                    yield from _source(source, project, archive, content.name, options)


def _opened(archive: zipfile.ZipFile, name: str) -> BinaryIO:
    try:
        return archive.open(PROJECT)  # type: ignore[return-value] # what zipfile returns is one
    except (KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        raise TranscriptError(f"{name}, {PROJECT}: missing, or cannot be unpacked; export it again") from None


@dataclass(frozen=True, slots=True)
class _Project:
    """Guid -> what it names; the program that wrote it; and the archive's members by their names in small letters."""

    users: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    joined: bool = False

    @classmethod
    def of(cls, archive: zipfile.ZipFile, name: str) -> _Project:
        """What stands around the sources; they are read past."""
        with _opened(archive, name) as file:
            head = file.read(4096).partition(b"<Sources")[0].lower()
        joined = any(b'origin="' + each.encode() in head for each in ONE_LINE_END)
        found = cls(members={each.casefold(): each for each in archive.namelist()}, joined=joined)
        kinds = {"User": found.users, "Code": found.codes, "Variable": found.variables}
        with _opened(archive, name) as file:
            for part, element in parts(file, name, "REFI-QDA"):
                if part not in ("Users", "CodeBook", "Variables"):
                    continue
                for each in element.iter():
                    if (names := kinds.get(local(each))) is not None:
                        names[_guid(each.get("guid"))] = each.get("name") or each.get("id") or ""
        return found


def _source(
    source: ET.Element, project: _Project, archive: zipfile.ZipFile, name: str, options: LoadOptions
) -> Iterator[MarkedSession | Problem]:
    title = source.get("name") or source.get("guid") or ""
    record = f"source {title!r}"
    texts = [each for each in source.iter() if local(each) in TEXTS and _path(each) is not None]
    if not texts:
        if next(descendants(source, "Coding"), None) is not None:
            remedy = "turn it into text in the program that it was coded in, and code that"
            yield Problem("no-text", "codes on a source that has no plain text", remedy, record)
        return
    elsewhere = (each for name in ELSEWHERE for each in descendants(source, name))
    if any(local(part) == "Coding" for each in elsewhere for part in each):
        remedy = "code the words of its text instead, or export the project without these codes"
        yield Problem("no-text", "codes on a part of a picture, page or recording, which is no text", remedy, record)
    for number, element in enumerate(texts):
        text = _text(element, project, archive, name)
        if text is None:
            remedy = "export the project with its sources inside"
            yield Problem("no-text", "the plain text of a source is not in the project", remedy, record)
            continue
        identity = title.removesuffix(".txt") + (f"-{number + 1}" if number else "")
        text, utf16 = _counted(text, element, project)
        try:
            document = read_document(text, options.roles, session_id=identity)
        except TranscriptError as error:
            what, _, remedy = str(error).rpartition("; ")
            yield Problem("no-transcript", what or str(error), remedy or "label its speakers", record)
            continue
        codings = _codings(element, document, project, record, utf16=utf16)
        yield from _sessions(codings, identity, document, _facts(source, project), record)


def _sessions(
    codings: Iterable[tuple[str | None, Mark | Problem]],
    identity: str,
    document: Document,
    facts: dict[str, str],
    record: str,
) -> Iterator[MarkedSession]:
    coded: dict[str | None, list[Mark | Problem]] = defaultdict(list)
    listed = [fact.removeprefix(ANNOTATED_BY) for fact in facts if fact.startswith(ANNOTATED_BY)]
    for who in listed:
        coded[who] = []
    for user, found in codings:
        coded[user].append(found)
    known = {fact: value for fact, value in facts.items() if not fact.startswith(ANNOTATED_BY)}
    for annotator, marks in (coded or {None: []}).items():
        session = MarkedSession(
            id=identity,
            transcript=document.transcript,
            marks=tuple(mark for mark in marks if isinstance(mark, Mark)),
            annotator=annotator,
            record=record,
            problems=tuple(mark for mark in marks if isinstance(mark, Problem)),
        )
        yield with_facts(session, known)


@dataclass(frozen=True, slots=True)
class _Selection:
    """A selection in a text: its positions as they stand, None where they are no numbers."""

    element: ET.Element
    start: int | None
    end: int | None

    @property
    def shown(self) -> str:
        """The words that it shows as its name, when it shows any."""
        return " ".join((self.element.get("name") or "").rstrip("….").split())


def _selections(element: ET.Element) -> Iterator[_Selection]:
    positions = {_guid(each.get("guid")): each.get("position") for each in descendants(element, "SyncPoint")}
    for part in element:
        kind = local(part)
        if kind == "PlainTextSelection":
            ends = [part.get("startPosition"), part.get("endPosition")]
        elif kind == "TranscriptSelection":
            ends = [positions.get(_guid(part.get(which))) for which in ("fromSyncPoint", "toSyncPoint")]
        else:
            continue
        try:
            start, end = (int(each or "") for each in ends)
            yield _Selection(part, start, end)
        except ValueError:
            yield _Selection(part, None, None)


def _counted(text: str, element: ET.Element, project: _Project) -> tuple[str, bool]:
    """The text with line ends as long as they were counted, and whether UTF-16 code units were counted."""
    texts = [text, text.replace("\r\n", "\n")] if "\r\n" in text else [text]
    ways = list(itertools.product(reversed(texts) if project.joined else texts, (False, True)[: 1 + has_wide(text)]))
    marks = [each for each in _selections(element) if each.start is not None]
    found = [[_span(each, *way) for way in ways] for each in marks]
    fits: list[list[bool]] = [[] for _ in ways]
    for mark, spans in zip(marks, found, strict=True):
        named = [mark.shown != "" and " ".join(words.split()).startswith(mark.shown) for words, _ in spans]
        for which, (_, whole) in enumerate(spans):
            fits[which].append(whole and (named[which] or not any(named)))
    return ways[likeliest(fits)]


def _span(selection: _Selection, text: str, utf16: bool) -> tuple[str, bool]:
    """The words selected, and whether they begin and end as words do; one way to count."""
    points = _points(text, selection.start, selection.end, utf16=utf16)
    return (text[slice(*points)], on_words(text, *points)) if points else ("", False)


def _points(text: str, start: int | None, end: int | None, *, utf16: bool) -> tuple[int, int] | None:
    if start is None or end is None:
        return None
    try:
        return (from_utf16(text, start), from_utf16(text, end)) if utf16 else (start, end)
    except ValueError:
        return None


def _codings(
    element: ET.Element, document: Document, project: _Project, record: str, *, utf16: bool
) -> Iterator[tuple[str | None, Mark | Problem]]:
    """Every coding on the text, with the user who made it."""
    whole = _Selection(element, 0, len(document.text))  # codes on the document as a whole
    for selection in (whole, *_selections(element)):
        part = selection.element
        place = record if part is element else f"{record}, selection {part.get('guid')}"
        if selection.start is None:
            remedy = "export the project again"
            yield None, Problem("unreadable", "a selection without positions", remedy, place)
            continue
        points = _points(document.text, selection.start, selection.end, utf16=utf16 and part is not element)
        start, end = points or (selection.start, len(document.text) + 1)
        said = _said(part)
        score = as_score(said.pop(SCORE, "1"))
        for coding in part:
            if local(coding) == "Coding":
                code = next(descendants(coding, "CodeRef"), ET.Element("CodeRef")).get("targetGUID")
                who = project.users.get(_guid(coding.get("creatingUser") or part.get("creatingUser")))
                label = project.codes.get(_guid(code), "")
                mark = placed(
                    document, start, end, label, attributes=said, score=score, record=place, offset=selection.start
                )
                yield who or None, mark


def _said(selection: ET.Element) -> dict[str, str]:
    """What the comment on a selection says under our names; the rest of it is the researcher's own."""
    comment = next((each.text or "" for each in selection if local(each) == "Description"), "")
    pairs = (line.partition(": ") for line in comment.splitlines())
    return {name: value for name, _, value in pairs if name in (*ATTRIBUTES, SCORE) and value}


def _facts(source: ET.Element, project: _Project) -> dict[str, str]:
    """The source's document variables."""
    found = {}
    for value in descendants(source, "VariableValue"):
        reference, text = "", ""
        for part in value:
            if local(part) == "VariableRef":
                reference = project.variables.get(_guid(part.get("targetGUID")), "")
            else:
                text = part.text or ""
        if reference and not (reference.startswith(ANNOTATED_BY) and text.casefold() != "true"):
            found[reference] = text
    return found


def _path(element: ET.Element) -> str | None:
    """Where the plain text is: a path, or "" when it stands in the element itself."""
    if any(local(each) == "PlainTextContent" for each in element):
        return ""
    return element.get("plainTextPath")


def _text(element: ET.Element, project: _Project, archive: zipfile.ZipFile, name: str) -> str | None:
    path = _path(element)
    if path == "":
        return next(each.text or "" for each in element if local(each) == "PlainTextContent")
    inside = (path or "").removeprefix(INTERNAL).lstrip("/").casefold()
    found = project.members.get(SOURCES + inside) or project.members.get(inside)
    data = member(archive, found, name) if found else None
    return None if data is None else decode(data, f"{name}, {found}")


def _guid(text: str | None) -> str:
    """A guid as all programs would write it: some put braces around it, some write capitals."""
    return (text or "").strip("{}").casefold()


def write(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Write a project with one document a session and one user an annotator.

    Raises
    ------
    OutputError
        When two versions of a session have different texts.
    """
    names = _Names(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    written: dict[str, _Written] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for session in sessions:
            document = lay_out(session.transcript)
            guid = names.guid("source", session.id)
            if session.id not in written:
                written[session.id] = _Written(hash(document.text))
                archive.writestr(f"{SOURCES}{guid}.txt", document.text)
            elif written[session.id].text != hash(document.text):
                raise OutputError(f"session {session.id}: its versions differ in text; give them the same text")
            version = written[session.id]
            if session.annotator:
                version.annotators.append(session.annotator)
            version.selections += _selections_of(session, document, names)
            version.facts |= _variables(session)
        with tempfile.TemporaryFile() as file:  # its place in the archive is not known before all texts are in it
            file.writelines(line.encode("utf-8", "replace") for line in _project(written, names))
            file.seek(0)
            with archive.open(PROJECT, "w", force_zip64=True) as entry:
                while piece := file.read(2**20):
                    entry.write(piece)


@dataclass(slots=True)
class _Written:
    """What is kept of a session until the project is written, once its text is in the archive."""

    text: int
    annotators: list[str] = field(default_factory=list)
    selections: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)


def _project(written: Mapping[str, _Written], names: _Names) -> Iterator[str]:
    """The project's XML in parts, in the order that the standard wants."""
    yield "<?xml version='1.0' encoding='utf-8'?>\n"
    yield (
        f'<Project name="action_recs" origin="action_recs" xmlns="{NAMESPACE}" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="{SCHEMA}">'
    )
    annotators = sorted({who for each in written.values() for who in each.annotators})
    users = [_element("User", guid=names.guid("user", name), name=name) for name in annotators]
    facts = sorted({fact for each in written.values() for fact in each.facts})
    variables = []
    for name in facts:
        kind = "Boolean" if name.startswith(ANNOTATED_BY) else "Text"
        variables.append(_element("Variable", guid=names.guid("variable", name), name=name, typeOfVariable=kind))
    yield from _listed("Users", users)
    yield from ("<CodeBook><Codes>", *_codes(names), "</Codes></CodeBook>")
    yield from _listed("Variables", variables)
    yield "<Sources>"
    for identity, version in written.items():
        guid = names.guid("source", identity)
        start = _element("TextSource", guid=guid, name=identity, plainTextPath=f"{INTERNAL}{guid}.txt")
        yield start.removesuffix(" />") + ">"
        yield from version.selections
        for name, value in version.facts.items():
            kind = "BooleanValue" if name.startswith(ANNOTATED_BY) else "TextValue"
            reference = _element("VariableRef", targetGUID=names.guid("variable", name))
            yield f"<VariableValue>{reference}<{kind}>{escape(xml_text(value))}</{kind}></VariableValue>"
        yield "</TextSource>"
    yield "</Sources></Project>"


def _listed(name: str, entries: Sequence[str]) -> Iterator[str]:
    """A list of elements; the standard has no empty ones."""
    if entries:
        yield from (f"<{name}>", *entries, f"</{name}>")


def _element(tag: str, /, **attributes: str) -> str:
    said = " ".join(f"{key}={quoteattr(xml_text(value))}" for key, value in attributes.items())
    return f"<{tag} {said} />"


@dataclass(frozen=True, slots=True)
class _Names:
    """Guids that are the same for the same name, so that a project that is written twice is the same project."""

    now: str

    def guid(self, kind: str, *names: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("action_recs", kind, *names)))).upper()

    def code(self, label: str, form: str = "") -> str:
        return self.guid("code", label, *([form] if form else []))


def _codes(names: _Names) -> Iterator[str]:
    """The code tree."""
    for label, below in (("recommendation", ("casual", "structured")), ("review", ())):
        start = _element("Code", guid=names.code(label), name=label, isCodable="true")
        inner = (_element("Code", guid=names.code(label, form), name=form, isCodable="true") for form in below)
        yield from (start.removesuffix(" />") + ">", *inner, "</Code>")


def _selections_of(session: AnnotatedSession, document: Document, names: _Names) -> Iterator[str]:
    who = session.annotator or ""
    made = {"creatingUser": names.guid("user", who)} if who else {}
    made["creationDateTime"] = names.now
    for number, mark in enumerate(marked(session).marks):
        start, end = stretch(document, mark)
        guid = names.guid("selection", session.id, who, str(number))
        shown = one_line(document.text[start:end])
        name = shown if len(shown) <= NAME_LENGTH else f"{shown[:NAME_LENGTH]}…"
        ends = {"startPosition": str(start), "endPosition": str(end)}
        said = {key: value for key, value in mark.attributes.items() if key != "form"}
        if mark.score != 1:
            said[SCORE] = repr(mark.score)
        lines = "\n".join(f"{key}: {one_line(value)}" for key, value in said.items())
        comment = f"<Description>{escape(xml_text(lines))}</Description>" if said else ""
        coding = _element("Coding", guid=names.guid("coding", guid), **made).removesuffix(" />")
        code = _element("CodeRef", targetGUID=names.code(mark.label, mark.attributes.get("form", "")))
        selection = _element("PlainTextSelection", guid=guid, name=name, **ends, **made).removesuffix(" />")
        yield f"{selection}>{comment}{coding}>{code}</Coding></PlainTextSelection>"


def _variables(session: AnnotatedSession) -> dict[str, str]:
    told = {f"{ANNOTATED_BY}{session.annotator}": "true"} if session.annotator else {}
    return {**facts_of(session), **told}


FORMATS = (AnnotationFormat("refi-qda", matches, load, write, suffix=".qdpx", holds=HOLDS, streams=True),)
