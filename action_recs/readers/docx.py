"""Word documents (.docx): paragraphs with speaker labels, or tables with a row for each turn.

The text is taken from the document's own XML, and so with insertions that were not accepted yet and without deletions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from xml.etree.ElementTree import Element

from action_recs.errors import TranscriptError
from action_recs.readers.archive import holds, member, open_archive
from action_recs.readers.clock import CLOCK, seconds
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.markup import local, outermost, parsed, spaced
from action_recs.readers.rows import NEEDED, Row, column_key, conversations, named
from action_recs.readers.text import read_lines

DOCUMENT = "word/document.xml"
UNSAID = {"del", "moveFrom", "drawing", "pict", "object", "AlternateContent", "pPr", "rPr"}
"""Elements whose text is not in the document as it reads: deletions, pictures and text boxes, settings."""
MARKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}

TIME = re.compile(rf"[\[(]?(?P<start>{CLOCK})[\])]?(?:\s*[-–—]\s*[\[(]?(?P<end>{CLOCK})[\])]?)?")
TEAMS = re.compile(rf"(?P<who>[^\s:](?:[^:]{{0,60}}?[^\s:])?)\s{{2,}}(?P<time>{CLOCK})")
WORD = re.compile(rf"(?P<time>{CLOCK}) (?P<who>[^\s:](?:[^:]{{0,60}}?[^\s:])?)")
"""How the programs write who speaks, and when, in a line above the speech."""
RECORDER = re.compile(r".{1,80} (?:started|stopped) transcription")
LONGEST_PREAMBLE = 6  # lines: title, date, length, file
NUMBER = re.compile(r"\d{1,5}[.)]?")
TIMES = ("time", "timestamp", "timecode")
HEADING_WORDS = """speaker who name participant person time timestamp timecode start end no nr number # line turn text
transcript utterance dialogue content speech words comments notes"""
HEADINGS = frozenset(HEADING_WORDS.split())
"""What stands in the first row of a table of turns, when it is a heading."""


@dataclass(frozen=True, slots=True)
class _Table:
    number: int
    rows: list[list[str]] = field(repr=False)

    @property
    def size(self) -> int:
        return sum(len(cell) for row in self.rows for cell in row)


def matches(content: Content) -> bool:
    """Whether the bytes are a Word document's."""
    return holds(content.data, DOCUMENT)


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The conversation in the document: in its tables, if most of its text stands there, otherwise in its paragraphs.

    Raises
    ------
    TranscriptError
        With the table and row, or the line (a paragraph is one, and a line break within it begins another).
    """
    with open_archive(content.data, content.name) as archive:
        document = member(archive, DOCUMENT, content.name)
    body = parsed(document or b"", content.name, "a Word document")
    blocks = list(_blocks(body))
    tables = [block for block in blocks if isinstance(block, _Table)]
    in_tables = sum(table.size for table in tables)
    if 2 * in_tables > in_tables + sum(len(block) for block in blocks if isinstance(block, str)):
        yield from _from_tables(tables, content, options)
    else:
        lines = [line for block in blocks for line in ([block] if isinstance(block, str) else _as_lines(block))]
        yield read_lines("\n".join(_exported("\n".join(lines).split("\n"))), options)


def _exported(lines: list[str]) -> list[str]:
    """Lines of a recogniser's export as the text reader knows them: no title, above the words their speaker and time.

    Microsoft Teams writes "Ann   0:04", Word's Transcribe "00:00:04 Ann". Other texts are left as they are.
    """
    found = [
        (number, TEAMS.fullmatch(line.strip()) or WORD.fullmatch(line.strip())) for number, line in enumerate(lines)
    ]
    heads = {number: match for number, match in found if match}
    spoken = [number for number, line in enumerate(lines) if line.strip()]
    order = [number in heads for number in spoken]
    if len(heads) < 2 or True not in order[:LONGEST_PREAMBLE] or any(one and two for one, two in pairwise(order)):
        return lines
    first = min(heads)
    heard = ["" if number < first or RECORDER.fullmatch(line.strip()) else line for number, line in enumerate(lines)]
    return [f"{head['who']}  {head['time']}" if (head := heads.get(n)) else line for n, line in enumerate(heard)]


def _blocks(body: Element) -> Iterator[str | _Table]:
    """Paragraphs and tables in order, the outer one of nested tables."""
    number = 0
    waiting = [body]
    while waiting:
        element = waiting.pop()
        name = local(element)
        if name == "p":
            yield _text(element)
        elif name == "tbl":
            number += 1
            rows = [[_cell(cell) for cell in row if local(cell) in ("tc", "sdt")] for row in _rows_of(element)]
            yield _Table(number, rows)
        elif name not in UNSAID:
            waiting.extend(reversed(element))


def _rows_of(table: Element) -> Iterator[Element]:
    waiting = [table]
    while waiting:
        element = waiting.pop()
        if local(element) == "tr":
            yield element
        elif element is table or local(element) in ("sdt", "sdtContent", "ins"):
            waiting.extend(reversed(element))


def _cell(cell: Element) -> str:
    return spaced(" ".join(_text(each) for each in outermost(cell, "p")))


def _text(paragraph: Element) -> str:
    parts: list[str] = []
    waiting = [paragraph]
    while waiting:
        element = waiting.pop()
        name = local(element)
        if name == "t":
            parts.append(element.text or "")
        elif name in MARKS:
            parts.append(MARKS[name])
        elif name not in UNSAID:
            waiting.extend(reversed(element))
    return "".join(parts)


def _as_lines(table: _Table) -> Iterator[str]:
    """A table among paragraphs tells something about the session: "Client ID: 4711"."""
    for row in table.rows:
        first, *others = [cell for cell in row if cell] or [""]
        yield f"{first.rstrip(':')}: {' '.join(others)}" if others else first


def _from_tables(tables: Sequence[_Table], content: Content, options: Options) -> Iterator[Conversation]:
    header = tables[0].rows[0] if tables[0].rows else []
    named_so = set(NEEDED) <= {column_key(cell) for cell in header}
    if named_so or set(options.columns.values()) & set(header):
        yield from conversations(_with_header(tables, options, content.name), options, content.name, content.stem)
        return
    segments: list[Segment] = []
    skipped: list[str] = []
    for table in tables:
        for number, cells in enumerate(table.rows, start=1):
            place = f"table {table.number}, row {number}"
            if not any(cells) or {column_key(cell) for cell in cells if cell} <= HEADINGS:
                continue
            try:
                segment = _segment(cells, place)
            except TranscriptError as error:
                if not options.skip:
                    raise TranscriptError(f"{content.name}, {place}: {error}") from None
                skipped.append(f"{place}: {error}")
                continue
            if segment.speaker is None and segment.start is None and segments:
                before = segments.pop()
                segment = replace(before, text=f"{before.text} {segment.text}".strip())
            segments.append(segment)
    yield Conversation(tuple(segments), skipped=tuple(skipped))


def _with_header(tables: Sequence[_Table], options: Options, source: str) -> Iterator[Row]:
    """Rows under a header with our columns; further tables go on with the first, with or without its header."""
    header = tables[0].rows[0]
    keys = [column_key(cell) for cell in header]
    clock = next((cell for cell, key in zip(header, keys, strict=True) if key in TIMES and "start" not in keys), None)
    columns = {"start": clock, **options.columns} if clock else options.columns
    ours = {name: header.index(theirs) for name, theirs in named(header, columns, source).items()}
    for table in tables:
        for number, cells in enumerate(table.rows, start=1):
            if cells == header:
                continue
            place = f"table {table.number}, row {number}"
            if len(cells) == len(header):
                yield Row(place, {name: cells[index] for name, index in ours.items()})
            elif any(cells):
                yield Row(
                    place, broken=f"{len(cells)} cells, where the first row has {len(header)}; divide merged cells"
                )


def _segment(cells: Sequence[str], place: str) -> Segment:
    """A row's turn: the speaker's cell stands before that of the text, a number and a time before or between.

    Raises
    ------
    TranscriptError
        When there are fewer or more cells than that.
    """
    others = list(cells)
    while len(others) > len(NEEDED) and not others[-1]:
        others.pop()  # a column for notes
    start = end = None
    if len(others) > len(NEEDED) and NUMBER.fullmatch(others[0]):
        del others[0]
    for index, cell in enumerate(others[:-1]):
        if len(others) > len(NEEDED) and (found := TIME.fullmatch(cell)):
            start, end = seconds(found["start"]), seconds(found["end"]) if found["end"] else None
            del others[index]
            break
    if len(others) != len(NEEDED):
        remedy = "give a column for the speaker and one for the text, named so in the first row"
        raise TranscriptError(f"{len(cells)} cells; {remedy}")
    speaker, text = others
    return Segment(text, speaker.rstrip(": ") or None, start, end, place)


FORMATS = (Format("docx", matches, read),)
