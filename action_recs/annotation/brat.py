"""brat: a folder of ``.txt`` and ``.ann`` files of the same name, a session each; folders in it are annotators'.

Text-bound annotations (also discontinuous), attributes, notes and relations are read. Offsets are code points of the
text as it stands, Windows line ends and a byte order mark included; brat on a narrow build of Python 2 counted UTF-16
code units, which is believed where only that gives the words that the annotation quotes. brat divides a mark at every
line end, and leaves blanks at the ends of the pieces out.

Sources: brat.nlplab.org/standoff.html; brat 1.3, server/src/annotation.py (TextAnnotations) and annotator.py
(__create_span).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, unquote

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import Document, lay_out, read_document
from action_recs.annotation.formats import AnnotationFormat, LoadOptions, is_export, is_folder
from action_recs.annotation.marks import Mark, MarkedSession, marked
from action_recs.annotation.offsets import from_utf16, has_wide
from action_recs.annotation.problems import Problem
from action_recs.errors import OutputError, TranscriptError
from action_recs.readers.content import load_content
from action_recs.readers.formats import Content

TEXT_BOUND = re.compile(r"(T\d+)\t(\S+) (\d+ \d+(?:;\d+ \d+)*) *(?:\t(.*))?")
ATTRIBUTE = re.compile(r"[AM]\d+\t(\S+) (\S+)(?: (.+))?")
NOTE = re.compile(r"#\d+\tAnnotatorNotes (\S+)\t(.*)")
RELATION = re.compile(r"R\d+\t(\S+) \w+:(\S+) \w+:(\S+)\s*")
UNUSED = re.compile(r"(?:[ENR#]\d+|\*)\t.*")
"""Lines of events, equivalences, normalisations and other comments: nothing of ours can stand in them."""

PIECE = re.compile(r"\S(?:[^\n]*\S)?")
"""A line without the blanks at its ends."""

BESIDE = frozenset({".txt", ".conf", ".md", ""})
"""Suffixes of what stands with annotations: the texts, brat's settings, notes and licences."""

RELATIONS = ("restates", "same")
BOM = "\ufeff"


def matches(content: Content) -> bool:
    """Whether it is a folder that holds ``.ann`` files, or one of these."""
    if is_folder(content) and content.path:
        return is_export(content.path, ".ann", BESIDE)
    first = (content.text or "").lstrip(BOM).split("\n", 1)[0].rstrip("\r")
    return content.suffix == ".ann" or TEXT_BOUND.fullmatch(first) is not None


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """A session for every ``.ann`` file, in the order of names; a folder in the folder is named after an annotator."""
    if not is_folder(content) or content.path is None:
        if content.path is not None:
            yield from _file(content.path, None, options)
        return
    for path in sorted(content.path.glob("*.ann")):
        yield from _file(path, None, options)
    for path in sorted(content.path.glob("*/*.ann")):
        yield from _file(path, unquote(path.parent.name), options)


