"""Annotated sessions as a data set: divided by client, balanced by label, checked for leaks, and laid into windows."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.leakage import Leak, leaks
from action_recs.errors import AnnotationError
from action_recs.session import Form

if TYPE_CHECKING:
    from datasets import DatasetDict
    from transformers import PreTrainedTokenizerBase

    from action_recs.checkpoint import ReadingSettings

SHARES: Mapping[str, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}
COUNTED = ("sessions", "utterances", "casual", "structured", "reviewed utterances")
"""What is balanced between the sets."""

AT_ONCE = 500
"""Sessions whose windows are Python objects at a time, before they are a table."""


@dataclass(frozen=True, slots=True)
class Split:
    """Sessions in sets, no group in two of them.

    Attributes
    ----------
    sets : mapping of str to tuple of AnnotatedSession
    leaks : tuple of Leak
        Near-duplicates in different sets; give them one ``group``, or leave one out.
    seed : int
    """

    sets: Mapping[str, tuple[AnnotatedSession, ...]]
    leaks: tuple[Leak, ...]
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Groups, counts and leaks, without any text: what the JSON report holds."""
        return {
            "seed": self.seed,
            "sets": {
                name: {
                    "groups": sorted({group_of(session) for session in sessions}),
                    "ids": sorted({session.id for session in sessions}),
                    "counts": dict(zip(COUNTED, _counts(sessions), strict=True)),
                }
                for name, sessions in self.sets.items()
            },
            "leaks": [leak.to_dict() for leak in self.leaks],
        }

    def rows(self) -> list[tuple[str, ...]]:
        """A row a set, as text: name, groups, and the counts in the order of ``COUNTED``; for a table."""
        return [
            (name, str(len({group_of(each) for each in sessions})), *map(str, _counts(sessions)))
            for name, sessions in self.sets.items()
        ]


def split_sessions(
    sessions: Iterable[AnnotatedSession], shares: Mapping[str, float] = SHARES, *, seed: int = 0
) -> Split:
    """Divide sessions into sets by group, so that every set has its share of each label.

    The largest groups are placed first, each where most is missing of what it holds.

    Parameters
    ----------
    sessions : iterable of AnnotatedSession
        Their ``group`` (the client, unless said otherwise) is never divided; nor are several versions of a session.
    shares : mapping of set name to float
        Of each set; they need not add up to 1.
    seed : int
        The same seed and sessions give the same split. It decides between groups of equal size.

    Raises
    ------
    AnnotationError
        When there are fewer groups than sets, a share is not above 0, or versions of a session are in different groups
        (all of these are listed).

    References
    ----------
    Sechidis, Tsoumakas & Vlahavas (2011), On the stratification of multi-label data. ECML PKDD, 145-158.

    Examples
    --------
    >>> from action_recs import Transcript
    >>> talk = Transcript.from_pairs([("therapist", "Hello.")])
    >>> split = split_sessions([AnnotatedSession(f"s{n}", talk, group=f"c{n // 2}") for n in range(20)])
    >>> {name: len(sessions) for name, sessions in split.sets.items()}
    {'train': 16, 'validation': 2, 'test': 2}
    """
    if not shares or not all(0 < share < float("inf") for share in shares.values()):
        raise AnnotationError("shares: name at least one set, each with a share above 0")
    groups = _groups(sessions)
    if len(groups) < len(shares):
        remedy = "annotate more clients' sessions, or make fewer sets"
        raise AnnotationError(f"{len(groups)} groups cannot be divided into {len(shares)} sets; {remedy}")
    parts = {name: share / sum(shares.values()) for name, share in shares.items()}
    whole = _counts([session for members in groups.values() for session in members])
    sizes = {
        name: [
            count / all_of_it if all_of_it else 0.0 for count, all_of_it in zip(_counts(members), whole, strict=True)
        ]
        for name, members in groups.items()
    }
    order = sorted(groups)
    random.Random(seed).shuffle(order)  # noqa: S311 (no secret)
    order.sort(key=lambda name: -sum(sizes[name]))
    held = {name: [0.0] * len(COUNTED) for name in parts}
    placed: dict[str, list[str]] = {name: [] for name in parts}
    for position, group in enumerate(order):
        empty = [name for name in parts if not placed[name]]
        choices = empty if len(order) - position <= len(empty) else list(parts)
        best = max(choices, key=lambda name: _missing(sizes[group], parts[name], held[name]))
        placed[best].append(group)
        held[best] = [one + other for one, other in zip(held[best], sizes[group], strict=True)]
    sets = {name: tuple(session for group in sorted(own) for session in groups[group]) for name, own in placed.items()}
    return Split(sets, tuple(leaks(sets)), seed)


