"""Plain text as people type it and as recognisers export it.

Speakers stand before what they say, or above it with the time:

    Therapist: How did the week go?           Speaker 1  0:00
    Client: Long. I did not                   How did the week go?
      sleep much.
                                              Speaker 2  0:04
    [00:01:02] T: And then?                   Long.

A line without a label, or an indented one, continues the turn above it; blank lines count for nothing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from textwrap import dedent

from action_recs.errors import TranscriptError
from action_recs.readers.clock import CLOCK, seconds
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.transcript import Role, label_key

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
TIMED_LABEL = re.compile(rf"(?P<label>[^:\n\[\]()]{{1,60}}?)\s*[\[(](?P<time>{CLOCK})[\])]\s*:(?P<rest>.*)$")
TIME = re.compile(
    rf"(?P<open>[\[(])?(?P<start>{CLOCK})(?:\s*(?:-->|-|–|—|to)\s*(?P<end>{CLOCK}))?(?(open)[\])]|(?=\s|$))[ \t]*[-–]?"
)
TIME_IN_BRACKETS = re.compile(rf"[\[(](?P<start>{CLOCK})[\])]\s*")
MARK = re.compile(r"(?:[-–*•>]|\d+[.)])\s+")
BOLD = re.compile(r"(\*\*|__)(?P<label>[^*_\n]{1,60}?)(?P<colon>:?)\1(?P<rest>\s*:?.*)$")
HEADING = re.compile(
    rf"""(?: \[ (?P<zoom> [^\]\n]{{1,80}} ) \] [ \t]+ (?P<zoomtime> {CLOCK} )   # [Ann] 14:03:21
         | (?P<otter> \S(?:.{{0,60}}?\S)? ) (?:[ ]{{2,}}|[ ]*\t\s*) (?P<ottertime> {CLOCK} )   # Speaker 1  0:04
         | (?P<nobody> {CLOCK} )                                                         # a speaker that Otter lost
         ) \s* $""",
    re.VERBOSE,
)
OTTERS_OWN = re.compile(r"Transcribed by https?://otter\.ai\s*$")
OTTERS_SUMMARY = re.compile(r"(?:SUMMARY KEYWORDS|SPEAKERS)\s*$")
LINE_NUMBER = re.compile(r"\s*(\d{1,5})(?:[.)]?[ \t]+|[.)]?$)")
NUMBERED_LABEL = re.compile(r"(?P<who>[^\d\W]{1,15})[ .#-]?(?P<number>\d{1,5})")
DECORATION = re.compile(r"[\s_#.-]*\d*\s*(?:\(.*\)|\[.*\])?$")
RECOGNISERS_LABEL = re.compile(r"(?:spk|speaker)[ _]?\w{1,2}$", re.IGNORECASE)
LINE_END = re.compile(r"\r\n|\r|\n")
LAYOUT = "\ufeff\f\u00a0"  # byte order marks, page breaks and hard blanks that exports leave at the start of a line
LONGEST_NAME = 4  # words
FACTS = {
    "date": "date",
    "session id": "session_id",
    "client id": "client_id",
    "therapist id": "therapist_id",
    "organisation id": "organisation_id",
    "organization id": "organisation_id",
}
"""What typists write above the first turn: "Client ID: 4711"."""


def read_lines(text: str, options: Options | None = None) -> Conversation:
    """Find the turns in a text.

    Parameters
    ----------
    text : str
    options : Options
        ``speakers`` are labels that open a turn wherever they stand.

    Raises
    ------
    TranscriptError
        With the line, when there is no turn, or speech before the first label.

    Examples
    --------
    >>> [(each.speaker, each.start) for each in read_lines("[0:01] T: Did you walk?\\n[0:04] C: Twice.").segments]
    [('T', 1.0), ('C', 4.0)]
    """
    lines = _numbered_lines(text)
    facts, lines = _facts_above(lines)
    headed = _under_headings(lines)
    turns = headed if headed is not None else _Labels(lines, (options or Options()).speakers).turns()
    if not turns:
        raise TranscriptError("empty; a transcript has at least one turn")
    return Conversation(tuple(each.segment() for each in _without_turn_numbers(turns)), **facts)


def opens_a_turn(text: str) -> bool:
    """Whether the text begins with what could be a speaker's label."""
    return bool(LABELLED.match(text.lstrip("\ufeff")))


