"""Conversations whose speakers' roles are known, to train and measure the role classifier on.

Most come as they are from annotated sessions. Those of three and more speakers are rare there, and nobody in them is
"other", so the rest is composed: a client's turns divided between two, a therapist's between two, a scene with a front
desk laid into a session, an interpreter's turns put between the turns of a session.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.errors import AnnotationError
from action_recs.transcript import Role

Piece = tuple[str, str]
"""Speaker and text."""

HEADER = re.compile(r"# scene: (?P<name>\S+) \| kind: (?P<kind>before|after|within|interpreter)$")
LETTERS = {"T": "therapist", "C": "client", "O": "other"}
FILLERS = {"um", "uh", "er", "erm", "mm", "mmm", "hmm", "hm"}
STAYS = 0.75
"""How probable it is that the next turn of a divided speaker is by the same one."""


@dataclass(frozen=True, slots=True)
class RoleExample:
    """A conversation and its speakers' roles.

    Parameters
    ----------
    pieces : tuple of (str, str)
        Speaker and text of every utterance.
    roles : dict of str to Role
        Of everybody but a stray label, which has none.
    group : str
        What must never be divided between training and measuring.
    origin : str
        The set of annotated sessions that it is from.
    kind : str
        "two", or what makes it one of more speakers.
    """

    pieces: tuple[Piece, ...] = field(repr=False)
    roles: dict[str, Role] = field(hash=False)
    group: str
    origin: str
    kind: str = "two"

    @property
    def complete(self) -> bool:
        """Whether a therapist and a client speak."""
        return {Role.THERAPIST, Role.CLIENT} <= {self.roles.get(speaker) for speaker, _ in self.pieces}


@dataclass(frozen=True, slots=True)
class Scene:
    """What somebody who is neither therapist nor client says, with what is said to them; speakers as in LETTERS."""

    name: str
    kind: str
    pieces: tuple[Piece, ...] = field(repr=False)


def example_of(session: AnnotatedSession, origin: str) -> RoleExample:
    """An annotated session as it is."""
    pieces = tuple((each.speaker or each.role.value, each.text) for each in session.transcript.utterances)
    roles = {each.speaker or each.role.value: each.role for each in session.transcript.utterances}
    return RoleExample(pieces, roles, session.group, origin, "two" if len(roles) == 2 else "couple")


def read_scenes(path: Path) -> list[Scene]:
    """The scenes of a file, kind by kind: a header line each, then ``O:``, ``T:`` and ``C:`` lines.

    Raises
    ------
    AnnotationError
        With the line that is none of these.
    """
    scenes: list[Scene] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if header := HEADER.match(line):
            scenes.append(Scene(header["name"], header["kind"], ()))
        elif scenes and line[:1] in LETTERS and line[1:3] == ": ":
            last = scenes[-1]
            scenes[-1] = replace(last, pieces=(*last.pieces, (LETTERS[line[0]], line[3:])))
        elif line.strip() and (scenes or not line.startswith("#")):
            raise AnnotationError(f"{path}, line {number}: neither the header of a scene nor a line of one")
    return sorted(scenes, key=lambda scene: scene.kind)


# Faults of recording and recognition


def as_recognised(example: RoleExample, draw: random.Random) -> RoleExample:
    """As a speech recogniser leaves it: no fillers, half of the shortest turns missed, one word in ten lost."""
    pieces = []
    for speaker, text in example.pieces:
        words = text.split()
        if len(words) <= 2 and draw.random() < 0.5:
            continue
        heard = [word for word in words if word.strip(".,-?!").casefold() not in FILLERS and draw.random() > 0.1]
        pieces.append((speaker, " ".join(heard)))
    return replace(example, pieces=tuple(pieces))


def with_swaps(example: RoleExample, share: float, draw: random.Random) -> RoleExample:
    """A share of the turns under the label of another speaker of the conversation, as diarisation errs."""
    others = {speaker: [each for each in example.roles if each != speaker] for speaker in example.roles}
    pieces = ((draw.choice(others[who]) if draw.random() < share else who, text) for who, text in example.pieces)
    return replace(example, pieces=tuple(pieces))


def with_stray_label(example: RoleExample, draw: random.Random) -> RoleExample:
    """One turn in thirty under a label of its own: a voice that diarisation made up."""
    strays = set(draw.sample(range(len(example.pieces)), max(1, len(example.pieces) // 30)))
    pieces = (("stray" if index in strays else who, text) for index, (who, text) in enumerate(example.pieces))
    return replace(example, pieces=tuple(pieces))


def excerpt(example: RoleExample, length: int, draw: random.Random) -> RoleExample:
    """So many consecutive utterances of it, from anywhere; all when it has fewer."""
    first = draw.randint(0, max(0, len(example.pieces) - length))
    return replace(example, pieces=example.pieces[first : first + length])


# More speakers


def divided(example: RoleExample, role: Role, parts: int, draw: random.Random) -> RoleExample:
    """The turns of every speaker of a role divided between so many: a couple, a family, a co-therapist."""
    roles = dict(example.roles)
    pieces = []
    now = 0
    for who, text in example.pieces:
        speaker = who
        if example.roles[who] is role:
            now = now if draw.random() < STAYS else draw.randrange(parts)
            speaker = f"{who}/{now}"
            roles[speaker] = role
        pieces.append((speaker, text))
    heard = {speaker for speaker, _ in pieces}
    present = {speaker: each for speaker, each in roles.items() if speaker in heard}
    kind = "co-therapist" if role is Role.THERAPIST else "family" if len(present) > 3 else "couple"
    return replace(example, pieces=tuple(pieces), roles=present, kind=kind)


def with_scene(example: RoleExample, scene: Scene, draw: random.Random) -> RoleExample:
    """A scene laid into the conversation, its therapist and client played by those of the conversation."""
    cast = {Role(name): speaker for speaker, name in example.roles.items()}
    played = tuple(("other" if who == "other" else cast[Role(who)], text) for who, text in scene.pieces)
    place = {"before": 0, "after": len(example.pieces)}.get(scene.kind)
    place = draw.randint(0, len(example.pieces)) if place is None else place
    pieces = example.pieces[:place] + played + example.pieces[place:]
    kind = "front desk or passer-by"
    return replace(example, pieces=pieces, roles={**example.roles, "other": Role.OTHER}, kind=kind)


def interpreted(example: RoleExample, scene: Scene, draw: random.Random, *, foreign: bool) -> RoleExample:
    """An interpreter after the turns of both, in English, or between English and a language of made-up words."""
    asides = [text for _, text in scene.pieces]
    translate = _made_up_language(draw)
    pieces: list[Piece] = [("other", asides[0])] if draw.random() < 0.5 else []
    for who, text in example.pieces:
        client = example.roles[who] is Role.CLIENT
        pieces.append((who, translate(text) if foreign and client else text))
        if len(text.split()) <= 2 and draw.random() < 0.7:
            continue
        if draw.random() < 0.03:
            pieces.append(("other", draw.choice(asides[1:])))
        said = " ".join(word for word in text.split() if draw.random() > 0.2)
        if client and draw.random() < 0.15:
            said = f"{draw.choice(('He says', 'She says', 'They say'))} {said}"
        pieces.append(("other", translate(said) if foreign and not client else said))
    kind = "interpreter, two languages" if foreign else "interpreter"
    return replace(example, pieces=tuple(pieces), roles={**example.roles, "other": Role.OTHER}, kind=kind)


def _made_up_language(draw: random.Random) -> Callable[[str], str]:
    """Every letter for another one of its sort: unknown words, as long and as many as the known ones."""
    table: dict[int, int] = {}
    for sort in ("aeiou", "bcdfghjklmnpqrstvwxyz"):
        shuffled = "".join(draw.sample(sort, len(sort)))
        table |= str.maketrans(sort + sort.upper(), shuffled + shuffled.upper())
    return lambda text: text.translate(table)


def composed(examples: Sequence[RoleExample], scenes: Sequence[Scene], draw: random.Random) -> list[RoleExample]:
    """For every two-speaker example one of more speakers, of each kind in turn."""
    laid = [scene for scene in scenes if scene.kind != "interpreter"]
    asides = [scene for scene in scenes if scene.kind == "interpreter"]
    made = []
    for index, example in enumerate(examples):
        if example.kind != "two":
            made.append(divided(example, Role.CLIENT, 2, draw) if index % 2 else example)
            continue
        match index % 10:
            case 0 | 1 | 2:
                each = divided(example, Role.CLIENT, 2, draw)
            case 3:
                each = divided(example, Role.CLIENT, 3, draw)
            case 4 | 5:
                each = divided(example, Role.THERAPIST, 2, draw)
            case 6 | 7:
                each = with_scene(example, draw.choice(laid), draw)
            case 8:
                each = interpreted(example, draw.choice(asides), draw, foreign=False)
            case _:
                each = interpreted(example, draw.choice(asides), draw, foreign=True)
        made.append(each)
    return [each for each in made if len({speaker for speaker, _ in each.pieces}) > 2]
