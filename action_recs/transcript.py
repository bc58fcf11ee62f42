"""What goes in: roles, utterances and transcripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from action_recs.errors import TranscriptError


class Role(StrEnum):
    """Who speaks. Only the therapist recommends; both sides take part in a review."""

    THERAPIST = "therapist"
    CLIENT = "client"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One stretch of speech by one speaker.

    Parameters
    ----------
    role : Role
        Who speaks.
    text : str
        The words, exactly as the reader delivered them. May be empty.
    speaker : str, optional
        The label that the source gave the speaker ("Dr. Lee"), when there was one.
    start, end : float, optional
        Seconds from the start of the recording, when the source has times.
    """

    role: Role
    text: str
    speaker: str | None = None
    start: float | None = None
    end: float | None = None

    def __repr__(self) -> str:
        return f"Utterance({self.role.value}, {len(self.text)} characters)"


@dataclass(frozen=True, slots=True)
class Transcript:
    """A session as it was spoken: utterances in order, and what is known about them.

    Parameters
    ----------
    utterances : tuple of Utterance
        In the order of the session. Indices in everything the library returns are 0-based positions in this tuple.
    session_id, client_id, therapist_id, organisation_id, date : str, optional
        Kept and handed on unchanged, so that a study can join its tables on them.
    skipped : tuple of str
        What the reader left out because it is broken, a place and a reason each: "cue 12: negative time". Only ever
        filled when the reader was told to skip.

    Examples
    --------
    >>> Transcript.from_pairs([("therapist", "How was the week?"), ("client", "Long.")])
    Transcript(2 utterances)
    """

    utterances: tuple[Utterance, ...]
    session_id: str | None = None
    client_id: str | None = None
    therapist_id: str | None = None
    organisation_id: str | None = None
    date: str | None = None
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.utterances)

    def __repr__(self) -> str:
        return f"Transcript({len(self.utterances)} utterances)"

    @classmethod
    def from_pairs(
        cls,
        pairs: Iterable[tuple[str, str]],
        *,
        roles: Mapping[str, Role | str] | None = None,
        session_id: str | None = None,
    ) -> Transcript:
        """Make a transcript from ``(role, text)`` pairs.

        Parameters
        ----------
        pairs : iterable of (str, str)
            The role ("therapist", "client" or "other", in any case, or a :class:`Role`) and the text, which is kept
            unchanged.
        roles : mapping, optional
            Speaker name to role, for pairs that hold names: ``{"Dr. Lee": "therapist"}``.
        session_id : str, optional
            Kept on the transcript.

        Raises
        ------
        TranscriptError
            When there is no utterance, an item is no pair of strings, or a role is unknown.
        """
        named = named_roles(roles)
        utterances = tuple(_utterance(index, pair, named) for index, pair in enumerate(pairs))
        if not utterances:
            raise TranscriptError("the transcript is empty: give at least one (role, text) pair")
        return cls(utterances, session_id=session_id)


def named_roles(roles: Mapping[str, Role | str] | None) -> dict[str, Role]:
    """A user's mapping of speaker names to roles, ready to look up a ``label_key`` in."""
    if not isinstance(roles or {}, Mapping) or not all(isinstance(name, str) for name in roles or {}):
        raise TranscriptError("roles: give a mapping of speaker names to roles, such as {'Dr. Lee': 'therapist'}")
    try:
        return {label_key(name): as_role(role) for name, role in (roles or {}).items()}
    except TranscriptError as error:
        raise TranscriptError(f"roles: {error}") from None


def label_key(label: str) -> str:
    """A speaker's label without case, colon and extra blanks: "THERAPIST :" and "Therapist" are one."""
    return " ".join(label.rstrip(": ").split()).casefold()


def as_role(role: Role | str) -> Role:
    """Turn "therapist", "Client" or a :class:`Role` into a :class:`Role`.

    Raises
    ------
    TranscriptError
        When the word names no role. The word itself is not repeated: it may be a person's name.
    """
    try:
        return Role(role.strip().casefold())
    except (ValueError, AttributeError):
        known = ", ".join(repr(each.value) for each in Role)
        raise TranscriptError(f"unknown role: a role is one of {known}") from None


def _utterance(index: int, pair: object, named: Mapping[str, Role]) -> Utterance:
    if not (isinstance(pair, (tuple, list)) and len(pair) == 2 and all(isinstance(part, str) for part in pair)):
        raise TranscriptError(
            f"utterance {index}: expected a (role, text) pair of two strings, got {type(pair).__name__}"
        )
    speaker, text = pair
    if role := named.get(label_key(speaker)):
        return Utterance(role, text, speaker=speaker)
    try:
        return Utterance(as_role(speaker), text)
    except TranscriptError as error:
        remedy = "; map other speaker names with roles={'name': 'therapist', ...}"
        raise TranscriptError(f"utterance {index}: {error}{remedy}") from None
