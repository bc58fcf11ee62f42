"""Subtitles: WebVTT as Zoom, Teams and caption editors write it, and SRT.

Who speaks stands in a voice tag (``<v Dr. Lee>How did it go?</v>``) or before the words (``Dr. Lee: How did it go?``).
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import dropwhile, pairwise
from typing import Any

from action_recs.errors import TranscriptError
from action_recs.readers.clock import CLOCK, seconds
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.labels import Labels, Line
from action_recs.readers.optional import load

SEXAGESIMAL = r"[0-5]?\d:[0-5]?\d"
VTT_CLOCK = rf"(?:\d+:)?{SEXAGESIMAL}\.\d{{1,3}}"
VTT_TIMES = re.compile(rf"\s*{VTT_CLOCK}\s*-->\s*{VTT_CLOCK}")
SRT_CLOCK = rf"\d+:{SEXAGESIMAL}[,.]\d+"
SRT_TIMES = re.compile(rf"\s*{SRT_CLOCK}\s*-->\s*{SRT_CLOCK}")
ARROW = "-->"
LIKE_TIMES = re.compile(rf"\s*{CLOCK}\s*(?:-?-?>|[–—]+>?|→|--?)\s*{CLOCK}\s*$")
"""Times with another arrow than the format's: a parser takes them for speech."""
SRT_BEGIN = re.compile(r"\s*(?:\d+[ \t]*[\r\n]\s*)?-?\d+:\d{1,2}:\d{1,2}[,.]\d+\s*-->")
LINE_END = re.compile(r"\r\n|\r|\n")
VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+(?P<name>[^>]*)>")
TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")
CHANGE = re.compile(r"(?:>>+|[-–])\s*(?=\S)")
"""What captions for the deaf put before a new speaker's words."""
BRACKETS = re.compile(r"^[\[(](?:([^\])]{1,60})[\])]\s*:|((?i:spk|speaker)[ _]?\w{1,2})[\])])")
"""A label in brackets: "[SPEAKER_01]: ..."; without a colon, one that a recogniser made."""


def matches_vtt(content: Content) -> bool:
    """Whether it begins as the format demands."""
    return bool(re.match(r"WEBVTT(?:\s|$)", content.text or ""))


def matches_srt(content: Content) -> bool:
    """Whether it begins with a cue."""
    return bool(SRT_BEGIN.match((content.text or "")[:1000]))


def read_vtt(content: Content, options: Options) -> Iterator[Conversation]:
    """The cues of a WebVTT file; NOTE, STYLE and REGION blocks are none.

    Raises
    ------
    TranscriptError
        With the line, when a cue's times cannot be read.
    """
    lines, skipped = _checked(LINE_END.split(content.text or ""), VTT_TIMES, options)
    cues = _cues(content, lines, "vtt")
    _count(cues, lines, VTT_TIMES)
    yield _conversation(cues, skipped, options)


def read_srt(content: Content, options: Options) -> Iterator[Conversation]:
    """The cues of an SRT file.

    Raises
    ------
    TranscriptError
        With the line, when a cue's times cannot be read.
    """
    lines, skipped = _checked(LINE_END.split(content.text or ""), SRT_TIMES, options)
    lines = _numbered(lines)
    cues = _cues(content, lines, "srt")
    _count(cues, lines, SRT_TIMES)
    yield _conversation(cues, skipped, options)


FORMATS = (
    Format("webvtt", matches_vtt, read_vtt, pieces=True),
    Format("srt", matches_srt, read_srt, pieces=True),
)


def _cues(content: Content, lines: list[str], form: str) -> list[Any]:
    """The cues that the library finds in the lines of a form that it knows."""
    webvtt = load("webvtt", content.name, "WebVTT" if form == "vtt" else "SRT")
    try:
        return list(webvtt.from_buffer(io.StringIO("\n".join(lines)), format=form))
    except (webvtt.errors.MalformedFileError, webvtt.errors.MalformedCaptionError):  # its words quote the cue
        raise TranscriptError("cues that cannot be read; export it again") from None


