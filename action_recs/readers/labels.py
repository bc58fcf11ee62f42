"""Lines that open with a speaker's label: "Therapist: ...", "[00:01:02] Dr. Lee: ...", "12. T (00:01): ..."."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from action_recs.readers.clock import CLOCK, seconds
from action_recs.role_labels import DECORATION, SPEAKER_WORDS
from action_recs.transcript import label_key

LABELLED = re.compile(r"(?P<label>[^:\n]{1,60}?)\s*:(?P<rest>.*)$")
TIMED_LABEL = re.compile(rf"(?P<label>[^:\n\[\]()]{{1,60}}?)\s*[\[(](?P<time>{CLOCK})[\])]\s*:(?P<rest>.*)$")
TIME = re.compile(
    rf"(?P<open>[\[(])?(?P<start>{CLOCK})(?:\s*(?:-->|-|–|—|to)\s*(?P<end>{CLOCK}))?(?(open)[\])]|(?=\s|$))[ \t]*[-–]?"
)
TIME_IN_BRACKETS = re.compile(rf"[\[(](?P<start>{CLOCK})[\])]\s*")
MARK = re.compile(r"(?:[-–*•>]|\d+[.)])\s+")
BOLD = re.compile(r"(\*\*|__)(?P<label>[^*_:\n]{1,60}?)(?::\1|\1\s*:)(?P<rest>.*)$")
RECOGNISERS_LABEL = re.compile(r"(?:spk|speaker)[ _]?\w{1,2}$", re.IGNORECASE)
LONGEST_NAME = 4  # words
OFTEN = 3  # times that even a longer label must come to be one
MOST_MARKS = 5  # before a label: a number, a dash, a time


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, and where it stands: "line 3", "cue 12"."""

    place: str
    text: str = field(repr=False)

    @property
    def indented(self) -> bool:
        return self.text[:1].isspace()


@dataclass(frozen=True, slots=True)
class Opening:
    """How a line opens a turn: the label, what is said after it, and the times beside it in seconds."""

    label: str
    rest: str = field(repr=False)
    start: float | None = None
    end: float | None = None


class Labels:
    """Tells a line that opens a turn from one that goes on with it.

    Parameters
    ----------
    lines : iterable of Line
        All of the text's: what comes again before a colon is a label.
    speakers : iterable of str
        Labels that the caller knows, as ``label_key`` writes them.
    once : bool
        Whether what looks like a name is a label even where it comes only once.
    """

    def __init__(self, lines: Iterable[Line], speakers: Iterable[str], *, once: bool = True) -> None:
        self.speakers = frozenset(speakers)
        self.once = once
        opened = (_openings(line)[-1:] for line in lines if not line.indented)
        self.times_seen = Counter(label_key(each.label) for last in opened for each in last)

    def opened(self, line: Line) -> Opening | None:
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

    def _could_be_a_speaker(self, opening: Opening) -> bool:
        label, rest = opening.label, opening.rest
        words = label.split()
        seen = self.times_seen[label_key(label)]
        if (
            (len(words) > LONGEST_NAME and seen < OFTEN)
            or rest.startswith("//")
            or (label[-1].isdigit() and rest[:1].isdigit())
        ):
            return False  # a sentence, an address, a time of day
        if seen > 1 or RECOGNISERS_LABEL.match(label):
            return True
        if not self.once:
            return False
        title = words[0][0].isupper() and len(words) <= 2
        named_like = title or all(word[0].isupper() or word[0].isdigit() or word[0] in "([" for word in words)
        holds_a_role = any(SPEAKER_WORDS.get(word) and len(word) > 2 for word in re.findall(r"\w+", label_key(label)))
        return named_like or holds_a_role or not rest


def _openings(line: Line) -> list[Opening]:
    """What could be a label with its speech: first with the time, number or mark before it, last without them."""
    rest = line.text.strip()
    if bold := BOLD.match(rest):
        rest = f"{bold['label']}:{bold['rest']}"
    openings = []
    times: tuple[float | None, float | None] = (None, None)
    for _ in range(MOST_MARKS):
        if found := TIMED_LABEL.match(rest) or LABELLED.match(rest):
            openings.append(_opening(found, times))
        before = TIME.match(rest) or MARK.match(rest)
        if not before:
            break
        if before.re is TIME:
            times = times_of(before)
        rest = rest[before.end() :].lstrip()
    return openings


def _opening(found: re.Match[str], times: tuple[float | None, float | None]) -> Opening:
    start, end = times
    said = found["rest"].strip()
    clock = found.groupdict().get("time")
    if inside := TIME_IN_BRACKETS.match(said):
        said = said[inside.end() :]
        clock = clock or inside["start"]
    if start is None and clock:
        start = seconds(clock)
    return Opening(found["label"].strip(), said, start, end)


def times_of(found: re.Match[str]) -> tuple[float | None, float | None]:
    """Start and end of a TIME."""
    return seconds(found["start"]), seconds(found["end"]) if found["end"] else None
