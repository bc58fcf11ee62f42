"""Our inline markup: a transcript that a person can read and edit, with the labels written into it.

    # session: c041-s1 | modality: CBT | style: verbatim
    T: Now, <rec id="r1" form="casual" category="take_action">maybe go back to cooking</rec>, that was good for you.
    C: Okay.
    <review of="s1.r1" adherence="done" target="cooking">
    T: Did you cook anything?
    C: Twice.
    </review>

One file holds one or more sessions, each opened by its header line. ``T`` is the therapist; ``C``, ``C1``, ``C2`` are
clients.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.errors import AnnotationError
from action_recs.session import Form
from action_recs.transcript import Role, Transcript, Utterance

HEADER = re.compile(r"#\s*session:\s*(?P<id>[^|\s]+)\s*(?P<fields>(\|.*)?)$")
TURN = re.compile(r"(?P<speaker>T|C\d?):(?:\s+(?P<text>.*))?$")
REVIEW_OPEN = re.compile(r"<review(?P<attributes>(\s+[a-z]+=\"[^\"]*\")*)\s*>$")
REVIEW_CLOSE = "</review>"
REC_TAG = re.compile(r"<rec(?P<attributes>(?:\s+[a-z]+=\"[^\"]*\")*)\s*>|</rec>")
STRAY_TAG = re.compile(r"</?(rec|review)\b")
ATTRIBUTE = re.compile(r"([a-z]+)=\"([^\"]*)\"")

SESSION_OF_CLIENT = re.compile(r"(?P<client>.+?)(?P<variant>[a-z])?-s\d+$")


def read_markup(path: str | Path) -> list[AnnotatedSession]:
    """Read every session of one file of inline markup.

    Raises
    ------
    AnnotationError
        With file and line, when the markup is broken or breaks the guidelines' constraints.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise AnnotationError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise AnnotationError(f"{path}: cannot be read ({error.strerror}); give a file of inline markup") from None
    sessions = list(_sessions(path, lines))
    counted = Counter(session.id for session in sessions)
    if twice := [name for name, count in counted.items() if count > 1]:
        raise AnnotationError(f"{path}: two sessions are called {', '.join(twice)}; give each its own id")
    return sessions


@dataclass
class _Draft:
    """A session while its lines are being read."""

    id: str
    metadata: dict[str, str]
    line: int
    utterances: list[Utterance] = field(default_factory=list)
    recommendations: list[AnnotatedRecommendation] = field(default_factory=list)
    reviews: list[AnnotatedReview] = field(default_factory=list)
    open_review: tuple[int, int, dict[str, str]] | None = None  # line, first utterance, attributes


def _sessions(path: Path, lines: list[str]) -> Iterator[AnnotatedSession]:
    draft: _Draft | None = None
    for number, line in enumerate(lines, start=1):
        line = line.strip()
        if not line:
            continue
        if header := HEADER.match(line):
            if draft:
                yield _finished(path, draft)
            draft = _Draft(header["id"], _fields(header["fields"]), number)
        elif draft is None:
            _fail(path, number, "text before the first '# session: ID' line")
        elif opening := REVIEW_OPEN.match(line):
            if draft.open_review:
                _fail(path, number, f"a review inside the one opened on line {draft.open_review[0]}")
            draft.open_review = (number, len(draft.utterances), dict(ATTRIBUTE.findall(opening["attributes"])))
        elif line == REVIEW_CLOSE:
            _close_review(path, number, draft)
        elif turn := TURN.match(line):
            _add_turn(path, number, draft, turn["speaker"], turn["text"] or "")
        else:
            _fail(path, number, "neither a turn ('T: ...', 'C: ...') nor a header nor a review tag on its own line")
    if draft is None:
        _fail(path, 1, "no '# session: ID' line")
    yield _finished(path, draft)


def _close_review(path: Path, number: int, draft: _Draft) -> None:
    if not draft.open_review:
        _fail(path, number, "</review> without <review>")
    line, first, attributes = draft.open_review
    if first == len(draft.utterances):
        _fail(path, line, "a review without utterances")
    draft.reviews.append(
        AnnotatedReview(
            first=first,
            last=len(draft.utterances) - 1,
            of=tuple(target for target in attributes.get("of", "").replace(" ", "").split(",") if target),
            adherence=attributes.get("adherence"),
            target=attributes.get("target"),
        )
    )
    draft.open_review = None


def _add_turn(path: Path, number: int, draft: _Draft, speaker: str, marked: str) -> None:
    text, opened, position = "", None, 0
    for tag in REC_TAG.finditer(marked):
        text += marked[position : tag.start()]
        position = tag.end()
        if tag[0] != "</rec>":
            if opened:
                _fail(path, number, "<rec> inside <rec>")
            opened = (len(text), dict(ATTRIBUTE.findall(tag["attributes"])))
        elif not opened:
            _fail(path, number, "</rec> without <rec>")
        else:
            draft.recommendations.append(_recommendation(path, number, len(draft.utterances), text, *opened))
            opened = None
    text += marked[position:]
    if opened:
        _fail(path, number, "<rec> is not closed on its line")
    if STRAY_TAG.search(text):
        _fail(path, number, "a rec or review tag that is not written as the format asks")
    role = Role.THERAPIST if speaker == "T" else Role.CLIENT
    draft.utterances.append(Utterance(role, text, speaker=speaker))


def _recommendation(
    path: Path, number: int, utterance: int, text: str, start: int, attributes: dict[str, str]
) -> AnnotatedRecommendation:
    try:
        form = Form(attributes.get("form", ""))
    except ValueError:
        _fail(path, number, "a recommendation's form must be 'casual' or 'structured'")
    return AnnotatedRecommendation(
        utterance=utterance,
        start=start,
        end=len(text),
        text=text[start:],
        form=form,
        id=attributes.get("id"),
        category=attributes.get("category"),
        restates=attributes.get("same"),
    )


def _finished(path: Path, draft: _Draft) -> AnnotatedSession:
    if draft.open_review:
        _fail(path, draft.open_review[0], "a review that is not closed before the session ends")
    if not draft.utterances:
        _fail(path, draft.line, "a session without utterances")
    parts = SESSION_OF_CLIENT.match(draft.id)
    client = parts["client"] if parts else draft.id
    try:
        return AnnotatedSession(
            id=draft.id,
            transcript=Transcript(tuple(draft.utterances), session_id=draft.id, client_id=client),
            recommendations=tuple(draft.recommendations),
            reviews=tuple(draft.reviews),
            group=client,
            metadata=draft.metadata,
        )
    except AnnotationError as error:
        raise AnnotationError(f"{path}, session on line {draft.line}: {error}") from None


def _fields(text: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in text.split("|") if ":" in part)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _fail(path: Path, line: int, problem: str) -> NoReturn:
    raise AnnotationError(f"{path}, line {line}: {problem}")