def _file(path: Path, annotator: str | None, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    try:
        text = load_content(path.with_suffix(".txt"))
        lines = path.read_text(encoding="utf-8-sig")
        shift = int(text.data.startswith(BOM.encode()))  # brat counts a byte order mark as a character
        document = read_document(text.text or "", options.roles, session_id=unquote(path.stem))
    except (OSError, UnicodeDecodeError) as error:
        yield Problem("unreadable", f"cannot be read ({type(error).__name__})", "save it as UTF-8", file=str(path))
        return
    except TranscriptError as error:
        what, _, remedy = str(error).rpartition("; ")
        yield Problem("unreadable", what, remedy, file=str(path))
        return
    found = _Annotations(options, shift)
    for number, line in enumerate(lines.split("\n"), start=1):
        found.read(line.rstrip("\r"), f"line {number}")
    name = path.relative_to(path.parent.parent if annotator else path.parent).as_posix()
    marks = tuple(replace(mark, record=f"{name}, {mark.record}") for mark in found.marks(document))
    yield MarkedSession(
        id=unquote(path.stem),
        transcript=document.transcript,
        marks=marks,
        annotator=annotator,
        record=name,
        problems=tuple(replace(problem, record=f"{name}, {problem.record}") for problem in found.problems),
    )


@dataclass(slots=True)
class _Bound:
    label: str
    pieces: list[tuple[int, int]]
    covered: str = field(repr=False)
    place: str
    attributes: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class _Annotations:
    """An ``.ann`` file while its lines are being read."""

    options: LoadOptions
    shift: int
    bound: dict[str, _Bound] = field(default_factory=dict)
    relations: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    said: list[tuple[str, str, str]] = field(default_factory=list, repr=False)

    def read(self, line: str, place: str) -> None:
        if found := TEXT_BOUND.fullmatch(line):
            name, label, stretches, covered = found.groups()
            ends = [[int(end) - self.shift for end in each.split()] for each in stretches.split(";")]
            if name in self.bound:
                problem = Problem("duplicate-id", f"{name} is there twice", "give each its own number", place)
                self.problems.append(problem)
            pieces = sorted((start, end) for start, end in ends)
            self.bound[name] = _Bound(label, pieces, covered or "", place)
        elif found := ATTRIBUTE.fullmatch(line):
            self.said.append((found[2], found[1], found[3] or "true"))
        elif found := NOTE.fullmatch(line):
            name, _, value = found[2].partition(": ")
            if value and any(name in label.attributes for label in self.options.schema.labels.values()):
                self.said.append((found[1], name, value))
        elif (found := RELATION.fullmatch(line)) and found[1].casefold() in RELATIONS:
            self.relations.append((found[2], found[3]))
        elif line.strip() and not UNUSED.fullmatch(line):
            self.problems.append(Problem("unreadable", "no line of brat's standoff", "export it again", place))

    def marks(self, document: Document) -> Iterator[Mark]:
        for name, attribute, value in self.said:
            if name in self.bound:
                self.bound[name].attributes[attribute] = value
        for one, other in self.relations:
            if one in self.bound and other in self.bound:
                self.bound[other].attributes.setdefault("id", other)
                self.bound[one].attributes["restates"] = self.bound[other].attributes["id"]
        for name, each in self.bound.items():
            record = f"{each.place}, {name}"
            each.pieces = _in_code_points(each, document.text)
            (start, _), (_, end) = each.pieces[0], each.pieces[-1]
            if self._torn(each, document.text):
                what = "in pieces with words between that are not marked"
                self.problems.append(Problem("discontinuous", what, "mark one stretch, or two", record, start))
            elif (at := document.place(start, end)) is None:
                kind = "ends-before-start" if end <= start else "outside-text"
                what = "ends before it starts" if end <= start else "no stretch of the text"
                self.problems.append(Problem(kind, what, "export text and marks together again", record, start))
            else:
                covered = each.covered or None
                yield Mark(each.label, at.first, at.last, at.start, at.end, each.attributes, covered, 1, record, start)

    def _torn(self, bound: _Bound, text: str) -> bool:
        """Whether it leaves out words. brat divides at every line end; a run of utterances is marked line by line."""
        meaning = self.options.schema.meaning(bound.label)
        if meaning is None or self.options.schema.labels[meaning.label].unit == "run":
            return False
        ends = zip(bound.pieces, bound.pieces[1:], strict=False)
        return any(text[end:start].strip() for (_, end), (start, _) in ends)


def _in_code_points(bound: _Bound, text: str) -> list[tuple[int, int]]:
    """Its pieces; converted where the words that it quotes are there only when UTF-16 code units are counted."""
    words = bound.covered.split()
    if not words or not has_wide(text) or _words(text, bound.pieces) == words:
        return bound.pieces
    try:
        wide = [(from_utf16(text, start), from_utf16(text, end)) for start, end in bound.pieces]
    except ValueError:
        return bound.pieces
    return wide if _words(text, wide) == words else bound.pieces


def _words(text: str, pieces: list[tuple[int, int]]) -> list[str]:
    return " ".join(text[start:end] for start, end in pieces).split()


def write(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """A ``.txt`` and an ``.ann`` for each session, in a folder for each annotator.

    Raises
    ------
    OutputError
        When two sessions of one annotator would have the same file.
    """
    for session in sessions:
        folder = path if session.annotator is None else path / quote(session.annotator, safe=" @+")
        folder.mkdir(exist_ok=True)
        stem = quote(session.id, safe=" @+")
        if (folder / f"{stem}.ann").exists():
            raise OutputError(f"{path}: two sessions would be {stem}.ann; give each an id of its own")
        document = lay_out(session.transcript)
        for suffix, text in ((".txt", document.text), (".ann", _standoff(session, document))):
            (folder / f"{stem}{suffix}").write_bytes(text.encode("utf-8", "replace"))


def _standoff(session: AnnotatedSession, document: Document) -> str:
    lines: list[str] = []
    attributes = notes = 0
    for number, mark in enumerate(marked(session).marks, start=1):
        start, end = document.stretch(mark.first, mark.last, mark.start, mark.end)
        pieces = [  # a mark cannot go over a line end in brat
            (start + each.start(), start + each.end()) for each in PIECE.finditer(document.text[start:end])
        ]
        places = ";".join(f"{a} {b}" for a, b in pieces)
        covered = " ".join(document.text[a:b] for a, b in pieces)
        lines.append(f"T{number}\t{mark.label} {places}\t{covered}")
        for name, value in mark.attributes.items():
            if name == "target" or re.search(r"\s", value):
                notes += 1
                lines.append(f"#{notes}\tAnnotatorNotes T{number}\t{name}: {' '.join(value.split())}")
            else:
                attributes += 1
                lines.append(f"A{attributes}\t{name} T{number} {value}")
    return "".join(f"{line}\n" for line in lines)


HELD = frozenset({"annotator", "form", "category", "id", "restates", "adherence", "target", "of", "spans"})

FORMATS = (AnnotationFormat("brat", matches, load, write, suffix="", folder=True, holds=HELD),)
