"""spaCy's ``DocBin`` files (.spacy): documents with span groups, for training and from spaCy's and Prodigy's exports.

A document is a session; its spans are those of every span group and the entities. spaCy counts in tokens; tokens are
cut so that every mark begins and ends with one, and the text stays as it is. A span is a label and nothing else: the
form is part of it ("recommendation:casual"), and what else is said of a mark stands with the session in ``user_data``.

A file is one compressed piece, which spaCy holds whole while its documents are made one after another.
"""

from __future__ import annotations

import itertools
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import Document, exact_document, read_document
from action_recs.annotation.formats import EVERYTHING, AnnotationFormat, LoadOptions
from action_recs.annotation.marks import Mark, MarkedSession, marked
from action_recs.annotation.placing import placed, stretch
from action_recs.annotation.problems import Problem
from action_recs.annotation.sidecar import KEY, identified, kept_document, session_facts, with_utterances
from action_recs.errors import TranscriptError
from action_recs.readers.formats import Content
from action_recs.readers.optional import guarded
from action_recs.readers.optional import load as library
from action_recs.readers.stream import byte_stream

LARGEST = 256 * 2**20
"""Bytes that a file may hold unpacked."""

PIECE = 2**20
MARKS = f"{KEY}_marks"
GROUP = "sc"
"""The span group that spaCy's span categorizer reads."""

ANNOTATOR_KEYS = ("annotator", "_annotator_id")
WORD = re.compile(r"\w+|\s|[^\w\s]")


def matches(content: Content) -> bool:
    """Whether the bytes are a DocBin: zlib, and in it a map with "version" and "attrs"."""
    if not content.data.startswith(b"\x78"):
        return False
    try:
        head = zlib.decompressobj().decompress(content.data, 256)
    except zlib.error:
        return False
    return b"attrs" in head


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """One session for each document.

    Raises
    ------
    TranscriptError
        When the file is broken, or unpacks to more than annotations hold.
    """
    spacy = library("spacy", content.name, "spaCy")
    tokens = library("spacy.tokens", content.name, "spaCy")
    _check_size(content)
    broken = f"{content.name}: a DocBin that cannot be read; write it again with spaCy 3"
    with guarded(broken), byte_stream(content) as file:
        documents = tokens.DocBin().from_bytes(file.read()).get_docs(spacy.vocab.Vocab())
    number = 0
    while True:
        with guarded(f"{content.name}, document {number + 1}: cannot be read; write it again with spaCy 3"):
            doc = next(documents, None)
        if doc is None:
            return
        number += 1
        yield _session(doc, number, content, options)


def _check_size(content: Content) -> None:
    """Refuse what would unpack to more than can be, before anything does."""
    unpacking = zlib.decompressobj()
    size = 0
    with guarded(f"{content.name}: a DocBin that cannot be unpacked; copy it again"), byte_stream(content) as file:
        while size <= LARGEST and (rest := unpacking.unconsumed_tail or file.read(PIECE)):
            size += len(unpacking.decompress(rest, PIECE))
    if size > LARGEST:
        raise TranscriptError(f"{content.name}: unpacks to more than annotations hold; write fewer documents into it")


def _session(doc: Any, number: int, content: Content, options: LoadOptions) -> MarkedSession | Problem:
    record = f"document {number}"
    about = _about(doc.user_data)
    text = doc.text
    otherwise = f"{content.stem or content.name}-{number}"
    try:
        document = kept_document(about, text) or read_document(text, options.roles)
    except TranscriptError as error:
        what, _, remedy = str(error).rpartition("; ")
        return Problem("no-transcript", what or remedy, remedy, record)
    said = about.get(MARKS) if isinstance(about.get(MARKS), Mapping) else {}
    groups = [span for group in doc.spans.values() for span in group]
    found = [
        placed(
            document,
            span.start_char,
            span.end_char,
            span.label_,
            **_said(said, span),
            record=f"{record}, span {place}",
        )
        for place, span in enumerate([*groups, *doc.ents], start=1)
    ]
    annotator = next((str(about[key]) for key in ANNOTATOR_KEYS if about.get(key)), None)
    return MarkedSession(
        transcript=identified(document.transcript, about),
        marks=tuple(each for each in found if isinstance(each, Mark)),
        annotator=annotator,
        record=record,
        problems=tuple(each for each in found if isinstance(each, Problem)),
        **session_facts(about, otherwise),
    )


def _about(user_data: Mapping[Any, Any]) -> dict[str, Any]:
    """The document's own data under plain names; ours is JSON in it."""
    about = {key: value for key, value in user_data.items() if isinstance(key, str)}
    for key in (KEY, MARKS):
        try:
            about[key] = json.loads(about.get(key, "null"))
        except (ValueError, TypeError, RecursionError):
            about[key] = None
    return about


def _said(said: Any, span: Any) -> dict[str, Any]:
    known = said.get(f"{span.start_char} {span.end_char} {span.label_}")
    if not isinstance(known, Mapping):
        return {}
    attributes, score = known.get("attributes"), known.get("score", 1.0)
    return {
        "attributes": {str(key): str(value) for key, value in attributes.items()}
        if isinstance(attributes, dict)
        else {},
        "score": float(score) if isinstance(score, (int, float)) else 1.0,
    }


def write(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Write a document for each session and annotator."""
    spacy = library("spacy", str(path), "spaCy")
    tokens = library("spacy.tokens", str(path), "spaCy")
    vocab = spacy.vocab.Vocab()
    docs = tokens.DocBin(attrs=["ORTH"], store_user_data=True)
    for session in sessions:
        docs.add(_doc(session, vocab, tokens))
    path.write_bytes(docs.to_bytes())


def _doc(session: AnnotatedSession, vocab: Any, tokens: Any) -> Any:
    document = exact_document(session.transcript)
    marks = marked(session).marks
    ends = [stretch(document, mark) for mark in marks]
    words, spaces = _words(document, {at for pair in ends for at in pair})
    doc = tokens.Doc(vocab, words=words, spaces=spaces)
    doc.user_data[KEY] = json.dumps(with_utterances(session, document), ensure_ascii=False)
    if session.annotator is not None:
        doc.user_data[ANNOTATOR_KEYS[0]] = session.annotator
    spans, said = [], {}
    for mark, (start, end) in zip(marks, ends, strict=True):
        form = mark.attributes.get("form")
        label = f"{mark.label}:{form}" if form else mark.label
        spans.append(doc.char_span(start, end, label=label))
        rest = {name: value for name, value in mark.attributes.items() if name != "form"}
        if rest or mark.score != 1:
            said[f"{start} {end} {label}"] = {"attributes": rest, "score": mark.score}
    doc.spans[GROUP] = spans
    if said:
        doc.user_data[MARKS] = json.dumps(said, ensure_ascii=False)
    return doc


def _words(document: Document, ends: set[int]) -> tuple[list[str], list[bool]]:
    """The text as spaCy has it: words, and whether a blank follows each; divided where a mark begins or ends."""
    words: list[str] = []
    spaces: list[bool] = []
    text = document.text
    for match in WORD.finditer(text):
        start, end = match.span()
        if match[0] == " " and start not in ends and words and not spaces[-1]:
            spaces[-1] = True
            continue
        cuts = [start, *sorted(at for at in ends if start < at < end), end]
        for one, other in itertools.pairwise(cuts):
            words.append(text[one:other])
            spaces.append(False)
    return words, spaces


FORMATS = (AnnotationFormat("spacy", matches, load, write, suffix=".spacy", holds=EVERYTHING, streams=True),)
