"""Who is the therapist: from a conversation's speakers to a transcript's roles.

In this order, for each speaker: the role that the user gave; the role that the label says; what follows, when one
speaker is left over and only the therapist, or only the client, is missing; and else what is said, weighed for all
speakers together (:mod:`action_recs.role_model`). Where that is not certain enough nobody's role is guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from action_recs.errors import RoleError
from action_recs.readers.conversation import Conversation
from action_recs.role_features import spoken_turns, words
from action_recs.role_labels import is_short, role_of_label
from action_recs.role_model import FEW, PASSING_WORDS, knows_language, shipped_model, weigh
from action_recs.transcript import Role, Transcript, Utterance, label_key, named_roles

UNNAMED = ""
MOST_UNNAMED = 0.2
"""Up to this share of the utterances may have no speaker: recognisers leave some out. Theirs is the role OTHER."""

MACHINES_LABEL = re.compile(r"(?:spk|speaker|channel|ch|guest)[ _-]?(?:\d{1,3}|[a-z])", re.IGNORECASE)
"""A label that a recogniser made, which can be repeated in a message: it is nobody's name."""

MOST_LISTED = 6


@dataclass(frozen=True, slots=True)
class FoundRoles:
    """Everybody's role, and how it is known.

    Parameters
    ----------
    roles : dict of str to Role
        By the speaker's ``label_key``; "" are the utterances without speaker.
    told_by : dict of str to str
        "user", "label", "rest" (it follows from the others'), "speech", or "nobody" for utterances without speaker.
    probability : float
        That all who take part have the right role. 1.0 when nothing had to be told from speech.
    """

    roles: Mapping[str, Role] = field(repr=False)
    told_by: Mapping[str, str] = field(repr=False)
    probability: float = 1.0


def assign_roles(
    conversation: Conversation, roles: Mapping[str, Role | str] | None = None, *, strict: bool = False
) -> Transcript:
    """Give every segment its speaker's role.

    Parameters
    ----------
    conversation : Conversation
    roles : mapping, optional
        Speaker's label to role, in any case: ``{"Dr. Lee": "therapist"}``. Goes before everything else. Names that
        nobody here has are ignored, so that one mapping serves many files; "" names the utterances without speaker.
    strict : bool
        Refuse a mapping none of whose names is a speaker here, where without it roles would be told from speech.

    Raises
    ------
    RoleError
        When the roles cannot be told. The message says how many speak, how much, and how to give the roles; labels
        are not repeated in it unless a machine made them: they may be names.

    Examples
    --------
    >>> from action_recs.readers.conversation import Segment
    >>> talk = Conversation((Segment("Did you walk?", "CLINICIAN_0"), Segment("Twice.", "PATIENT_0")))
    >>> [each.role.value for each in assign_roles(talk).utterances]
    ['therapist', 'client']
    """
    found = find_roles(conversation, roles, strict=strict)
    return Transcript(
        tuple(
            Utterance(found.roles[label_key(each.speaker or UNNAMED)], each.text, each.speaker, each.start, each.end)
            for each in conversation.segments
        ),
        session_id=conversation.session_id,
        client_id=conversation.client_id,
        therapist_id=conversation.therapist_id,
        organisation_id=conversation.organisation_id,
        date=conversation.date,
        skipped=conversation.skipped,
    )


def find_roles(
    conversation: Conversation, roles: Mapping[str, Role | str] | None = None, *, strict: bool = False
) -> FoundRoles:
    """The roles of a conversation's speakers, each with how it is known; parameters and errors of :func:`assign_roles`.

    Examples
    --------
    >>> from action_recs.readers.conversation import Segment
    >>> talk = Conversation((Segment("Did you walk?", "Ann"), Segment("Twice.", "Bea"), Segment("Good.", "Ann")))
    >>> find_roles(talk, {"Bea": "client"}).told_by
    {'bea': 'user', 'ann': 'rest'}
    """
    cast = _Cast.of(conversation)
    named = named_roles(roles)
    known = {key: named[key] for key in cast.labels if key in named}
    told_by = dict.fromkeys(known, "user")
    if named and not known:
        cast.remarks.append("none of the names in roles is the label of a speaker here")
    if UNNAMED in cast.labels and UNNAMED not in known:
        if len(cast.labels) == 1:
            remedy = "transcribe or export it again with the speakers told apart, or write who speaks before each turn"
            then = "then, if need be, give the roles, such as roles={'spk_0': 'therapist'}"
            raise RoleError(f"no utterance of {cast.turns.total()} has a speaker; {remedy}; {then}")
        if cast.turns[UNNAMED] > MOST_UNNAMED * cast.turns.total():
            raise cast.refusal(f"{cast.turns[UNNAMED]} of {cast.turns.total()} utterances have no speaker")
        known[UNNAMED], told_by[UNNAMED] = Role.OTHER, "nobody"
    for key, label in cast.labels.items():
        if key not in known and (role := role_of_label(label)):
            known[key], told_by[key] = role, "label"
    if len(known) == len(cast.labels) and (side := _only_side(known)):
        short = [key for key, how in told_by.items() if how == "label" and is_short(cast.labels[key])]
        if not short or len(cast.labels) == 1:
            raise cast.refusal(f"every turn is by the {side}")
        for key in short:  # "P" and "C": one of the two is the therapist after all
            del known[key], told_by[key]
    unknown = [key for key in cast.labels if key not in known]
    if not unknown:
        return FoundRoles(known, told_by)
    if strict and cast.remarks:
        raise cast.refusal(cast.remarks.pop())
    taking_part = cast.taking_part()
    if len(unknown) == 1 and (missing := _missing(known)):
        if unknown[0] not in taking_part:
            raise cast.refusal(f"nobody says enough to be the {missing}")
        return FoundRoles({**known, unknown[0]: missing}, {**told_by, unknown[0]: "rest"})
    if len(taking_part) < 2:
        raise cast.refusal("one speaker says nearly everything: the voices were not told apart")
    told, probability = cast.told_from_speech(known)
    theirs = {key: told.get(key, Role.OTHER) for key in unknown}
    return FoundRoles({**known, **theirs}, {**told_by, **dict.fromkeys(unknown, "speech")}, probability)


