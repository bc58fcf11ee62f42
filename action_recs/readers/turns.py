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

JITTER = 1.0
"""Seconds that a recogniser's times may be out of order, or a speaker overlap with himself, and still be right."""

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
    latest_start = latest_end = None
    ends: dict[str | None, float] = {}
    for number, segment in enumerate(conversation.segments, start=1):
        if reason := _broken_time(segment, latest_start, latest_end, ends):
            problem = f"{segment.place or f'segment {number}'}: {reason}"
            if not skip:
                raise TranscriptError(f"{problem}, or leave such parts out with on_error='skip'")
            skipped.append(problem)
            continue
        kept.append(segment)
        if segment.start is not None:
            end = segment.start if segment.end is None else segment.end
            latest_start = max(segment.start, latest_start or 0.0)
            latest_end = max(end, latest_end or 0.0)
            ends[segment.speaker] = max(end, ends.get(segment.speaker, 0.0))
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


def _broken_time(
    segment: Segment, latest_start: float | None, latest_end: float | None, ends: dict[str | None, float]
) -> str | None:
    start, end = segment.start, segment.end
    times = [time for time in (start, end) if time is not None]
    if not all(math.isfinite(time) for time in times):
        return "a time that is no number; correct it"
    if any(time < 0 for time in times):
        return "negative time; correct it"
    if start is not None and end is not None and end < start:
        return "ends before it starts; correct its times"
    if start is None or latest_start is None or latest_end is None:
        return None
    if start < latest_start - JITTER:
        return "out of order, it starts before the one above; sort the file by time"
    if segment.speaker is not None and start < ends.get(segment.speaker, 0.0) - JITTER:
        return "overlaps with what the same speaker says above; correct its times"
    if start > latest_end + LONGEST_SILENCE:
        return "comes after more than an hour of silence; divide the file if it holds two sessions, correct the time"
    return None


def _goes_on(before: Segment, segment: Segment, pause: float) -> bool:
    if segment.speaker is None or segment.speaker != before.speaker:
        return False
    end = before.start if before.end is None else before.end
    return end is None or segment.start is None or segment.start - end < pause


def _joined(run: list[Segment]) -> Segment:
    ends = [time for each in run for time in (each.start, each.end) if time is not None]
    return replace(
        run[0],
        text=" ".join(each.text.strip() for each in run),
        start=next((each.start for each in run if each.start is not None), None),
        end=max(ends) if any(each.end is not None for each in run) else None,
    )
