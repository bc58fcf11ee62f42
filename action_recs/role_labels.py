"""Labels that say the speaker's role by themselves: "T1", "Client 2", "CLINICIAN_0", "Dr. Lee (therapist)"."""

from __future__ import annotations

import re

from action_recs.transcript import Role, label_key

THERAPIST_WORDS = """t th ther therapist psychotherapist hypnotherapist cotherapist counselor counsellor clinician
practitioner provider psychologist psychiatrist doctor physician gp nurse midwife dietitian dietician pharmacist
physiotherapist coach interviewer"""
CLIENT_WORDS = "c cl client p pt pat patient interviewee"
OTHER_WORDS = "other interpreter translator observer receptionist reception narrator technician"

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

MORE_LABELS = {
    **dict.fromkeys(
        ("co therapist", "social worker", "case manager", "health visitor", "peer supporter"), Role.THERAPIST
    ),
    **dict.fromkeys(("service user", "family member", "caller", "couple", "family", "carer", "caregiver"), Role.CLIENT),
    **dict.fromkeys(("mother", "mum", "mom", "father", "dad", "parent", "wife", "husband", "spouse"), Role.CLIENT),
    **dict.fromkeys(("partner", "girlfriend", "boyfriend", "son", "daughter", "child", "brother"), Role.CLIENT),
    **dict.fromkeys(("sister", "sibling", "grandmother", "grandfather", "stepmother", "stepfather"), Role.CLIENT),
    **dict.fromkeys(("front desk", "automated voice", "recorded voice", "recording"), Role.OTHER),
}
"""Whole labels, too common a word to open a line of text with. Who came along with the client is a client too."""

TELLING = {
    **dict.fromkeys(("therapist", "psychotherapist", "counselor", "counsellor", "clinician"), Role.THERAPIST),
    **dict.fromkeys(("practitioner", "psychologist", "psychiatrist"), Role.THERAPIST),
    **dict.fromkeys(("client", "patient"), Role.CLIENT),
    **dict.fromkeys(("interpreter", "translator", "receptionist"), Role.OTHER),
}
"""Words that are no names, and say the role wherever they stand: "Lee - therapist", "Female client"."""

DECORATION = re.compile(r"[\s_#.-]*\d*\s*(?:\(.*\)|\[.*\])?$")
BRACKETS = re.compile(r"[(\[](?P<inside>.*)[)\]]\s*$")
NUMBER = re.compile(r"(?<=\w{3}) [a-z]$|(?<=[a-z])\d{1,3}$| \d{1,3}$")
"""Behind a role: the number of "Client 2", "T1", and the letter of "Client A"."""

SOMEBODYS = re.compile(r"(?:client|patient|c|p|pt)(?:['’]?s|['’]) (?=\w)")
SHORT = 3


def role_of_label(label: str) -> Role | None:
    """The role that a speaker's label says, or None when it says none.

    >>> role_of_label("CLINICIAN_0"), role_of_label("Client's mother"), role_of_label("Ann")
    (<Role.THERAPIST: 'therapist'>, <Role.CLIENT: 'client'>, None)
    """
    key = label_key(label)
    head = _plain(BRACKETS.sub("", key))
    if role := _whole(head):
        return role
    if (inside := BRACKETS.search(key)) and (role := _whole(_plain(inside["inside"]))):
        return role
    told = {TELLING[word] for word in re.findall(r"[^\W\d_]+", SOMEBODYS.sub("", key)) if word in TELLING}
    return told.pop() if len(told) == 1 else None


def is_short(label: str) -> bool:
    """Whether a label is only an abbreviation, which may stand for another word: P for patient or psychologist."""
    return len(_plain(label_key(label)).rstrip("0123456789 ")) <= SHORT


def _whole(plain: str) -> Role | None:
    bare = NUMBER.sub("", SOMEBODYS.sub("", plain))
    return SPEAKER_WORDS.get(bare) or MORE_LABELS.get(bare)


def _plain(key: str) -> str:
    return " ".join(re.split(r"[\s_.#-]+", key)).strip()
