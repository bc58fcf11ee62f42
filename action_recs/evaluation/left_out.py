"""Cross-validation: every session is read by models that were trained without its client.

``training/folds.py`` divides a set into parts and trains without each in turn. So all of a small set is measured on, in
place of its development part alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.collection import Collection
from action_recs.checkpoint import Checkpoint, Task, load_checkpoint
from action_recs.errors import ModelError
from action_recs.evaluation.metrics import Labelled
from action_recs.evaluation.report import TagMany
from action_recs.transcript import Transcript

RECORD = "folds.json"


@dataclass(frozen=True, slots=True)
class Fold:
    """One part.

    Attributes
    ----------
    groups : frozenset of str
        Clients or transcripts that its models did not see.
    models : path
        The folder with their ``recommendation/`` and ``review/``.
    """

    groups: frozenset[str]
    models: Path

    def holds(self, session: AnnotatedSession) -> bool:
        return session.group in self.groups

    def checkpoint(self, task: Task) -> Checkpoint:
        return load_checkpoint(self.models / task.value, task)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A set that was divided, and its parts.

    Attributes
    ----------
    set : str
    folds : tuple of Fold
    """

    set: str
    folds: tuple[Fold, ...]

    def all_of(self, collections: Iterable[Collection]) -> tuple[Collection, ...]:
        """The sets, with every session of the divided one both for training and for development.

        Raises
        ------
        ModelError
            When the set is not among them, or a session of it was left out by no fold.
        """
        collections = tuple(collections)
        if self.set not in {each.name for each in collections}:
            raise ModelError(f"the set {self.set}, which was divided, is not at hand; name its file (--{self.set})")
        found = []
        for each in collections:
            if each.name == self.set:
                every = each.train + each.development
                self._check(every)
                each = replace(each, train=every, development=every)
            found.append(each)
        return tuple(found)

    def _check(self, sessions: Iterable[AnnotatedSession]) -> None:
        known = frozenset[str]().union(*(fold.groups for fold in self.folds))
        if seen := sorted({session.group for session in sessions} - known):
            raise ModelError(f"{', '.join(seen[:5])}: left out by no fold; train them again with training/folds.py")


def load_left_out(folder: Path) -> LeftOut:
    """What ``training/folds.py`` wrote.

    Raises
    ------
    ModelError
        When it has not ended, or the folder is another.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        folds = tuple(Fold(frozenset(each["groups"]), folder / each["models"]) for each in record["folds"])
        return LeftOut(record["set"], folds)
    except (OSError, ValueError, KeyError, TypeError):
        raise ModelError(f"{folder}: holds no folds; training/folds.py writes them, and {RECORD} last") from None


def by_fold(left_out: LeftOut, tag_without: Callable[[Fold], TagMany], otherwise: TagMany) -> TagMany:
    """A tagger that has each transcript of the divided set tagged by what knows nothing of its client.

    Transcripts are known by their ``client_id``; those of no fold are tagged by ``otherwise``. What a fold's tagger
    needs is loaded when the first of its transcripts comes.
    """
    fold_of = {group: fold for fold in left_out.folds for group in fold.groups}
    made: dict[Fold | None, TagMany] = {None: otherwise}

    def tag_many(transcripts: Sequence[Transcript]) -> list[Labelled]:
        parts: dict[Fold | None, list[int]] = {}
        for index, transcript in enumerate(transcripts):
            parts.setdefault(fold_of.get(transcript.client_id or ""), []).append(index)
        found: dict[int, Labelled] = {}
        for fold, indices in parts.items():
            if fold is not None and fold not in made:
                made[fold] = tag_without(fold)
            found |= zip(indices, made[fold]([transcripts[index] for index in indices]), strict=True)
        return [found[index] for index in range(len(transcripts))]

    return tag_many
