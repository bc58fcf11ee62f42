"""Our inline markup: a transcript that a person can read and edit, with the labels written into it.

    # session: c041-s1 | annotator: a | modality: CBT | style: verbatim
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
from collections.abc import Iterable, Iterator
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
    drafts = list(parse_markup(lines))
    if broken := [f"{path}, line {line}: {problem}" for draft in drafts for line, problem in draft.problems]:
        raise AnnotationError("\n".join(broken))
    sessions = [_finished(path, draft) for draft in drafts]
    counted = Counter(session.id for session in sessions)
    if twice := [name for name, count in counted.items() if count > 1]:
        raise AnnotationError(f"{path}: two sessions are called {', '.join(twice)}; give each its own id")
    return sessions


@dataclass
class Draft:
    """A session as its lines say it, and what is wrong with them: line and problem, in order.

    Nothing was held against the guidelines' constraints yet.
    """

    id: str
    metadata: dict[str, str]
    line: int
    annotator: str | None = None
    utterances: list[Utterance] = field(default_factory=list)
    recommendations: list[AnnotatedRecommendation] = field(default_factory=list)
    reviews: list[AnnotatedReview] = field(default_factory=list)
    open_review: tuple[int, int, dict[str, str]] | None = None  # line, first utterance, attributes
    problems: list[tuple[int, str]] = field(default_factory=list)


class _BrokenLineError(Exception):
    """A line that breaks the markup: its number, and what is wrong."""


def parse_markup(lines: Iterable[str]) -> Iterator[Draft]:
    """Every session of the lines of a file, also the broken ones, with all that is wrong in them.

    Lines before the first header make a draft without an id.
    """
    draft: Draft | None = None
    for number, line in enumerate(lines, start=1):
        line = line.strip()
        if not line:
            continue
        if header := HEADER.match(line):
            if draft:
                yield _closed(draft)
            metadata = _fields(header["fields"])
            draft = Draft(header["id"], metadata, number, annotator=metadata.pop("annotator", None))
            continue
        if draft is None:
            draft = Draft("", {}, number, problems=[(number, "text before the first '# session: ID' line")])
        try:
            if draft.id:
                _add_line(number, draft, line)
        except _BrokenLineError as broken:
            draft.problems.append(broken.args)
    yield _closed(draft or Draft("", {}, 1, problems=[(1, "no '# session: ID' line")]))


def _add_line(number: int, draft: Draft, line: str) -> None:
    if opening := REVIEW_OPEN.match(line):
        if draft.open_review:
            _fail(number, f"a review inside the one opened on line {draft.open_review[0]}")
        draft.open_review = (number, len(draft.utterances), dict(ATTRIBUTE.findall(opening["attributes"])))
    elif line == REVIEW_CLOSE:
        _close_review(number, draft)
    elif turn := TURN.match(line):
        count = len(draft.utterances)
        try:
            _add_turn(number, draft, turn["speaker"], turn["text"] or "")
        finally:  # a broken turn is one, too: what comes after it keeps its number
            if len(draft.utterances) == count:
                draft.utterances.append(Utterance(Role.OTHER, "", speaker=turn["speaker"]))
    else:
        _fail(number, "neither a turn ('T: ...', 'C: ...') nor a header nor a review tag on its own line")


def _closed(draft: Draft) -> Draft:
    """The draft when its last line was read."""
    if draft.open_review:
        draft.problems.append((draft.open_review[0], "a review that is not closed before the session ends"))
    if not draft.utterances and not draft.problems:
        draft.problems.append((draft.line, "a session without utterances"))
    return draft


def _close_review(number: int, draft: Draft) -> None:
    if not draft.open_review:
        _fail(number, "</review> without <review>")
    line, first, attributes = draft.open_review
    draft.open_review = None
    if first == len(draft.utterances):
        _fail(line, "a review without utterances")
    draft.reviews.append(
        AnnotatedReview(
            first=first,
            last=len(draft.utterances) - 1,
            of=tuple(target for target in attributes.get("of", "").replace(" ", "").split(",") if target),
            adherence=attributes.get("adherence"),
            target=attributes.get("target"),
        )
    )


def _add_turn(number: int, draft: Draft, speaker: str, marked: str) -> None:
    text, opened, position = "", None, 0
    for tag in REC_TAG.finditer(marked):
        text += marked[position : tag.start()]
        position = tag.end()
        if tag[0] != "</rec>":
            if opened:
                _fail(number, "<rec> inside <rec>")
            opened = (len(text), dict(ATTRIBUTE.findall(tag["attributes"])))
        elif not opened:
            _fail(number, "</rec> without <rec>")
        else:
            draft.recommendations.append(_recommendation(number, len(draft.utterances), text, *opened))
            opened = None
    text += marked[position:]
    if opened:
        _fail(number, "<rec> is not closed on its line")
    if STRAY_TAG.search(text):
        _fail(number, "a rec or review tag that is not written as the format asks")
    role = Role.THERAPIST if speaker == "T" else Role.CLIENT
    draft.utterances.append(Utterance(role, text, speaker=speaker))


def _recommendation(
    number: int, utterance: int, text: str, start: int, attributes: dict[str, str]
) -> AnnotatedRecommendation:
    try:
        form = Form(attributes.get("form", ""))
    except ValueError:
        _fail(number, "a recommendation's form must be 'casual' or 'structured'")
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


def client_of(session_id: str) -> str:
    """The client that a session's id names: "c041" of "c041-s2", "v101" of the variant "v101b-s1"; or the id itself."""
    parts = SESSION_OF_CLIENT.match(session_id)
    return parts["client"] if parts else session_id


def _finished(path: Path, draft: Draft) -> AnnotatedSession:
    client = client_of(draft.id)
    try:
        return AnnotatedSession(
            id=draft.id,
            transcript=Transcript(tuple(draft.utterances), session_id=draft.id, client_id=client),
            recommendations=tuple(draft.recommendations),
            reviews=tuple(draft.reviews),
            annotator=draft.annotator,
            group=client,
            metadata=draft.metadata,
        )
    except AnnotationError as error:
        raise AnnotationError(f"{path}, session on line {draft.line}: {error}") from None


def _fields(text: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in text.split("|") if ":" in part)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _fail(line: int, problem: str) -> NoReturn:
    raise _BrokenLineError(line, problem)
