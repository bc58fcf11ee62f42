"""What teachers said of a transcript, in a file: reading takes them long, and a run may be stopped and go on.

The files hold probabilities and places of characters, no text, and are named by a hash of transcript and teachers.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from action_recs.decoding import RECOMMENDATION_CLASSES, TokenScores
from action_recs.errors import OutputError
from action_recs.transcript import Transcript
from action_recs.whole_files import whole_file

NAME = re.compile(r"\.?[0-9a-f]{64}\.npz(\.part)?")
"""Of its files, and of those that a kill left unfinished."""

NO_TOKENS = np.zeros((0, len(RECOMMENDATION_CLASSES)), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Said:
    """What teachers say of one transcript.

    Attributes
    ----------
    tokens : list of list of TokenScores
        For each teacher, and each utterance.
    reviews : array of shape (utterances, 3)
        Their mean.
    """

    tokens: list[list[TokenScores]]
    reviews: np.ndarray


class TeachersMemory:
    """A folder of such files.

    Parameters
    ----------
    folder : Path
        Made when the first file is written.
    teachers : str
        Differs where other teachers would say something else.
    count : int
        How many teachers they are.
    """

    def __init__(self, folder: Path, teachers: str, count: int) -> None:
        self.folder, self.teachers, self.count = folder, teachers, count

    def get(self, transcript: Transcript) -> Said | None:
        """What was kept of it; None where nothing was, or it cannot be read."""
        try:
            with np.load(self._path(transcript), allow_pickle=False) as held:
                return _said(held, self.count, len(transcript))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile, NotImplementedError, RuntimeError):
            return None  # what zipfile and numpy raise for files that are damaged

    def put(self, transcript: Transcript, said: Said) -> None:
        """Keep it.

        Raises
        ------
        OutputError
            When it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be made ({error.strerror})") from None
        with whole_file(self._path(transcript)) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **_arrays(said))

    def forget(self) -> None:
        """Take away every such file, whichever teachers said it, and the folder if it held nothing else."""
        with suppress(OSError):
            for path in self.folder.iterdir():
                if NAME.fullmatch(path.name):
                    path.unlink()
            self.folder.rmdir()

    def _path(self, transcript: Transcript) -> Path:
        known = hashlib.sha256(self.teachers.encode())
        for each in transcript.utterances:
            known.update(f"\n{each.role.value} {len(each.text)} {each.text}".encode(errors="surrogatepass"))
        return self.folder / f"{known.hexdigest()}.npz"


def _arrays(said: Said) -> dict[str, np.ndarray]:
    found = {"reviews": said.reviews}
    for number, utterances in enumerate(said.tokens):
        found[f"classes {number}"] = np.concatenate([NO_TOKENS, *(each.classes for each in utterances)])
        found[f"offsets {number}"] = np.array([pair for each in utterances for pair in each.offsets]).reshape(-1, 2)
        found[f"counts {number}"] = np.array([len(each.classes) for each in utterances])
    return found


def _said(held: np.lib.npyio.NpzFile, count: int, length: int) -> Said:
    """What the file holds of ``count`` teachers and a transcript of ``length``; a KeyError or ValueError if less."""
    tokens: list[list[TokenScores]] = []
    for number in range(count):
        classes, offsets, counts = (held[f"{name} {number}"] for name in ("classes", "offsets", "counts"))
        if not len(counts) == length == len(held["reviews"]) or not counts.sum() == len(classes) == len(offsets):
            raise ValueError
        pairs = [(int(start), int(end)) for start, end in offsets]
        tokens.append(
            [TokenScores(classes[first:last], pairs[first:last]) for first, last in pairwise((0, *counts.cumsum()))]
        )
    return Said(tokens, held["reviews"])
