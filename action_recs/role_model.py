"""How probable each way is of giving roles to speakers, from what they say.

Two steps, both trained by training/roles.py. Every turn gets a score for its words: above 0 a therapist's, below 0 a
client's; and another for words of neither (a front desk, an interpreter). A speaker's turns are then summed up, and
every way of giving roles to all speakers together gets

    score(parts) = sum over speakers of weights[part] . view(speaker) + terms for a second therapist and a second other,

and from the scores, over all ways that have a therapist and a client, a probability. There are two parts of the role
OTHER, who sound nothing like each other: who passes through (a front desk), and an interpreter.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from action_recs.manifest import check_manifest
from action_recs.role_features import Spoken, echo, known_share, rejoined, turn_features
from action_recs.transcript import Role

SHIPPED = Path(__file__).parent / "models" / "roles.json"
PARTS = ("therapist", "client", "passer-by", "interpreter")
ROLES = (Role.THERAPIST, Role.CLIENT, Role.OTHER, Role.OTHER)
"""Of the parts."""

THERAPIST, CLIENT, PASSER_BY, INTERPRETER = range(len(PARTS))

MOST_SPEAKERS = 8
"""Above so many, only those who talk most are weighed: there are up to 4 to the power of 8 ways."""

PASSING_WORDS, PASSING_TURNS = 0.04, 0.08
FEW, OF_MANY = 2, 20
"""Who has less than both shares, or up to FEW turns of at least OF_MANY, only passes through the session; often it is
a voice that diarisation made up."""

LOUDEST = 4.0
"""No turn counts for more than this: one turn under the wrong speaker must not outweigh the rest."""

LEAST_APART = 1.0
"""How much a therapist's turns score above the clients', a turn, in a long conversation. Where voices are told apart it
is 1.5 to 5; where the labels of the turns are half wrong it is about 0, and any certainty would be by chance."""

STRANGE = 0.3
"""A turn with a smaller share of common words is in a language that is not known."""

JUDGED_WORDS = 15
"""Of fewer words nobody can say whether they are of another language."""

DAMPING = 0.06
"""Turns of one session resemble each other: n of them count as n / (1 + DAMPING n) independent ones."""

VIEW = (
    "words",  # the first score, summed over the turns
    "mean",  # the same a turn
    "lead",  # its sum less the highest of anybody else's
    "other words",  # the second score, summed
    "other mean",
    "talk",  # log of the share of words, 0 when all talk the same
    "turns",  # log of the share of turns
    "echo",  # how much of what was just said is said again
    "foreign",  # unknown words, beyond the conversation's own share of them
    "two languages",  # 1 when half of the turns are in an unknown language, 0 when none or all are
    "span",  # log of the share of the conversation from first to last turn
    "one",
)
"""The columns of :func:`view`. The sums are in tens."""

COUNTS = ("second therapist", "second other")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RoleModel:
    """The trained weights.

    Parameters
    ----------
    turn : mapping of str to (float, float)
        What a feature of a turn counts for therapist against client, and for neither of the two.
    intercepts : (float, float)
        Of the two scores.
    common : frozenset of str
        The words that make up most of spoken English.
    speakers : dict of str to array, shape (3, columns of VIEW)
        For "two" and for "more" speakers: the weights of a therapist, a passer-by, an interpreter; a client's are 0.
    counts : dict of str to array, shape (columns of COUNTS,)
    threshold : float
        The probability from which on the roles are believed.
    least_known : float
        The share of common words that somebody's speech must have to be taken for English.
    """

    turn: Mapping[str, tuple[float, float]]
    intercepts: tuple[float, float]
    common: frozenset[str]
    speakers: Mapping[str, Floats]
    counts: Mapping[str, Floats]
    threshold: float
    least_known: float


def scores(turns: Sequence[Spoken], model: RoleModel) -> Floats:
    """Both scores of every turn, shape (turns, 2), each within -LOUDEST to LOUDEST."""
    found = np.empty((len(turns), 2))
    for index, shown in enumerate(turn_features(turns)):
        counted = [model.turn[name] for name in shown if name in model.turn]
        found[index] = np.sum(counted, axis=0) if counted else 0.0
    return np.clip(found + model.intercepts, -LOUDEST, LOUDEST)


def view(turns: Sequence[Spoken], scored: Floats, speakers: Sequence[str], common: frozenset[str]) -> Floats:
    """One row a speaker, columns as in VIEW."""
    rows = []
    said = sum(len(turn.words) for turn in turns)
    overall = known_share(turns, common)
    for speaker in speakers:
        own = [index for index, turn in enumerate(turns) if turn.speaker == speaker]
        echoed = [share for index in own if (share := echo(turns, index, common)) is not None]
        abroad = np.mean([known_share([turns[index]], common) < STRANGE for index in own])
        effective = len(own) / (1 + DAMPING * len(own)) / 10
        mean, other_mean = scored[own].mean(axis=0)
        rows.append(
            [
                effective * mean,
                mean,
                0.0,  # the lead: below, when all are known
                effective * other_mean,
                other_mean,
                np.log(len(speakers) * sum(len(turns[index].words) for index in own) / said),
                np.log(len(speakers) * len(own) / len(turns)),
                np.mean(echoed) if echoed else 0.0,
                overall - known_share([turns[index] for index in own], common),
                4 * abroad * (1 - abroad),
                np.log((own[-1] - own[0] + 1) / len(turns)),
                1.0,
            ]
        )
    table = np.array(rows)
    for index in range(len(speakers)):
        table[index, VIEW.index("lead")] = table[index, 0] - np.delete(table[:, 0], index).max()
    return table


def ways(allowed: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Every way of giving parts that has a therapist, a client and at most one interpreter; shape (ways, speakers).

    ``allowed`` holds for each speaker the indices of the PARTS that are possible.
    """
    every = np.array(list(product(*allowed)), dtype=np.int64).reshape(-1, len(allowed))
    complete = (every == THERAPIST).any(axis=1) & (every == CLIENT).any(axis=1)
    kept: NDArray[np.int64] = every[complete & ((every == INTERPRETER).sum(axis=1) <= 1)]
    return kept


