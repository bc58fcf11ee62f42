"""What every reader delivers: who said what and when, before anyone knows who the therapist is.

A family of formats is one module that turns content into :class:`Conversation`; roles are given to its speakers
afterwards, in one place for all of them (:mod:`action_recs.roles`).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech of one speaker, as the source has it.

    Parameters
    ----------
    text : str
        The words, stripped of the format's own marks.
    speaker : str or None
        The source's label ("spk_0", "Dr. Lee"), or None when it has none.
    start, end : float or None
        Seconds from the start of the recording.
    place : str
        Where it stands, for error messages: "cue 12", "line 3", "row 7". Never any of the text.
    """

    text: str = field(repr=False)
    speaker: str | None = None
    start: float | None = None
    end: float | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A session's segments in order, with what the source knows of it.

    Parameters
    ----------
    segments : tuple of Segment
        One for each utterance.
    session_id, client_id, therapist_id, organisation_id, date : str or None
        As on :class:`~action_recs.transcript.Transcript`.
    skipped : tuple of str
        What was left out because it is broken, a place and a reason each; only ever filled with ``on_error="skip"``.
    """

    segments: tuple[Segment, ...]
    session_id: str | None = None
    client_id: str | None = None
    therapist_id: str | None = None
    organisation_id: str | None = None
    date: str | None = None
    skipped: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Conversation({len(self.segments)} segments)"
