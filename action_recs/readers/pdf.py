"""PDF documents whose pages hold text: the text of all pages, without what is repeated on each, read as text."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.optional import guarded, load
from action_recs.readers.text import opens_a_turn, read_lines

BEGIN = b"%PDF-"
WITHIN = 1024
"""Bytes before which a PDF must begin."""
MOST_PAGES = 2000
PAGE_NUMBER = re.compile(r"(?:page\s*)?[-–]?\s*\d{1,4}\s*[-–]?(?:\s*(?:of|/)\s*\d{1,4})?", re.IGNORECASE)
EDGE = 3
"""Lines of a page, at its head and foot, that may be a header or footer."""
DIGITS = re.compile(r"\d+")


def matches(content: Content) -> bool:
    """Whether the bytes begin as a PDF."""
    return BEGIN in content.data[:WITHIN]


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The conversation in the document.

    Raises
    ------
    TranscriptError
        When it is broken or protected, has pages that are pictures, or with the line of its text.
    """
    pages: list[list[str]] = []
    skipped: list[str] = []
    for number, lines in enumerate(_lines_of_pages(content), start=1):
        if lines is not None:
            pages.append(lines)
            continue
        problem = f"page {number}: a picture without text; recognise its text first, or export the document as text"
        if not options.skip:
            raise TranscriptError(f"{content.name}, {problem}")
        skipped.append(problem)
    conversation = read_lines("\n".join(line for lines in _without_margins(pages) for line in lines), options)
    yield replace(conversation, skipped=(*conversation.skipped, *skipped))


def _lines_of_pages(content: Content) -> Iterator[list[str] | None]:
    """Each page's lines; None for one that holds nothing but pictures."""
    pypdf = load("pypdf", content.name, "PDF")
    broken = f"{content.name}: a PDF that is cut off or broken; export it again"
    protected = f"{content.name}: protected by a password; save it without"
    with guarded(broken), _silent():
        document = pypdf.PdfReader(io.BytesIO(content.data))
        encrypted = document.is_encrypted
    if encrypted:
        with guarded(protected), _silent():
            if not document.decrypt(""):
                raise TranscriptError(protected)
    with guarded(broken), _silent():
        count = len(document.pages)
    if count > MOST_PAGES:
        raise TranscriptError(f"{content.name}: {count} pages, more than a transcript has; divide it")
    for number in range(count):
        with guarded(f"{content.name}, page {number + 1}: cannot be read; export it again"), _silent():
            page = document.pages[number]
            lines = [line.rstrip() for line in page.extract_text().splitlines() if line.strip()]
            blank = not lines and not len(page.images)
        if not blank:
            yield lines or None


def _without_margins(pages: list[list[str]]) -> Iterator[list[str]]:
    """The pages without page numbers, and without what all of them, but for a title page, have at the same edge.

    A line with a label could be a turn; it needs three pages to be taken for a header.
    """
    edges = [_edges(lines) for lines in pages]
    times = Counter(each for edge in edges for each in edge.values())

    def is_margin(line: str, edge: tuple[int, str] | None) -> bool:
        enough = max(3 if opens_a_turn(line) else 2, len(pages) - 1)
        return PAGE_NUMBER.fullmatch(line.strip()) is not None or (edge is not None and times[edge] >= enough)

    for lines, edge in zip(pages, edges, strict=True):
        kept = [index for index, line in enumerate(lines) if not is_margin(line, edge.get(index))]
        yield lines[kept[0] : kept[-1] + 1] if kept else []


def _edges(lines: list[str]) -> dict[int, tuple[int, str]]:
    """The index of each line near an edge -> how far it is from it (negative from the foot), and its shape."""
    near = {index: index for index in range(min(EDGE, len(lines)))}
    near |= {len(lines) - back: -back for back in range(1, EDGE + 1) if len(lines) - back >= EDGE}
    return {index: (distance, DIGITS.sub("#", lines[index].strip())) for index, distance in near.items()}


@contextmanager
def _silent() -> Iterator[None]:
    """Without pypdf's warnings, which quote what they are about."""
    log = logging.getLogger("pypdf")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)


FORMATS = (Format("pdf", matches, read),)
