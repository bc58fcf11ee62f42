"""CoNLL columns: a token a line, a tag column a layer, a block of lines an utterance.

    # session = s1
    # annotator = a
    # speaker = Therapist
    # text = Maybe walk.
    Maybe   B-recommendation:casual   O
    walk    I-recommendation:casual   O
    .       O                         O

Blocks are divided by empty lines, sessions by ``# session`` or ``-DOCSTART-``. The token is the first column; every
column of nothing but tags (BIO, BIOES or BILOU) is a layer. A run of utterances goes on with I- in the next block.
``# text`` (from CoNLL-U) says where blanks stand; without it they stand between all tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import one_line, shown_speaker
from action_recs.annotation.formats import AnnotationFormat, LoadOptions
from action_recs.annotation.marks import Mark, MarkedSession, marked
from action_recs.annotation.problems import Problem
from action_recs.annotation.speakers import with_roles
from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Segment
from action_recs.readers.formats import Content
from action_recs.readers.stream import text_stream

TAG = re.compile(r"O|[BIESLU]-\S.*")
COMMENT = re.compile(r"# ?([\w ]+?) ?= ?(.*)")
SESSION_KEYS = ("session", "session_id", "newdoc id", "doc_id")
SPEAKER_KEYS = ("speaker", "role")
DOCUMENT = "-DOCSTART-"
TOKEN = re.compile(r"\w+|[^\w\s]")
HEAD = 200
"""Lines in which a tag must stand for a file to be taken for one of these."""


@dataclass(slots=True)
class _Block:
    """An utterance while its lines are being read: tokens, and for every layer the tags; all with line numbers."""

    line: int
    facts: dict[str, str] = field(default_factory=dict, repr=False)
    rows: list[tuple[int, list[str]]] = field(default_factory=list, repr=False)


def matches(content: Content) -> bool:
    """Whether lines have columns, and the last of these holds tags, one of them a B-, S- or U-."""
    lines = (content.text or "").split("\n", HEAD)[:HEAD]
    rows = [line.split() for line in lines if line.strip() and not line.startswith(("# ", DOCUMENT))]
    tags = [row[-1] for row in rows if len(row) > 1]
    return (
        bool(tags)
        and len(tags) == len(rows)
        and all(map(TAG.fullmatch, tags))
        and (any(tag[0] in "BSU" for tag in tags) or any(line.startswith("# session") for line in lines))
    )


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """The sessions of the file, in its order."""
    for number, blocks in enumerate(_sessions(content), start=1):
        facts = {
            key: value for block in blocks for key, value in block.facts.items() if key not in ("text", *SPEAKER_KEYS)
        }
        stem = content.stem or "session"
        otherwise = stem if number == 1 else f"{stem}-{number}"
        name = next((facts[key] for key in SESSION_KEYS if facts.get(key)), otherwise)
        place = f"line {blocks[0].line}"
        problems: list[Problem] = []
        read = [_utterance(block, problems) for block in blocks]
        try:
            transcript = with_roles([segment for segment, _ in read], options.roles, session_id=name)
        except TranscriptError as error:
            remedy = "write '# speaker = Therapist' or '# speaker = Client' above each utterance"
            what = str(error).rpartition("; ")[0].rpartition(": ")[2]
            yield Problem("no-speaker", what, remedy, place)
            continue
        marks = tuple(_marks(blocks, [places for _, places in read], options, problems))
        yield MarkedSession(name, transcript, marks, facts.get("annotator"), record=place, problems=tuple(problems))


def _sessions(content: Content) -> Iterator[list[_Block]]:
    blocks: list[_Block] = []
    current: _Block | None = None
    with text_stream(content) as stream:
        for number, line in enumerate(stream, start=1):
            line = line.strip("\ufeff\r\n")
            comment = COMMENT.fullmatch(line)
            opens = line.startswith(DOCUMENT) or (comment is not None and comment[1] in SESSION_KEYS)
            if opens and blocks:
                yield blocks
                blocks = []
            if opens or not line.strip():
                current = None
            if not line.strip() or line.startswith(DOCUMENT):
                continue
            if current is None:
                current = _Block(number)
                blocks.append(current)
            if comment:
                current.facts[comment[1]] = comment[2]
            elif not line.startswith("# "):
                columns = line.split("\t") if "\t" in line else line.split()
                current.rows.append((number, columns))
    if blocks:
        yield blocks


def _utterance(block: _Block, problems: list[Problem]) -> tuple[Segment, list[tuple[int, int]]]:
    """What was said, and where each token stands in it."""
    text = block.facts.get("text")
    places: list[tuple[int, int]] = []
    if text is None:
        text = " ".join(columns[0] for _, columns in block.rows)
    position = 0
    for number, columns in block.rows:
        found = text.find(columns[0], position)
        if found < 0:
            problems.append(
                Problem("text-differs", "a token that '# text' does not have", "export it again", f"line {number}")
            )
            found = position
        position = min(found + len(columns[0]), len(text))
        places.append((min(found, len(text)), position))
    speaker = next((block.facts[key] for key in SPEAKER_KEYS if key in block.facts), None)
    return Segment(text, speaker, place=f"line {block.line}"), places


def _marks(
    blocks: list[_Block], places: list[list[tuple[int, int]]], options: LoadOptions, problems: list[Problem]
) -> Iterator[Mark]:
    """The marks of every layer."""
    rows = [
        (index, at, number, columns)
        for index, block in enumerate(blocks)
        for at, (number, columns) in zip(places[index], block.rows, strict=True)
    ]
    width = max((len(columns) for *_, columns in rows), default=0)
    for column in range(1, width):
        tags = [columns[column] if column < len(columns) else "" for *_, columns in rows]
        if not all(map(TAG.fullmatch, tags)):
            continue
        open_mark: Mark | None = None
        for (index, (start, end), number, _), tag in zip(rows, tags, strict=True):
            kind, _, label = tag.partition("-")
            goes_on = open_mark is not None and kind in ("I", "E", "L") and label == open_mark.label
            if goes_on and open_mark and (index == open_mark.last or _is_run(label, options)):
                open_mark = _longer(open_mark, index, end)
                continue
            if open_mark:
                yield open_mark
            open_mark = None
            if kind in ("I", "E", "L"):
                what = f"{kind}- without a B- before it"
                problems.append(Problem("broken-tags", what, "begin every mark with B-", f"line {number}"))
            elif kind != "O":
                open_mark = Mark(label, index, index, start, end, record=f"line {number}")
        if open_mark:
            yield open_mark


def _longer(mark: Mark, last: int, end: int) -> Mark:
    return Mark(mark.label, mark.first, last, mark.start, end, record=mark.record)


def _is_run(label: str, options: LoadOptions) -> bool:
    meaning = options.schema.meaning(label)
    return meaning is not None and options.schema.labels[meaning.label].unit == "run"


def write(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Two layers, recommendations and reviews; tokens are words and marks, divided where a mark begins or ends."""
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        for session in sessions:
            file.write(f"# session = {one_line(session.id)}\n")
            if session.annotator is not None:
                file.write(f"# annotator = {one_line(session.annotator)}\n")
            marks = marked(session).marks
            for index, utterance in enumerate(session.transcript.utterances):
                text = one_line(utterance.text)
                file.write(f"# speaker = {shown_speaker(utterance.speaker, utterance.role)}\n# text = {text}\n")
                file.writelines("\t".join(row) + "\n" for row in _rows(text, index, marks))
                file.write("\n")