def group_of(session: AnnotatedSession) -> str:
    """What a session may not be divided from: its group, else its client, else itself."""
    return session.group or session.transcript.client_id or session.id


def to_dataset(
    sets: Mapping[str, Sequence[AnnotatedSession]],
    tokenizer: PreTrainedTokenizerBase,
    settings: ReadingSettings,
    *,
    seed: int = 0,
) -> DatasetDict:
    """The windows of every set, as a data set to train and evaluate with.

    Parameters
    ----------
    sets : mapping of set name to sessions
        ``split_sessions(...).sets``.
    tokenizer : a fast Hugging Face tokenizer with the role markers
    settings : ReadingSettings
        The task and the length of the windows.
    seed : int
        Decides where each session's first window ends.

    Returns
    -------
    DatasetDict
        Columns ``input_ids``, ``attention_mask`` and ``labels``, a row a window, in the order of the sessions.

    Raises
    ------
    ImportError
        Without datasets, which ``pip install 'action_recs[train]'`` brings.
    """
    try:
        from datasets import Dataset, DatasetDict, Features, List, Value, concatenate_datasets
    except ImportError:
        raise ImportError("a data set needs datasets: pip install 'action_recs[train]'") from None
    from action_recs.training.examples import session_windows

    features = Features(  # as narrow as they can be: ten thousand sessions are to fit in memory
        input_ids=List(Value("int32")), attention_mask=List(Value("int8")), labels=List(Value("int16"))
    )
    draw = random.Random(seed)  # noqa: S311 (no secret)
    found = {}
    for name, sessions in sets.items():
        tables = []
        for some in _blocks(sessions):
            rows = [row for session in some for row in session_windows(session, tokenizer, settings, draw)]
            tables.append(Dataset.from_list(rows, features=features))
        found[name] = concatenate_datasets(tables) if tables else Dataset.from_list([], features=features)
    return DatasetDict(found)


def _groups(sessions: Iterable[AnnotatedSession]) -> dict[str, list[AnnotatedSession]]:
    groups: dict[str, list[AnnotatedSession]] = defaultdict(list)
    of_session: dict[str, str] = {}
    divided = []
    for session in sessions:
        group = group_of(session)
        groups[group].append(session)
        if of_session.setdefault(session.id, group) != group:
            divided.append(session.id)
    if divided:
        names = ", ".join(sorted(set(divided)))
        raise AnnotationError(f"sessions in two groups: {names}; give all versions of a session one group")
    return groups


def _counts(sessions: Sequence[AnnotatedSession]) -> tuple[int, ...]:
    """In the order of ``COUNTED``."""
    forms = [span.form for session in sessions for span in session.recommendations]
    return (
        len(sessions),
        sum(len(session.transcript) for session in sessions),
        forms.count(Form.CASUAL),
        forms.count(Form.STRUCTURED),
        sum(len(run) for session in sessions for run in session.reviews),
    )


def _missing(size: Sequence[float], share: float, held: Sequence[float]) -> float:
    """How much of what a group holds is missing in a set; counts that the group has most of weigh most."""
    return sum(own * (share - there) for own, there in zip(size, held, strict=True))


def _blocks(sessions: Sequence[AnnotatedSession]) -> Iterator[Sequence[AnnotatedSession]]:
    return (sessions[at : at + AT_ONCE] for at in range(0, len(sessions), AT_ONCE))
