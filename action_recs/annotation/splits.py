"""Choose a development split: a quarter of the groups, balanced by how many positives each holds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

from action_recs.annotation.annotated import AnnotatedSession

ONE_IN = 4


def development_groups(sessions: Iterable[AnnotatedSession], *, seed: int) -> list[str]:
    """Draw one group of every four neighbours in the order of positives, so that no split is short of them.

    Parameters
    ----------
    sessions : iterable of AnnotatedSession
        Their ``group`` (a client, a transcript, a set of variants) is never divided.
    seed : int
        The same seed and sessions give the same split.

    Returns
    -------
    list of str
        The development groups, sorted.
    """
    reviews: Counter[str] = Counter()
    recommendations: Counter[str] = Counter()
    for session in sessions:
        reviews[session.group] += sum(map(len, session.reviews))
        recommendations[session.group] += len(session.recommendations)
    order = sorted(reviews, key=lambda group: (recommendations[group] + reviews[group], group))
    draw = random.Random(seed)
    neighbours = [order[first : first + ONE_IN] for first in range(0, len(order), ONE_IN)]
    return sorted(draw.choice(block) for block in neighbours)