def way_columns(table: Floats, assigned: NDArray[np.int64]) -> Floats:
    """What a way's score is the weighted sum of: the views summed by part, and the COUNTS."""
    others = (assigned >= PASSER_BY).sum(axis=1)
    counts = np.stack([(assigned == THERAPIST).sum(axis=1) > 1, others > 1], axis=1)
    summed = [(assigned == part) @ table for part in (THERAPIST, PASSER_BY, INTERPRETER)]
    return np.hstack([*summed, counts.astype(float)])


def probabilities(table: Floats, assigned: NDArray[np.int64], model: RoleModel) -> Floats:
    """The probability of every way in ``assigned``, which holds at least one; they sum to 1."""
    kind = "two" if len(table) == 2 else "more"
    scored = way_columns(table, assigned) @ np.concatenate([model.speakers[kind].ravel(), model.counts[kind]])
    raised = np.exp(scored - scored.max())
    share: Floats = raised / raised.sum()
    return share


@dataclass(frozen=True, slots=True)
class Weighed:
    """The most probable roles.

    Parameters
    ----------
    roles : dict of str to Role
        Of every speaker. Who only passes through, and cannot be placed, is OTHER.
    probability : float
        That all speakers but the passing ones have the right role.
    apart : bool
        Whether therapist and clients sound different enough for the length of the conversation.
    """

    roles: Mapping[str, Role]
    probability: float
    apart: bool

    def believed(self, model: RoleModel) -> bool:
        """Whether it is certain enough to go on with."""
        return self.apart and self.probability >= model.threshold


def weigh(turns: Sequence[Spoken], known: Mapping[str, Role], model: RoleModel) -> Weighed | None:
    """Find the most probable roles of everybody in ``turns``, given the ``known`` ones.

    None when no way of giving roles has a therapist and a client.
    """
    main = main_speakers(turns, known)
    allowed = [[part for part, role in enumerate(ROLES) if known.get(each, role) is role] for each in main]
    if not len(ways(allowed)):
        return None
    best, probability = _best(turns, main, allowed, model)
    roles = dict(zip(main, best, strict=True))
    for passing in sorted({turn.speaker for turn in turns} - roles.keys()):
        fixed = [[ROLES.index(role)] for role in best]
        (*_, role), sure = _best(turns, [*main, passing], [*fixed, [THERAPIST, CLIENT, PASSER_BY]], model)
        roles[passing] = role if sure >= model.threshold else Role.OTHER
    return Weighed(roles, probability, _apart(turns, roles, model))


