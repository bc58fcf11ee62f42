"""Sessions that are nearly the same in two sets: copies, excerpts, and variants of one transcript.

A session is the set of its runs of five words. Two sessions are near-duplicates when the smaller set lies in the other
for the most part, so that an excerpt is found as well as a copy. Of large collections a fixed share of the runs is
compared, chosen by their hash and so the same in every session.

References
----------
Broder (1997), On the resemblance and containment of documents. Compression and Complexity of Sequences, 21-29.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from action_recs.annotation.annotated import AnnotatedSession

RUN = 5  # words
LEAST = 0.5
"""Share of the smaller session's runs of words from which two sessions are near-duplicates."""

MOST_KEPT = 1_000_000
"""Runs of words that are kept of all sessions together: some 200 MB."""

MOST_SESSIONS = 50
"""A run of words that more sessions have is a phrase of everybody's, and says nothing."""

WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Leak:
    """Two near-duplicates in different sets, and how much of the smaller one lies in the other (0 to 1)."""

    sets: tuple[str, str]
    sessions: tuple[str, str]
    shared: float

    def to_dict(self) -> dict[str, object]:
        return {"sets": list(self.sets), "sessions": list(self.sessions), "shared": round(self.shared, 4)}


def leaks(sets: Mapping[str, Iterable[AnnotatedSession]], *, least: float = LEAST) -> list[Leak]:
    """Near-duplicates between the sets, the closest first.

    Parameters
    ----------
    sets : mapping of set name to sessions
        Several annotators' versions of a session are one.
    least : float
        Share of the smaller session from which two are near-duplicates.

    Examples
    --------
    >>> from action_recs import Transcript
    >>> talk = Transcript.from_pairs([("therapist", "Did you manage to go out for a walk this week?")])
    >>> leaks({"train": [AnnotatedSession("a", talk)], "test": [AnnotatedSession("b", talk)]})
    [Leak(sets=('train', 'test'), sessions=('a', 'b'), shared=1.0)]
    """
    named = {(name, session.id): session for name, sessions in sets.items() for session in sessions}
    words = sum(len(WORD.findall(each.text)) for session in named.values() for each in session.transcript.utterances)
    one_in = 1 + words // MOST_KEPT
    runs = {key: _runs(session, one_in) for key, session in named.items()}
    where: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for key, own in runs.items():
        for run in own:
            where[run].append(key)
    shared: Counter[tuple[tuple[str, str], tuple[str, str]]] = Counter()
    for keys in where.values():
        if len(keys) <= MOST_SESSIONS:
            for place, one in enumerate(keys):
                shared.update((one, other) for other in keys[place + 1 :] if other[0] != one[0])
    found = [
        Leak((one[0], other[0]), (one[1], other[1]), count / min(len(runs[one]), len(runs[other])))
        for (one, other), count in shared.items()
    ]
    return sorted((leak for leak in found if leak.shared >= least), key=lambda leak: (-leak.shared, leak.sessions))


def _runs(session: AnnotatedSession, one_in: int) -> frozenset[int]:
    """Hashes of the session's runs of five words, over the borders of utterances; one in so many of them."""
    said = " ".join(utterance.text for utterance in session.transcript.utterances)
    words = WORD.findall(said.casefold())
    runs = (" ".join(words[at : at + RUN]).encode() for at in range(max(len(words) - RUN + 1, 1)))
    hashes = (int.from_bytes(hashlib.blake2b(run, digest_size=8).digest(), "big") for run in runs)
    return frozenset(each for each in hashes if each % one_in == 0)
