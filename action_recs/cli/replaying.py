"""An output of which no ledger tells, as when it was copied elsewhere: what it holds is taken over, not done again.

Each line is compared with the transcript that it should be of. The first block, and the one at which the file breaks
off, are done again: where they come out otherwise, other models or options wrote the file, and it stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from action_recs.cli.appended import encoded
from action_recs.cli.blocks import Turn
from action_recs.cli.places import Places
from action_recs.errors import OutputError
from action_recs.redaction import marks
from action_recs.transcript import Transcript


@contextmanager
def replayed(places: Places, turn: Turn[str]) -> Iterator[Turn[str]]:
    """The turn of a run that begins anew, but takes what the output holds in place of doing it.

    Raises
    ------
    OutputError
        When the output was not written by such a run; it is then as it was.
    """
    places.output.replace(places.before)
    try:
        with places.before.open("rb") as file:
            yield _Replay(file, places.output, turn)
            if file.read(1):
                raise OutputError(f"{places.output}: holds more than these inputs; begin anew with --overwrite")
        places.before.unlink()
    except OutputError:
        with suppress(OSError):
            places.before.replace(places.output)
            places.ledger.unlink()
        raise


class _Replay:
    def __init__(self, file: BinaryIO, path: Path, turn: Turn[str]) -> None:
        self.file, self.path, self.turn = file, path, turn
        self.first = True

    def __call__(self, transcripts: list[Transcript]) -> Sequence[str]:
        lines = [self.file.readline() for _ in transcripts]
        for line, transcript in zip(lines, transcripts, strict=True):
            if line.endswith(b"\n") and not _is_of(line, transcript):
                raise OutputError(f"{self.path}: was not written from these inputs; begin anew with --overwrite")
        whole = lines[-1].endswith(b"\n")
        if whole and not self.first:
            return [line[:-1].decode() for line in lines]
        results = self.turn(transcripts)
        self.first = False
        if not encoded(results).startswith(b"".join(lines)):
            raise OutputError(f"{self.path}: was written with other models or options; begin anew with --overwrite")
        return results


def _is_of(line: bytes, transcript: Transcript) -> bool:
    try:
        record = json.loads(line)
        utterances = record["utterances"]
        return (
            record["session_id"] == transcript.session_id
            and len(utterances) == len(transcript)
            and all(
                its["role"] == each.role.value and its["text"] in (each.text, marks(each.text))
                for its, each in zip(utterances, transcript.utterances, strict=True)
            )
        )
    except (ValueError, KeyError, TypeError):
        return False
