"""REFI-QDA projects (.qdpx): how NVivo, ATLAS.ti, MAXQDA and QualCoder exchange coded documents.

A zip with ``project.qde`` (XML: users, codes, sources, selections) and the sources' plain texts. Positions are code
points of the plain text, from 0, the end exclusive, as in the exports of all four (the standard says "the first and the
last character"; its own examples are exclusive).

Codes are labels: "recommendation" with "casual" and "structured" below it, and "review". What else is said of a mark
stands in the comment on its selection, a line each ("category: monitor"); what is known of a session in document
variables. A coding's user is its annotator. That an annotator saw a document and coded nothing is a variable, too,
because nothing else in the standard says so.

Source: REFI-QDA Standard 1.5 (2019), Project.xsd.
"""

from __future__ import annotations

import uuid
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import Document, lay_out, one_line, read_document
from action_recs.annotation.formats import EVERYTHING, AnnotationFormat, LoadOptions
from action_recs.annotation.marks import Mark, MarkedSession, marked
from action_recs.annotation.placing import ATTRIBUTES, as_score, facts_of, placed, stretch, with_facts, xml_text
from action_recs.annotation.problems import Problem
from action_recs.errors import TranscriptError
from action_recs.readers.archive import holds, member, open_archive
from action_recs.readers.content import decode
from action_recs.readers.formats import Content
from action_recs.readers.markup import descendants, local, parsed

PROJECT = "project.qde"
NAMESPACE = "urn:QDA-XML:project:1.0"
SCHEMA = f"{NAMESPACE} http://schema.qdasoftware.org/versions/Project/v1.0/Project.xsd"
INTERNAL = "internal://"
ANNOTATED_BY = "annotated by "
"""How the variables begin that say who annotated a document."""

SCORE = "score"
TEXTS = ("TextSource", "Representation", "Transcript")
"""Elements with a plain text: documents, the text of a PDF, the transcript of a recording."""

ELSEWHERE = ("PDFSelection", "PictureSelection", "AudioSelection", "VideoSelection")
"""Selections that are places on a page or in a recording, and not in a text."""

NAME_LENGTH = 64  # characters of the words that a selection shows as its name
HOLDS = EVERYTHING - {"speaker", "times", "line_ends"}


def matches(content: Content) -> bool:
    """Whether the content is a zip with a project in it."""
    return holds(content.data, PROJECT)


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """One session for every text and everyone who coded it.

    Raises
    ------
    TranscriptError
        When the archive or its XML is broken, or unpacks to more than a project holds.
    """
    with open_archive(content.data, content.name) as archive:
        root = parsed(member(archive, PROJECT, content.name) or b"", content.name, "REFI-QDA")
        project = _Project.of(root)
        for source in next(descendants(root, "Sources"), ET.Element("Sources")):
            yield from _source(source, project, archive, content.name, options)


@dataclass(frozen=True, slots=True)
class _Project:
    """Guid -> what it names."""

    users: Mapping[str, str]
    codes: Mapping[str, str]
    variables: Mapping[str, str]

    @classmethod
    def of(cls, root: ET.Element) -> _Project:
        def names(kind: str) -> dict[str, str]:
            return {
                _guid(each.get("guid")): each.get("name") or each.get("id") or "" for each in descendants(root, kind)
            }

        return cls(names("User"), names("Code"), names("Variable"))


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
        text = _text(element, archive, name)
        if text is None:
            remedy = "export the project with its sources inside"
            yield Problem("no-text", "the plain text of a source is not in the project", remedy, record)
            continue
        identity = title.removesuffix(".txt") + (f"-{number + 1}" if number else "")
        try:
            document = read_document(text, options.roles, session_id=identity)
        except TranscriptError as error:
            what, _, remedy = str(error).rpartition("; ")
            yield Problem("no-transcript", what or str(error), remedy or "label its speakers", record)
            continue
        yield from _sessions(element, identity, document, project, _facts(source, project), record)


def _sessions(
    element: ET.Element,
    identity: str,
    document: Document,
    project: _Project,
    facts: dict[str, str],
    record: str,
) -> Iterator[MarkedSession]:
    coded: dict[str | None, list[Mark | Problem]] = defaultdict(list)
    listed = [fact.removeprefix(ANNOTATED_BY) for fact in facts if fact.startswith(ANNOTATED_BY)]
    for who in listed:
        coded[who] = []
    for user, found in _codings(element, document, project, record):
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


def _codings(
    element: ET.Element, document: Document, project: _Project, record: str
) -> Iterator[tuple[str | None, Mark | Problem]]:
    """Every coding on the text, with the user who made it."""
    positions = {_guid(each.get("guid")): each.get("position") for each in descendants(element, "SyncPoint")}
    for part in (element, *element):
        kind, place = local(part), record
        if part is element:
            start, end = 0, len(document.text)  # codes on the document as a whole
        elif kind in ("PlainTextSelection", "TranscriptSelection"):
            place = f"{record}, selection {part.get('guid')}"
            if kind == "PlainTextSelection":
                ends = [part.get("startPosition"), part.get("endPosition")]
            else:
                ends = [positions.get(_guid(part.get(which))) for which in ("fromSyncPoint", "toSyncPoint")]
            try:
                start, end = (int(each or "") for each in ends)
            except ValueError:
                remedy = "export the project again"
                yield None, Problem("unreadable", "a selection without positions", remedy, place)
                continue
        else:
            continue
        said = _said(part)
        score = as_score(said.pop(SCORE, "1"))
        for coding in part:
            if local(coding) == "Coding":
                code = next(descendants(coding, "CodeRef"), ET.Element("CodeRef")).get("targetGUID")
                who = project.users.get(_guid(coding.get("creatingUser") or part.get("creatingUser")))
                label = project.codes.get(_guid(code), "")
                yield who or None, placed(document, start, end, label, attributes=said, score=score, record=place)


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