def _apart(turns: Sequence[Spoken], roles: Mapping[str, Role], model: RoleModel) -> bool:
    if len(turns) < OF_MANY:
        return True
    scored = scores(turns, model)[:, 0]
    theirs = {
        role: [score for turn, score in zip(turns, scored, strict=True) if roles[turn.speaker] is role]
        for role in (Role.THERAPIST, Role.CLIENT)
    }
    return bool(np.mean(theirs[Role.THERAPIST]) - np.mean(theirs[Role.CLIENT]) >= LEAST_APART)


def _best(
    turns: Sequence[Spoken], speakers: Sequence[str], allowed: Sequence[Sequence[int]], model: RoleModel
) -> tuple[tuple[Role, ...], float]:
    """The most probable roles of some speakers, and their probability: that of all parts that come to the same."""
    theirs = rejoined(turns, speakers)
    assigned = ways(allowed)
    share = probabilities(view(theirs, scores(theirs, model), speakers, model.common), assigned, model)
    summed: dict[tuple[Role, ...], float] = {}
    for way, probability in zip(assigned.tolist(), share.tolist(), strict=True):
        roles = tuple(ROLES[part] for part in way)
        summed[roles] = summed.get(roles, 0.0) + probability
    best = max(summed, key=lambda roles: summed[roles])
    return best, summed[best]


def knows_language(turns: Sequence[Spoken], model: RoleModel) -> bool:
    """Whether anybody speaks the language that the weights are of; True when there is too little speech to say."""
    return sum(len(turn.words) for turn in turns) < JUDGED_WORDS or any(
        known_share([turn for turn in turns if turn.speaker == speaker], model.common) >= model.least_known
        for speaker in main_speakers(turns, {})
    )


def main_speakers(turns: Sequence[Spoken], known: Mapping[str, Role]) -> list[str]:
    """Who takes part in the session rather than passing through it, the most talkative first; at least two if any."""
    said: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    for turn in turns:
        said[turn.speaker] += len(turn.words)
        taken[turn.speaker] += 1
    order = sorted(said, key=lambda speaker: (speaker not in known, -said[speaker], -taken[speaker]))
    few = FEW if taken.total() >= OF_MANY else 0
    large = {
        speaker
        for speaker in order
        if said[speaker] >= PASSING_WORDS * said.total() or taken[speaker] >= PASSING_TURNS * taken.total()
    }
    staying = [each for each in order if each in known or (each in large and taken[each] > few)]
    return (staying if len(staying) > 1 else order[:2])[: max(MOST_SPEAKERS, len(known))]


@cache
def shipped_model() -> RoleModel:
    """The weights that come with the package.

    Raises
    ------
    ModelError
        When they are not what was shipped.
    """
    check_manifest(SHIPPED.parent, required=True)
    return from_json(json.loads(SHIPPED.read_text(encoding="utf-8")))


def from_json(content: Mapping[str, Any]) -> RoleModel:
    """A model from what :func:`to_json` wrote."""
    return RoleModel(
        turn={name: (first, second) for name, (first, second) in content["turn"].items()},
        intercepts=(content["intercepts"][0], content["intercepts"][1]),
        common=frozenset(content["common"].split()),
        speakers={kind: np.array(rows) for kind, rows in content["speakers"].items()},
        counts={kind: np.array(row) for kind, row in content["counts"].items()},
        threshold=content["threshold"],
        least_known=content["least_known"],
    )


def to_json(model: RoleModel) -> dict[str, Any]:
    """A model as plain JSON."""
    return {
        "intercepts": list(model.intercepts),
        "threshold": model.threshold,
        "least_known": model.least_known,
        "speakers": {kind: np.round(rows, 4).tolist() for kind, rows in model.speakers.items()},
        "counts": {kind: np.round(row, 4).tolist() for kind, row in model.counts.items()},
        "common": " ".join(sorted(model.common)),
        "turn": {name: list(weights) for name, weights in sorted(model.turn.items())},
    }
