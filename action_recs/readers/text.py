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
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import inf
from textwrap import dedent
from typing import Any

from action_recs.errors import TranscriptError
from action_recs.readers.clock import CLOCK, seconds
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.labels import LABELLED, RECOGNISERS_LABEL, TIME, Labels, Line, times_of
from action_recs.readers.turns import merge_turns
from action_recs.role_labels import role_of_label
from action_recs.transcript import label_key

HEADING = re.compile(
    rf"""(?: \[ (?P<zoom> [^\]\n]{{1,80}} ) \] [ \t]+ (?P<zoomtime> {CLOCK} )
         | (?P<otter> [^\s:](?:[^:\n]{{0,60}}?[^\s:])? ) (?:[ ]{{2,}}|[ ]*\t\s*|[ ](?=\d+:\d+:))
           (?P<ottertime> {CLOCK} )
         | (?P<other> [^\s:\[(](?:[^:\n\[(]{{0,60}}?[^\s:\[(])? ) [ \t]* [\[(] (?P<othertime> {CLOCK} ) [\])]
         | (?P<nobody> {CLOCK} )
         ) \s* $""",
    re.VERBOSE,
)
"""A speaker and a time on a line of their own: "[Ann] 14:03:21", "Speaker 1  0:04", "Speaker 1 (0:04)"; a time
alone where Otter lost him."""
OTTERS_OWN = re.compile(r"Transcribed by https?://otter\.ai\s*$")
OTTERS_SUMMARY = re.compile(r"(?:SUMMARY KEYWORDS|SPEAKERS)\s*$")
LINE_NUMBER = re.compile(r"\s*(\d{1,5})(?:[.)]?[ \t]+|[.)]?$)")
NUMBERED_LABEL = re.compile(r"(?P<who>[^\d\W]{1,15})[ .#-]?(?P<number>\d{1,5})")
LINE_END = re.compile(r"\r\n|\r|\n")
LAYOUT = "\ufeff\f\u00a0"  # byte order marks, page breaks and hard blanks that exports leave at the start of a line
FACTS = {
    "date": "date",
    "session id": "session_id",
    "client id": "client_id",
    "therapist id": "therapist_id",
    "organisation id": "organisation_id",
    "organization id": "organisation_id",
}
"""What typists write above the first turn: "Client ID: 4711"."""
BESIDE = {
    *("title", "topic", "location", "place", "duration", "length", "time", "session", "session number", "session no"),
    *("participants", "speakers", "transcribed by", "transcriber", "file", "file name", "audio", "audio file"),
}
"""What else they write there, of which nothing is kept."""
TITLE = re.compile(
    r"(?:(?:therapy|counsell?ing|treatment) )?(?:session|transcript|interview|visit)\b[^.?!:]{0,60}$", re.I
)
SEPARATED = re.compile(r"(?P<label>[^:\t]{1,60}?)(?:[ ]*\t\s*|\s+[-–—]\s+)(?P<rest>.*)$")
"""A label with a tab or dash behind it, in place of a colon."""


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
    facts, lines = _facts_above(_lines(text))
    lines = _times_in_brackets(lines)
    if (segments := _under_headings(lines)) is None:
        lines = _with_colons(lines, (options or Options()).speakers)
        segments = _by_labels(lines, Labels(lines, (options or Options()).speakers))
    if not segments:
        raise TranscriptError("empty; a transcript has at least one turn")
    return Conversation(tuple(segments), **facts)


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
class _Turn:
    place: str
    label: str | None
    start: float | None = None
    end: float | None = None
    lines: list[str] = field(default_factory=list, repr=False)

    def segment(self) -> Segment:
        return Segment(" ".join(filter(None, self.lines)), self.label, self.start, self.end, self.place)


def _lines(text: str) -> list[Line]:
    """The lines that hold something, without what the layout puts before all of them."""
    split = [line.lstrip(LAYOUT) for line in LINE_END.split(text)]
    lines = [Line(f"line {number}", line) for number, line in enumerate(dedent("\n".join(split)).split("\n"), start=1)]
    return _without_line_numbers([line for line in lines if line.text.strip()])