def _read(content: Content, options: Options) -> Iterator[Conversation]:
    if content.text is None:
        remedy = "give a text file in UTF-8, or one of the known formats; a recording must be transcribed first"
        raise TranscriptError(f"binary, and of no known format; {remedy}")
    yield read_lines(content.text, options)


TEXT = Format("text", lambda _: True, _read)
"""What no other format claims."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str = field(repr=False)

    @property
    def place(self) -> str:
        return f"line {self.number}"

    @property
    def indented(self) -> bool:
        return self.text[0].isspace()


@dataclass(frozen=True, slots=True)
class _Turn:
    place: str
    label: str | None
    start: float | None = None
    end: float | None = None
    lines: list[str] = field(default_factory=list, repr=False)

    def segment(self) -> Segment:
        return Segment(" ".join(filter(None, self.lines)), self.label, self.start, self.end, self.place)


def _numbered_lines(text: str) -> list[_Line]:
    """The lines that hold something, without what the layout puts before all of them."""
    split = [line.lstrip(LAYOUT) for line in LINE_END.split(text)]
    lines = [_Line(number, line) for number, line in enumerate(dedent("\n".join(split)).split("\n"), start=1)]
    return _without_line_numbers([line for line in lines if line.text.strip()])


def _without_line_numbers(lines: list[_Line]) -> list[_Line]:
    """Take away running numbers, of lines or of turns, if the text has them from its first line on."""
    found = [LINE_NUMBER.match(line.text) for line in lines]
    numbers = [int(each[1]) for each in found if each]
    if len(numbers) < 2 or not found[0] or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return lines
    bare = (
        replace(line, text=line.text[each.end() :] if each else line.text)
        for line, each in zip(lines, found, strict=True)
    )
    return [line for line in bare if line.text.strip()]


def _facts_above(lines: list[_Line]) -> tuple[dict[str, str], list[_Line]]:
    facts: dict[str, str] = {}
    for index, line in enumerate(lines):
        key, colon, value = line.text.partition(":")
        name = FACTS.get(label_key(key))
        if not (colon and name and value.strip()):
            return facts, lines[index:]
        facts[name] = value.strip()
    return facts, []


def _under_headings(lines: Sequence[_Line]) -> list[_Turn] | None:
    """The turns of a text whose speakers and times stand on lines of their own; None when it is no such text."""
    if any(OTTERS_SUMMARY.match(line.text) for line in lines[:20]):
        first = next((index for index, line in enumerate(lines) if HEADING.match(line.text)), len(lines))
        lines = lines[first:]
    if not lines or not HEADING.match(lines[0].text):
        return None
    turns: list[_Turn] = []
    for line in lines:
        if found := HEADING.match(line.text):
            clock = found["zoomtime"] or found["ottertime"] or found["nobody"]
            turns.append(_Turn(line.place, found["zoom"] or found["otter"], seconds(clock)))
        elif not OTTERS_OWN.match(line.text):
            turns[-1].lines.append(line.text.strip())
    named = [turn for turn in turns if turn.label is not None]
    if not named:
        raise TranscriptError(f"{lines[0].place}: times but no speakers; export it with the speakers' names")
    if HEADING.match(lines[0].text)["zoom"]:  # type: ignore[index]
        begin = turns[0].start or 0.0  # Zoom writes the time of day
        turns = [replace(turn, start=(turn.start or 0.0) - begin) for turn in turns]
    return [turn for turn in turns if turn.lines]


class _Labels:
    """Tells a line that opens a turn from one that goes on with it."""

    def __init__(self, lines: Sequence[_Line], speakers: Iterable[str]) -> None:
        self.lines = lines
        self.speakers = frozenset(speakers)
        keys = Counter(label_key(each.label) for line in lines if not line.indented for each in _openings(line)[-1:])
        self.again = {key for key, count in keys.items() if count > 1}

    def turns(self) -> list[_Turn]:
        """Every turn, in order.

        Raises
        ------
        TranscriptError
            When the text begins with no label.
        """
        turns: list[_Turn] = []
        time: tuple[float | None, float | None] = (None, None)
        for line in self.lines:
            bare = line.text.strip()
            if (alone := TIME.fullmatch(bare)) and (alone["open"] or alone["end"] or bare.count(":") == 2):
                time = _times(alone)
                continue
            if opened := self._opened(line):
                start, end = (opened.start, opened.end) if opened.start is not None else time
                turns.append(_Turn(line.place, opened.label, start, end, [opened.rest]))
            elif turns:
                turns[-1].lines.append(bare)
            else:
                remedy = "begin every turn with one, such as 'Therapist:' or 'Client:'"
                raise TranscriptError(f"{line.place}: no speaker label; {remedy}")
            time = (None, None)
        return turns

    def _opened(self, line: _Line) -> _Opening | None:
        """How the line opens a turn, or None when it goes on with the one before.

        What could be another speaker's is never taken for speech of the one above: that would put one person's words
        into another's mouth. Whoever it is, is found out when roles are given.
        """
        openings = _openings(line)
        for opening in openings:
            if self._is_known(opening.label):
                return opening
        return next((each for each in openings[-1:] if not line.indented and self._could_be_a_speaker(each)), None)

    def _is_known(self, label: str) -> bool:
        key = label_key(label)
        return key in self.speakers or DECORATION.sub("", key) in SPEAKER_WORDS

    def _could_be_a_speaker(self, opening: _Opening) -> bool:
        label, rest = opening.label, opening.rest
        words = label.split()
        if len(words) > LONGEST_NAME or rest.startswith("//") or (label[-1].isdigit() and rest[:1].isdigit()):
            return False  # a sentence, an address, a time of day
        title = words[0][0].isupper() and len(words) <= 2
        named_like = title or all(word[0].isupper() or word[0].isdigit() or word[0] in "([" for word in words)
        holds_a_role = any(SPEAKER_WORDS.get(word) and len(word) > 2 for word in re.findall(r"\w+", label_key(label)))
        again = label_key(label) in self.again
        return again or named_like or holds_a_role or not rest or bool(RECOGNISERS_LABEL.match(label))


@dataclass(frozen=True, slots=True)
class _Opening:
    label: str
    rest: str = field(repr=False)
    start: float | None = None
    end: float | None = None


def _openings(line: _Line) -> list[_Opening]:
    """What could be a label with its speech: first with the time, number or mark before it, last without them."""
    rest = line.text.strip()
    if bold := BOLD.match(rest):
        rest = bold["label"] + bold["colon"] + bold["rest"]
    openings = []
    times: tuple[float | None, float | None] = (None, None)
    while True:
        if found := TIMED_LABEL.match(rest) or LABELLED.match(rest):
            openings.append(_opening(found, times))
        before = TIME.match(rest) or MARK.match(rest)
        if not before or not before.end():
            return openings
        if before.re is TIME:
            times = _times(before)
        rest = rest[before.end() :].lstrip()


def _opening(found: re.Match[str], times: tuple[float | None, float | None]) -> _Opening:
    start, end = times
    said = found["rest"].strip()
    clock = found.groupdict().get("time")
    if inside := TIME_IN_BRACKETS.match(said):
        said = said[inside.end() :]
        clock = clock or inside["start"]
    if start is None and clock:
        start = seconds(clock)
    return _Opening(found["label"].strip(), said, start, end)


def _times(found: re.Match[str]) -> tuple[float | None, float | None]:
    return seconds(found["start"]), seconds(found["end"]) if found["end"] else None


def _without_turn_numbers(turns: list[_Turn]) -> list[_Turn]:
    """Labels that count the turns (T1, C1, T2, C2) without their numbers: otherwise every turn is another speaker's."""
    found = [NUMBERED_LABEL.fullmatch(turn.label or "") for turn in turns]
    numbers: dict[str, list[int]] = defaultdict(list)
    for each in found:
        if each is None:
            return turns
        numbers[each["who"]].append(int(each["number"]))
    grows = all(earlier < later for each in numbers.values() for earlier, later in pairwise(each))
    if len(numbers) < 2 or not grows or all(len(each) == 1 for each in numbers.values()):
        return turns
    return [replace(turn, label=each["who"]) for turn, each in zip(turns, found, strict=True) if each]