def _text(element: ET.Element, archive: zipfile.ZipFile, name: str) -> str | None:
    path = _path(element)
    if path == "":
        return next(each.text or "" for each in element if local(each) == "PlainTextContent")
    if path is None or not path.startswith(INTERNAL):
        return None
    wanted = f"sources/{path.removeprefix(INTERNAL)}".casefold()
    found = next((each for each in archive.namelist() if each.casefold() == wanted), None)
    data = member(archive, found, name) if found else None
    return None if data is None else decode(data, f"{name}, {found}")


def _guid(text: str | None) -> str:
    """A guid as all programs would write it: some put braces around it, some write capitals."""
    return (text or "").strip("{}").casefold()


def write(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Write a project with one document a session and one user an annotator."""
    versions: dict[str, list[AnnotatedSession]] = defaultdict(list)
    for session in sessions:
        versions[session.id].append(session)
    names = _Names(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    project = ET.Element("Project", {"name": "action_recs", "origin": "action_recs", "xmlns": NAMESPACE})
    project.set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
    project.set("xsi:schemaLocation", SCHEMA)
    users, book, variables, sources = (
        ET.SubElement(project, name) for name in ("Users", "CodeBook", "Variables", "Sources")
    )
    codes = _write_codes(book, names)
    annotators = {each.annotator for marked_by in versions.values() for each in marked_by} - {None}
    for name in sorted(str(each) for each in annotators):
        ET.SubElement(users, "User", {"guid": names.guid("user", name), "name": xml_text(name)})
    facts = {fact for marked_by in versions.values() for each in marked_by for fact in _variables(each)}
    for name in sorted(facts):
        kind = "Boolean" if name.startswith(ANNOTATED_BY) else "Text"
        entry = {"guid": names.guid("variable", name), "name": xml_text(name), "typeOfVariable": kind}
        ET.SubElement(variables, "Variable", entry)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for identity, marked_by in versions.items():
            document = lay_out(marked_by[0].transcript)
            guid = names.guid("source", identity)
            source = ET.SubElement(
                sources,
                "TextSource",
                {"guid": guid, "name": xml_text(identity), "plainTextPath": f"{INTERNAL}{guid}.txt"},
            )
            archive.writestr(f"sources/{guid}.txt", document.text)
            for session in marked_by:
                _write_marks(source, session, document, codes, names)
            known = {fact: value for each in marked_by for fact, value in _variables(each).items()}
            for name, value in known.items():
                entry_of = ET.SubElement(source, "VariableValue")
                ET.SubElement(entry_of, "VariableRef", {"targetGUID": names.guid("variable", name)})
                kind = "BooleanValue" if name.startswith(ANNOTATED_BY) else "TextValue"
                ET.SubElement(entry_of, kind).text = xml_text(value)
        for part in (users, variables):
            if not len(part):  # the standard has no empty ones
                project.remove(part)
        archive.writestr(PROJECT, ET.tostring(project, encoding="utf-8", xml_declaration=True))


@dataclass(frozen=True, slots=True)
class _Names:
    """Guids that are the same for the same name, so that a project that is written twice is the same project."""

    now: str

    def guid(self, kind: str, *names: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("action_recs", kind, *names)))).upper()


def _write_codes(book: ET.Element, names: _Names) -> dict[tuple[str, str], str]:
    """The code tree; (label, form) -> guid."""
    codes = ET.SubElement(book, "Codes")
    guids = {}
    for label, below in (("recommendation", ("casual", "structured")), ("review", ())):
        guids[label, ""] = names.guid("code", label)
        code = ET.SubElement(codes, "Code", {"guid": guids[label, ""], "name": label, "isCodable": "true"})
        for form in below:
            guids[label, form] = names.guid("code", label, form)
            ET.SubElement(code, "Code", {"guid": guids[label, form], "name": form, "isCodable": "true"})
    return guids


def _write_marks(
    source: ET.Element,
    session: AnnotatedSession,
    document: Document,
    codes: Mapping[tuple[str, str], str],
    names: _Names,
) -> None:
    who = session.annotator or ""
    made = {"creationDateTime": names.now}
    if who:
        made = {"creatingUser": names.guid("user", who), **made}
    for number, mark in enumerate(marked(session).marks):
        start, end = stretch(document, mark)
        guid = names.guid("selection", session.id, who, str(number))
        shown = xml_text(one_line(document.text[start:end]))
        ends = {"startPosition": str(start), "endPosition": str(end)}
        name = shown if len(shown) <= NAME_LENGTH else f"{shown[:NAME_LENGTH]}…"
        selection = ET.SubElement(source, "PlainTextSelection", {"guid": guid, "name": name, **ends, **made})
        said = {key: value for key, value in mark.attributes.items() if key != "form"}
        if mark.score != 1:
            said[SCORE] = repr(mark.score)
        if said:
            lines = (f"{key}: {one_line(value)}" for key, value in said.items())
            ET.SubElement(selection, "Description").text = xml_text("\n".join(lines))
        coding = ET.SubElement(selection, "Coding", {"guid": names.guid("coding", guid), **made})
        ET.SubElement(coding, "CodeRef", {"targetGUID": codes[mark.label, mark.attributes.get("form", "")]})


def _variables(session: AnnotatedSession) -> dict[str, str]:
    told = {f"{ANNOTATED_BY}{session.annotator}": "true"} if session.annotator else {}
    return {**facts_of(session), **told}


FORMATS = (AnnotationFormat("refi-qda", matches, load, write, suffix=".qdpx", holds=HOLDS),)