def _checked(lines: list[str], times: re.Pattern[str], options: Options) -> tuple[list[str], tuple[str, ...]]:
    """The lines, but for times that cannot be: a parser passes over their cues, or takes them for speech."""
    checked, broken = [], []
    for number, line in enumerate(lines, start=1):
        if (ARROW in line and not times.match(line)) or (ARROW not in line and LIKE_TIMES.match(line)):
            broken.append(f"line {number}: a cue whose times cannot be read; correct them")
            line = ARROW  # still the beginning of a cue, with what is said in it
        checked.append(line)
    if broken and not options.skip:
        raise TranscriptError(f"{broken[0]}, or leave such cues out with on_error='skip'")
    return checked, tuple(broken)


def _numbered(lines: list[str]) -> list[str]:
    """Every cue below a blank line and a number, which some tools leave out and the parser asks for."""
    numbered = next((line for line in lines if line.strip()), "").strip().isdigit()
    made: list[str] = []
    for line in lines:
        if ARROW in line:
            while numbered and made and not made[-1].strip():
                made.pop()
            if numbered and made and made[-1].strip().isdigit():
                made.pop()
            made += ["", "1"]
        made.append(line)
    return list(dropwhile(lambda line: not line.strip(), made))


def _count(cues: list[Any], lines: list[str], times: re.Pattern[str]) -> None:
    """Make sure that every cue with something in it was read.

    Raises
    ------
    TranscriptError
        When the parser lost one.
    """
    spoken = sum(bool(times.match(line) and below.strip() and ARROW not in below) for line, below in pairwise(lines))
    if len(cues) < spoken:
        raise TranscriptError(f"{spoken - len(cues)} of its {spoken} cues cannot be read; export it again")


def _conversation(cues: Iterable[Any], skipped: tuple[str, ...], options: Options) -> Conversation:
    spoken = [(f"cue {number}", cue) for number, cue in enumerate(cues, start=1)]
    voices = any(VOICE.search(cue.raw_text) for _, cue in spoken)
    segments = _by_voice(spoken) if voices else _by_label(spoken, options.speakers)
    return Conversation(tuple(segments), skipped=skipped)


def _by_voice(cues: Iterable[tuple[str, Any]]) -> Iterator[Segment]:
    """One segment for each voice in a cue; words outside of all voices are nobody's."""
    for place, cue in cues:
        before, *rest = VOICE.split(cue.raw_text)
        for name, words in [(None, before), *zip(rest[::2], rest[1::2], strict=True)]:
            if text := _plain(words):
                speaker = " ".join(html.unescape(name).split()) if name else None
                yield Segment(text, speaker or None, seconds(cue.start), seconds(cue.end), place)


def _by_label(cues: list[tuple[str, Any]], speakers: Iterable[str]) -> list[Segment]:
    """One segment for each label in a cue; without one, the speaker before goes on."""
    lines = [
        (cue, Line(place, words))
        for place, cue in cues
        for line in cue.raw_text.split("\n")
        if (words := BRACKETS.sub(r"\1\2:", CHANGE.sub("", _plain(line), count=1)))
    ]
    labels = _labels([line for _, line in lines], speakers)
    segments: list[Segment] = []
    speaker = None
    for cue, line in lines:
        opened = labels.opened(line)
        if opened:
            speaker = opened.label
        elif segments and segments[-1].place == line.place:
            segments[-1] = replace(segments[-1], text=f"{segments[-1].text} {line.text}".strip())
            continue
        words = opened.rest if opened else line.text
        segments.append(Segment(words, speaker, seconds(cue.start), seconds(cue.end), line.place))
    return segments


def _labels(lines: list[Line], speakers: Iterable[str]) -> Labels:
    """Every cue begins a line, so a name that comes once is a label only where most cues begin with one."""
    certain = Labels(lines, speakers, once=False)
    first = {line.place: line for line in reversed(lines)}
    labelled = sum(certain.opened(line) is not None for line in first.values())
    return Labels(lines, speakers) if 2 * labelled > len(first) else certain


def _plain(words: str) -> str:
    return " ".join(html.unescape(TAG.sub("", words)).split())