def _only_side(known: Mapping[str, Role]) -> Role | None:
    """The one role that all have whose utterances have a speaker, if it is one."""
    sides = {role for key, role in known.items() if key != UNNAMED}
    return sides.pop() if len(sides) == 1 else None


def _missing(known: Mapping[str, Role]) -> Role | None:
    """Whom a session cannot be without and nobody is yet: the therapist, or the client, but not both."""
    missing = {Role.THERAPIST, Role.CLIENT}.difference(known.values())
    return missing.pop() if len(missing) == 1 else None


@dataclass(frozen=True, slots=True)
class _Cast:
    """A conversation's speakers in the order in which they first speak.

    Parameters
    ----------
    labels : dict of str to str
        The source's label by its ``label_key``.
    turns : counter of str
        How often each speaks.
    pieces : tuple of (str, str)
        ``label_key`` and text of every segment.
    remarks : list of str
        What else to say when the roles cannot be told.
    """

    labels: dict[str, str]
    turns: Counter[str]
    pieces: tuple[tuple[str, str], ...] = field(repr=False)
    remarks: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, conversation: Conversation) -> _Cast:
        labels: dict[str, str] = {}
        for segment in conversation.segments:
            labels.setdefault(label_key(segment.speaker or UNNAMED), segment.speaker or UNNAMED)
        pieces = tuple((label_key(each.speaker or UNNAMED), each.text) for each in conversation.segments)
        return cls(labels, Counter(key for key, _ in pieces), pieces)

    def taking_part(self) -> set[str]:
        """Who says more than a stray turn or two of few words."""
        said = Counter(dict.fromkeys(self.labels, 0))
        for key, text in self.pieces:
            said[key] += len(words(text))
        enough = PASSING_WORDS * said.total()
        return {key for key in self.labels if key != UNNAMED and (self.turns[key] > FEW or said[key] > enough)}

    def told_from_speech(self, known: Mapping[str, Role]) -> tuple[Mapping[str, Role], float]:
        """The roles that are most probable from what is said, and their probability.

        Raises
        ------
        RoleError
            When it is below the model's threshold, or the speech is not English.
        """
        model = shipped_model()
        turns = spoken_turns((key, text) for key, text in self.pieces if key != UNNAMED)
        if not knows_language(turns, model):
            raise self.refusal("roles are told from speech in English only, and most words here are not known")
        weighed = weigh(turns, known, model)
        if weighed is None:
            raise self.refusal("nobody is left for the therapist, or for the client")
        if not weighed.apart:
            raise self.refusal("the speakers sound alike, as when the turns of both were put under both labels")
        if not weighed.believed(model):
            sure = f"{weighed.probability:.2f} sure, {model.threshold:.2f} are needed"
            raise self.refusal(f"what is said does not tell the therapist well enough ({sure})")
        return weighed.roles, weighed.probability

    def refusal(self, reason: str) -> RoleError:
        """The error, with who speaks how much and how to give the roles."""
        shown = [f"speaker {number}{self._machine(key)}" for number, key in enumerate(self.labels, start=1)]
        counted = [
            f"{who}: {self.turns[key]} turn{'s' * (self.turns[key] != 1)}"
            for who, key in zip(shown, self.labels, strict=True)
        ]
        if len(counted) > MOST_LISTED:
            counted[MOST_LISTED:] = [f"and {len(counted) - MOST_LISTED} more"]
        labels = [
            self.labels[key] if self._machine(key) else f"label of speaker {number}"
            for number, key in enumerate(self.labels, start=1)
        ]
        example = ", ".join(
            f"{label!r}: {role!r}" for label, role in zip(labels, ("therapist", "client"), strict=False)
        )
        remedy = f"give the roles, such as roles={{{example}}} with the labels as they stand in the source"
        return RoleError("; ".join([reason, *self.remarks, ", ".join(counted), remedy]))

    def _machine(self, key: str) -> str:
        if key == UNNAMED:
            return " (no label)"
        return f" ({self.labels[key]})" if MACHINES_LABEL.fullmatch(self.labels[key].strip()) else ""