def _rows(text: str, index: int, marks: tuple[Mark, ...]) -> Iterator[tuple[str, ...]]:
    here = [mark for mark in marks if mark.first <= index <= mark.last]
    bounds = {at for mark in here for at in (mark.start, mark.end) if at is not None}
    begun: set[int] = set()
    for start, end in _tokens(text, bounds):
        row = [text[start:end]]
        for layer in ("recommendation", "review"):
            mark = next((each for each in here if each.label == layer and _covers(each, start, end)), None)
            if mark is None:
                row.append("O")
                continue
            goes_on = id(mark) in begun or mark.first < index
            form = f":{mark.attributes['form']}" if "form" in mark.attributes else ""
            row.append(f"{'I' if goes_on else 'B'}-{layer}{form}")
            begun.add(id(mark))
        yield tuple(row)


def _tokens(text: str, bounds: set[int]) -> Iterator[tuple[int, int]]:
    for token in TOKEN.finditer(text):
        cuts = [token.start(), *sorted(at for at in bounds if token.start() < at < token.end()), token.end()]
        yield from pairwise(cuts)


def _covers(mark: Mark, start: int, end: int) -> bool:
    return mark.start is None or mark.end is None or mark.start <= start < end <= mark.end


HELD = frozenset({"annotator", "form", "spans"})

FORMATS = (AnnotationFormat("conll", matches, load, write, suffix=".conll", holds=HELD, streams=True),)
