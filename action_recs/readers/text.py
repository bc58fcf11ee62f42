"""Plain text with a speaker label per line.

    Therapist: How did the week go?
    Client: Long. I did not
      sleep much.

A line without a label, or an indented one, continues the utterance above it; blank lines count for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from action_recs.errors import TranscriptError
from action_recs.transcript import Role, Transcript, Utterance, as_role

THERAPIST_WORDS = """t th ther therapist psychotherapist counselor counsellor clinician practitioner provider
psychologist psychiatrist doctor nurse coach interviewer"""
CLIENT_WORDS = "c cl client p pt pat patient interviewee"
OTHER_WORDS = "other interpreter observer"

SPEAKER_WORDS: dict[str, Role] = {
    word: role
    for role, words in (
        (Role.THERAPIST, THERAPIST_WORDS),
        (Role.CLIENT, CLIENT_WORDS),
        (Role.OTHER, OTHER_WORDS),
    )
    for word in words.split()
}
"""Labels that say the role by themselves, in any case, also with a number ("Client 2")."""

LABELLED = re.compile(r"(?P<label>[^\W\d_][^:\n]{0,39}?)\s*:(?P<rest>.*)$")
LIKE_A_SPEAKER = re.compile(r"(?:[A-Z][\w.'’-]*|spk|speaker)(?:[ _]?(?:[A-Z][\w.'’-]*|\d+)){0,2}$")
LINE_END = re.compile(r"\r\n|\r|\n")
NUMBERED = re.compile(r"[\s_#-]*\d+$")


def read_text(path: str | Path, *, roles: Mapping[str, Role | str] | None = None) -> Transcript:
    """Read a text file; its stem becomes the session id.

    Raises
    ------
    TranscriptError
        When the file cannot be read as UTF-8 text, or for the reasons of :func:`parse_text`.
    """
    path = Path(path)
    if path.is_dir():
        raise TranscriptError(f"{path}: a directory; give the files in it")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TranscriptError(f"{path}: cannot be read ({error.strerror})") from None
    if b"\0" in content:
        remedy = "give a text file in UTF-8; a document or recording must be exported or transcribed first"
        raise TranscriptError(f"{path}: binary, or text in UTF-16; {remedy}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TranscriptError(f"{path}, line {line}: not UTF-8; save the file as UTF-8") from None
    return parse_text(text, roles=roles, source=str(path), session_id=path.stem)


def parse_text(
    text: str,
    *,
    roles: Mapping[str, Role | str] | None = None,
    source: str = "the text",
    session_id: str | None = None,
) -> Transcript:
    """Make a transcript from text with a speaker label per line.

    Parameters
    ----------
    text : str
    roles : mapping, optional
        Label to role, for labels that do not say it: ``{"Dr. Lee": "therapist"}``. Goes before the known words.
    source : str
        What error messages call the text.
    session_id : str, optional

    Raises
    ------
    TranscriptError
        With the line, when there are no labels, an unknown label, or one speaker only.

    Examples
    --------
    >>> [u.role.value for u in parse_text("T: Did you walk?\\nC: Twice.").utterances]
    ['therapist', 'client']
    """
    named = {label.strip().casefold(): as_role(role) for label, role in (roles or {}).items()}
    turns: list[_Turn] = []
    lines = LINE_END.split(dedent(text.removeprefix("\ufeff")))
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if turn := _opens_turn(line, number, named, source):
            turns.append(turn)
        elif turns:
            turns[-1].lines.append(line.strip())
        else:
            remedy = "begin every turn with one, such as 'Therapist:' or 'Client:'"
            raise TranscriptError(f"{source}, line {number}: no speaker label; {remedy}")
    if not turns:
        raise TranscriptError(f"{source}: empty; a transcript has at least one turn")
    if len({turn.role for turn in turns}) == 1:
        remedy = "label both speakers, or map the labels with roles={'name': 'therapist', 'other name': 'client'}"
        raise TranscriptError(f"{source}: every turn is by the {turns[0].role.value}; {remedy}")
    utterances = (Utterance(turn.role, " ".join(filter(None, turn.lines)), speaker=turn.label) for turn in turns)
    return Transcript(tuple(utterances), session_id=session_id)


@dataclass(frozen=True, slots=True)
class _Turn:
    role: Role
    label: str
    lines: list[str]


def _opens_turn(line: str, number: int, named: Mapping[str, Role], source: str) -> _Turn | None:
    match = LABELLED.match(line)
    if not match:
        return None
    label = match["label"]
    role = named.get(label.casefold()) or SPEAKER_WORDS.get(NUMBERED.sub("", label.casefold()))
    if role:
        return _Turn(role, label, [match["rest"].strip()])
    if LIKE_A_SPEAKER.match(label) and match["rest"][:1].isspace():
        remedy = "map it with roles={'label': 'therapist', ...}, or indent the line if it goes on with the turn above"
        raise TranscriptError(f"{source}, line {number}: a speaker label whose role is unknown; {remedy}")
    return None
