"""Plain text with a speaker label per line.

    Therapist: How did the week go?
    Client: Long. I did not
      sleep much.

A line without a label, or an indented one, continues the utterance above it; blank lines count for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

from action_recs.errors import TranscriptError
from action_recs.transcript import Role, Transcript, Utterance, label_key, named_roles

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
"""Labels that say the role by themselves, in any case, also decorated: "Client 2", "Therapist (Dr. Lee)"."""

LABELLED = re.compile(r"(?P<label>[^:\n]{1,60}?)\s*:(?P<rest>.*)$")
BEFORE_A_LABEL = re.compile(
    r"(?:[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?[\])]?|[-–*•>]|\d+[.)])\s+"
)  # a time, a mark
DECORATION = re.compile(r"[\s_#.-]*\d*\s*(?:\(.*\)|\[.*\])?$")
RECOGNISERS_LABEL = re.compile(r"(?:spk|speaker)[ _]?\w{1,2}$", re.IGNORECASE)
LINE_END = re.compile(r"\r\n|\r|\n")
LAYOUT = "\ufeff\f\u00a0"  # byte order marks, page breaks and hard blanks that exports leave at the start of a line
LONGEST_NAME = 4  # words


def read_text(path: str | Path, *, roles: Mapping[str, Role | str] | None = None) -> Transcript:
    """Read a text file; its stem becomes the session id.

    Raises
    ------
    TranscriptError
        When the file cannot be read as UTF-8 text, or for the reasons of :func:`parse_text`.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise TranscriptError(f"{path}: a directory; give the files in it")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        remedy = "check the path and its permissions"
        raise TranscriptError(f"{path}: cannot be read ({type(error).__name__}); {remedy}") from None
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
    labels = _Labels(named_roles(roles), source)
    lines = [line.lstrip(LAYOUT) for line in LINE_END.split(text)]
    turns: list[_Turn] = []
    for number, line in enumerate(dedent("\n".join(lines)).split("\n"), start=1):
        if not line.strip():
            continue
        if turn := labels.opened_turn(line, number):
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
    lines: list[str] = field(repr=False)


class _Labels:
    """Tells a line that opens a turn from one that goes on with it, and refuses what could be either."""

    def __init__(self, named: Mapping[str, Role], source: str) -> None:
        self.named = named
        self.source = source
        self.seen: set[str] = set()

    def opened_turn(self, line: str, number: int) -> _Turn | None:
        """The turn that the line opens, or None when it goes on with the one before.

        Raises
        ------
        TranscriptError
            When the line opens like a turn of a speaker whose role nobody said: taking it for speech would put one
            person's words into another's mouth.
        """
        bare = line.strip()
        match = LABELLED.match(bare)
        if match and (role := self._role(match["label"])):
            return _Turn(role, match["label"], [match["rest"].strip()])
        behind = BEFORE_A_LABEL.match(bare)
        if behind and (turn := self.opened_turn(bare[behind.end() :], number)):
            return turn
        if match and not line[0].isspace() and self._could_be_a_speaker(match["label"], match["rest"]):
            remedy = "map it with roles={'label': 'therapist', ...}, or indent the line if it goes on with the turn"
            raise TranscriptError(f"{self.source}, line {number}: a speaker label whose role is unknown; {remedy}")
        return None

    def _role(self, label: str) -> Role | None:
        key = label_key(label)
        return self.named.get(key) or SPEAKER_WORDS.get(DECORATION.sub("", key))

    def _could_be_a_speaker(self, label: str, rest: str) -> bool:
        words = label.split()
        if len(words) > LONGEST_NAME or rest.startswith("//") or (label[-1].isdigit() and rest[:1].isdigit()):
            return False  # a sentence, an address, a time of day
        again = label_key(label) in self.seen
        self.seen.add(label_key(label))
        title = words[0][0].isupper() and len(words) <= 2
        named_like = title or all(word[0].isupper() or word[0].isdigit() or word[0] in "([" for word in words)
        holds_a_role = any(SPEAKER_WORDS.get(word) and len(word) > 2 for word in re.findall(r"\w+", label_key(label)))
        return again or named_like or holds_a_role or not rest.strip() or bool(RECOGNISERS_LABEL.match(label))
