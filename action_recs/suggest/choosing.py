"""Choose sessions: by uncertainty, so that no two of them teach the same, and a share at random.

Of the sessions that the models are most unsure of, three times as many as are wanted, one after another is taken that
is far from those already taken and uncertain too: the greedy form of k-means++, weighted (Zhdanov 2019). Uncertain
sessions tend to be alike, and a model learns little from the second of a kind.

The random share keeps the choice honest: it finds what the models are wrongly sure of, and it alone is a sample of all
sessions, on which figures may be measured.

Uncertainty is a sum over utterances, so that long sessions are chosen more often: what is saved in sessions is not all
saved in time. ``benchmarks/suggest.py`` measures both.

References
----------
Zhdanov (2019), Diverse mini-batch active learning. arXiv:1901.05954.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from action_recs.errors import ConfigError

POOL = 3
"""See :func:`choose`."""


class Why(StrEnum):
    """What speaks most for a session."""

    UNCERTAIN = "uncertain"
    DIFFERENT = "different"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that may be chosen.

    Attributes
    ----------
    uncertainty : float
        0 or more; comparable between the candidates.
    embedding : array of shape (dimensions,)
        Sessions of like content lie close to each other.
    """

    uncertainty: float
    embedding: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """A session that was chosen.

    Attributes
    ----------
    index : int
        Its place among the candidates.
    why : Why
    rank : int
        Its place in the order of uncertainty, from 1.
    distance : float
        Cosine distance, 0 to 2, to the nearest of those chosen before it; 0 for the first.
    """

    index: int
    why: Why
    rank: int
    distance: float


def choose(
    candidates: Sequence[Candidate], count: int, *, random_share: float = 0.2, pool: int = POOL, seed: int = 0
) -> list[Choice]:
    """Choose ``count`` sessions, or all when there are no more; the most telling first, the random ones last.

    Parameters
    ----------
    candidates : sequence of Candidate
    count : int
        At least 1.
    random_share : float
        0 to 1.
    pool : int
        Times as many of the most uncertain sessions as are wanted: what is chosen from.
    seed : int
        Of the random ones. The others depend on the candidates only.

    Raises
    ------
    ConfigError
        For numbers out of range.

    Examples
    --------
    >>> one, other = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
    >>> known = [Candidate(3.0, one), Candidate(2.9, one), Candidate(1.0, other)]
    >>> [choice.index for choice in choose(known, 2, random_share=0)]
    [0, 2]
    """
    if count < 1:
        raise ConfigError(f"-n: choose at least one session, not {count}")
    if not 0 <= random_share <= 1:
        raise ConfigError(f"--random: give a share from 0 to 1, not {random_share}")
    if not candidates:
        return []
    count = min(count, len(candidates))
    at_random = round(count * random_share)
    order = sorted(range(len(candidates)), key=lambda at: (-candidates[at].uncertainty, at))
    ranks = {at: rank for rank, at in enumerate(order, start=1)}
    vectors = _unit(candidates)
    taken: list[int] = []
    choices: list[Choice] = []

    def take(at: int, why: Why) -> None:
        distance = _distance(vectors, at, taken) if taken else 0.0
        taken.append(at)
        choices.append(Choice(at, why, ranks[at], distance))

    wanted = count - at_random
    uncertain = order[: pool * wanted]
    nearest = np.full(len(uncertain), np.inf)
    weights = np.array([candidates[at].uncertainty for at in uncertain])
    left = np.ones(len(uncertain), dtype=bool)
    for _ in range(wanted):
        gains = np.where(np.isinf(nearest), 1.0, nearest**2) * weights
        place = int(np.argmax(np.where(left, gains, -1.0)))
        at = uncertain[place]
        left[place] = False
        take(at, Why.UNCERTAIN if ranks[at] <= wanted else Why.DIFFERENT)
        nearest = np.minimum(nearest, 1 - vectors[uncertain] @ vectors[at])
    others = sorted(set(range(len(candidates))) - set(taken))
    for at in random.Random(seed).sample(others, at_random):  # noqa: S311 (draws sessions, not secrets)
        take(at, Why.RANDOM)
    return choices


def _unit(candidates: Sequence[Candidate]) -> NDArray[np.float32]:
    """The embeddings around their mean, of length 1: what all sessions share tells none of them apart."""
    vectors = np.array([candidate.embedding for candidate in candidates], dtype=np.float32)
    vectors -= vectors.mean(axis=0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _distance(vectors: NDArray[np.float32], at: int, taken: Sequence[int]) -> float:
    return max(float((1 - vectors[list(taken)] @ vectors[at]).min()), 0.0)
