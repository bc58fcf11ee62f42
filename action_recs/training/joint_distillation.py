"""Teachers of both tasks at once, for a student that learns both on one encoder.

A teacher is a pair of checkpoints, and reads a transcript once where both have one encoder, in the precision that
tagging chooses for the device. What it says of the student's tokens stands side by side, as the student's classes do:
recommendations, then reviews.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from action_recs.checkpoint import Task, checkpoint_task
from action_recs.decoding import by_utterance, review_classes
from action_recs.errors import ConfigError
from action_recs.manifest import files_of
from action_recs.scoring import start_scoring
from action_recs.tagger import BATCH_TOKENS, Tagger
from action_recs.training.distillation import recommendation_rows, review_rows
from action_recs.training.processes import processes
from action_recs.training.start import base_of
from action_recs.training.teachers_memory import Said, TeachersMemory
from action_recs.transcript import Transcript
from action_recs.version import __version__
from action_recs.windows import Piece


class JointTeachers:
    """Pairs of checkpoints that read transcripts for a student; with a memory, each of them reads a transcript once.

    Parameters
    ----------
    taggers : sequence of Tagger
        What they say is averaged.
    memory : TeachersMemory, optional
        Where it is kept.
    """

    def __init__(self, taggers: Sequence[Tagger], memory: TeachersMemory | None = None) -> None:
        self.taggers, self.memory = tuple(taggers), memory

    @classmethod
    def load(cls, paths: Iterable[str], *, memory: Path | None = None) -> JointTeachers:
        """Load folders with ``recommendation/`` and ``review/``, or "shipped".

        Parameters
        ----------
        paths : iterable of str
        memory : Path, optional
            A folder where what they say is kept, for the next time.

        Raises
        ------
        ConfigError
            For a folder that does not hold both.
        ModelError
            When one of them cannot be loaded.
        """
        device = "cuda" if torch.cuda.is_available() else "cpu"
        pairs = [_both(path) for path in paths]
        taggers = [Tagger.from_pretrained(recommendation=one, review=other, device=device) for one, other in pairs]
        return cls(taggers, _memory(memory, pairs, taggers) if memory else None)

    def __call__(self, transcript: Transcript, pieces: Sequence[Piece]) -> list[np.ndarray]:
        """What they hold for probable of each token of the student's pieces, of shape (tokens, classes of both tasks).

        Nothing but 0 in the recommendations' columns where they do not count; see ``examples.SoftLabels``.
        """
        said = self._read(transcript)
        return [
            np.concatenate([recommendation_rows(transcript, piece, said.tokens), review_rows(piece, said.reviews)], 1)
            for piece in pieces
        ]

    def _read(self, transcript: Transcript) -> Said:
        if self.memory and (known := self.memory.get(transcript)):
            return known
        tokens, reviews = [], []
        for tagger in self.taggers:
            with tagger.workers() as workers:
                read = start_scoring(tagger.scorers, [transcript], workers, batch_tokens=BATCH_TOKENS)()
            ((pieces, tables),), ((also, others),) = read
            tokens.append(by_utterance(pieces, tables, len(transcript)))
            reviews.append(review_classes(also, others, len(transcript)))
        said = Said(tokens, np.mean(reviews, axis=0))
        if self.memory and processes().is_main_process:  # the others read the same, and one file has one writer
            self.memory.put(transcript, said)
        return said


def _memory(folder: Path, pairs: Sequence[tuple[Path, Path]], taggers: Sequence[Tagger]) -> TeachersMemory:
    """A memory that knows weights, settings, what computes them, and the version of the library."""
    try:
        files = [files_of(each) for pair in pairs for each in pair]
    except OSError as error:
        raise ConfigError(f"distill.teachers: {error.filename} cannot be read ({error.strerror})") from None
    computed = [scorer.encoder.name for tagger in taggers for scorer in tagger.scorers]
    return TeachersMemory(folder, json.dumps([__version__, computed, files]), len(taggers))


def _both(path: str) -> tuple[Path, Path]:
    one, other = (Path(base_of(path, task)) for task in (Task.RECOMMENDATION, Task.REVIEW))
    if (checkpoint_task(one), checkpoint_task(other)) != (Task.RECOMMENDATION, Task.REVIEW):
        remedy = "name folders that joint.py or Tagger.save_pretrained wrote, or shipped"
        raise ConfigError(f"distill.teachers: {path} does not hold recommendation/ and review/; {remedy}")
    return one, other
