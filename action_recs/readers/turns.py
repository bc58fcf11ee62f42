"""Segments and their times: checked, put in order, and merged into turns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation, Segment

PAUSE = 3.0
"""Seconds of silence after which the same speaker's words are a new turn."""

BREATH = 0.7
"""Seconds: where each speaker has a channel, a shorter gap does not let the other one in."""

JITTER = 2.0
"""Seconds that times may be out of order, or a speaker overlap with himself, and still be right: a recogniser's words,
and whole seconds typed by hand."""

LONGEST_SILENCE = 3600.0
"""Seconds: nobody is silent for an hour in a session; the times are broken, or two recordings are in one file."""


def check_times(conversation: Conversation, *, skip: bool = False) -> Conversation:
    """Make sure that the times can be those of one conversation.

    Segments without times pass. Two people may speak at once.

    Raises
    ------
    TranscriptError
        With the first segment whose time is negative or no number, that ends before it starts, starts before the one
        above, overlaps with the same speaker's, or comes after hours of silence. With ``skip``, such segments are
        left out and listed instead.
    """
    kept: list[Segment] = []
    skipped: list[str] = []
    latest: Segment | None = None  # that starts latest
    longest: dict[str, Segment] = {}  # of each speaker, that ends latest
    end_of_speech = 0.0
    for number, segment in enumerate(conversation.segments, start=1):
        before = longest.get(segment.speaker) if segment.speaker else None
        if reason := _broken_time(segment, latest, before, end_of_speech):
            problem = f"{segment.place or f'segment {number}'}: {reason}"
            if not skip:
                raise TranscriptError(f"{problem}, or leave such parts out with on_error='skip'")
            skipped.append(problem)
            continue
        kept.append(segment)
        if segment.start is None:
            continue
        end_of_speech = max(_end(segment), end_of_speech)
        if latest is None or segment.start > (latest.start or 0.0):
            latest = segment
        if segment.speaker and (before is None or _end(segment) > _end(before)):
            longest[segment.speaker] = segment
    return replace(conversation, segments=tuple(kept), skipped=(*conversation.skipped, *skipped))


def merge_turns(segments: Iterable[Segment], *, pause: float = PAUSE) -> tuple[Segment, ...]:
    """Join what one speaker says in a row, unless he is silent for ``pause`` seconds in between.

    Segments of nobody (``speaker=None``) are joined with nothing: they may be different people's.

    Examples
    --------
    >>> words = [Segment("How", "A", 0.0, 0.2), Segment("so?", "A", 0.3, 0.5), Segment("Well.", "B", 0.9, 1.2)]
    >>> [(turn.speaker, turn.start, turn.end) for turn in merge_turns(words)]
    [('A', 0.0, 0.5), ('B', 0.9, 1.2)]
    """
    runs: list[list[Segment]] = []
    for segment in segments:
        if not segment.text.strip():
            continue
        if runs and _goes_on(runs[-1][-1], segment, pause):
            runs[-1].append(segment)
        else:
            runs.append([segment])
    return tuple(_joined(run) for run in runs)


def interleave(channels: Iterable[Sequence[Segment]]) -> tuple[Segment, ...]:
    """The words of speakers who each have a channel, in the order of time.

    A speaker's words stay together while he does not pause, so that an "mhm" of the other does not tear them apart.
    """
    pieces = [piece for words in channels for piece in merge_turns(words, pause=BREATH)]
    return tuple(sorted(pieces, key=lambda piece: math.inf if piece.start is None else piece.start))


def _broken_time(segment: Segment, latest: Segment | None, before: Segment | None, end_of_speech: float) -> str | None:
    """What is wrong with a segment's times, given the one that starts latest and the speaker's own before it."""
    start, end = segment.start, segment.end
    times = [time for time in (start, end) if time is not None]
    if not all(math.isfinite(time) for time in times):
        return "a time that is no number; correct it"
    if any(time < 0 for time in times):
        return "negative time; correct it"
    if start is not None and end is not None and end < start:
        return "ends before it starts; correct its times"
    if start is None or latest is None:
        return None
    if start < (latest.start or 0.0) - JITTER:
        return "out of order, it starts before the one above; sort the file by time"
    if before is not None and start < _end(before) - JITTER and segment.place != before.place:
        return "overlaps with what the same speaker says above; correct its times"
    if start > end_of_speech + LONGEST_SILENCE:
        return "comes after more than an hour of silence; divide the file if it holds two sessions, correct the time"
    return None


def _end(segment: Segment) -> float:
    return (segment.start or 0.0) if segment.end is None else segment.end


def _goes_on(before: Segment, segment: Segment, pause: float) -> bool:
    if segment.speaker is None or segment.speaker != before.speaker:
        return False
    return before.start is None or segment.start is None or segment.start - _end(before) < pause


def _joined(run: list[Segment]) -> Segment:
    ends = [time for each in run for time in (each.start, each.end) if time is not None]
    return replace(
        run[0],
        text=" ".join(each.text.strip() for each in run),
        start=next((each.start for each in run if each.start is not None), None),
        end=max(ends) if any(each.end is not None for each in run) else None,
    )