def _without_line_numbers(lines: list[Line]) -> list[Line]:
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


def _facts_above(lines: list[Line]) -> tuple[dict[str, Any], list[Line]]:
    facts: dict[str, Any] = {}
    for index, line in enumerate(lines):
        key, colon, value = line.text.partition(":")
        name = FACTS.get(label_key(key))
        about = TITLE.match(line.text.strip()) or (colon and label_key(key) in BESIDE)
        if not about and not (colon and name and value.strip()):
            return facts, lines[index:]
        if name and not about:
            facts[name] = value.strip()
    return facts, []


def _under_headings(lines: Sequence[Line]) -> Sequence[Segment] | None:
    """The turns of a text whose speakers and times stand on lines of their own; None when it is no such text.

    Recognisers write such a block every few seconds, so those of one speaker in a row are one turn.
    """
    if any(OTTERS_SUMMARY.match(line.text) for line in lines[:20]):
        first = next((index for index, line in enumerate(lines) if HEADING.match(line.text)), len(lines))
        lines = lines[first:]
    if not lines or not (heading := HEADING.match(lines[0].text)):
        return None
    # Zoom writes the time of day
    begin = seconds(heading["zoomtime"]) if heading["zoom"] else 0.0
    turns: list[_Turn] = []
    for line in lines:
        if found := HEADING.match(line.text):
            clock = found["zoomtime"] or found["ottertime"] or found["othertime"] or found["nobody"]
            turns.append(_Turn(line.place, found["zoom"] or found["otter"] or found["other"], seconds(clock) - begin))
        elif not OTTERS_OWN.match(line.text):
            turns[-1].lines.append(line.text.strip())
    if all(turn.label is None for turn in turns):
        raise TranscriptError(f"{lines[0].place}: times but no speakers; export it with the speakers' names")
    return merge_turns((turn.segment() for turn in turns if turn.lines), pause=inf)


def _times_in_brackets(lines: list[Line]) -> list[Line]:
    """The lines of a text where a bare time stands above every label: in brackets no time can be taken for speech."""
    bare = [TIME.fullmatch(line.text.strip()) is not None for line in lines]
    labelled = [
        LABELLED.match(line.text) is not None and not is_time for line, is_time in zip(lines, bare, strict=True)
    ]
    if (
        not lines
        or not bare[0]
        or any(here and not below for here, below in zip(bare, [*labelled[1:], False], strict=True))
    ):
        return lines
    return [
        replace(line, text=f"[{line.text.strip(' []()-–')}]") if is_time else line
        for line, is_time in zip(lines, bare, strict=True)
    ]


def _with_colons(lines: list[Line], speakers: frozenset[str]) -> list[Line]:
    """The lines of a text where every one has a role, or a name that the caller knows, and then a tab or dash."""
    found = [SEPARATED.match(line.text.strip()) for line in lines]
    keys = [label_key(each["label"]) if each else "" for each in found]
    if not all(key in speakers or role_of_label(key) or RECOGNISERS_LABEL.match(key) for key in keys):
        return lines
    return [
        replace(line, text=f"{each['label']}: {each['rest']}") for line, each in zip(lines, found, strict=True) if each
    ]


def _by_labels(lines: Sequence[Line], labels: Labels) -> Sequence[Segment]:
    """The turns of a text with a label before each."""
    turns: list[_Turn] = []
    time: tuple[float | None, float | None] = (None, None)
    for line in lines:
        bare = line.text.strip()
        if (alone := TIME.fullmatch(bare)) and (alone["open"] or alone["end"] or bare.count(":") == 2):
            time = times_of(alone)
            continue
        if opened := labels.opened(line):
            start, end = (opened.start, opened.end) if opened.start is not None else time
            turns.append(_Turn(line.place, opened.label, start, end, [opened.rest]))
        elif turns:
            turns[-1].lines.append(bare)
        else:
            remedy = "begin every turn with one, such as 'Therapist:' or 'Client:'"
            raise TranscriptError(f"{line.place}: no speaker label; {remedy}")
        time = (None, None)
    return [turn.segment() for turn in _without_turn_numbers(turns)]


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
