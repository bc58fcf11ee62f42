"""What a run has done so far, in a small file beside its output, so that a run that was killed can go on.

The file ``.OUT.run`` has one JSON object a line: first what makes the run (fingerprints of its inputs and models, its
options), then one for each block of sessions that is in the output, with the sizes that the output and the list of
failures have after it. No line holds a word of a transcript. What the output has beyond the last such line was cut off
in mid-write, and is done again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import BinaryIO

from action_recs.errors import OutputError

RUN = "action_recs_run"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a run is.

    Attributes
    ----------
    source, session : int
        The item that comes next: which input, and which session in it.
    sessions, failures : int
        Done so far.
    size, failures_size : int
        Bytes of the output and of the list of failures.
    digest : str
        Of the bytes that the output got since the mark before.
    """

    source: int = 0
    session: int = 0
    sessions: int = 0
    failures: int = 0
    size: int = 0
    failures_size: int = 0
    digest: str = ""

    def line(self) -> bytes:
        """The mark as it stands in the file."""
        return json.dumps(asdict(self)).encode() + b"\n"


START = Mark()


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger as it was found: what makes the run, and its marks."""

    run: Mapping[str, str]
    marks: tuple[Mark, ...]

    def differences(self, run: Mapping[str, str]) -> list[str]:
        """What another run has otherwise."""
        names = {**self.run, **run}
        return [name for name in names if self.run.get(name) != run.get(name)]


def first_line(run: Mapping[str, str]) -> bytes:
    """The line that a ledger begins with."""
    return json.dumps({RUN: dict(run)}).encode() + b"\n"


def digest(data: bytes) -> str:
    """The fingerprint of a block: long enough to notice a change, too short to tell what the block says."""
    return hashlib.blake2b(data, digest_size=4).hexdigest()


def read_ledger(path: Path) -> Ledger | None:
    """The ledger as far as it is whole; None when there is none.

    Raises
    ------
    OutputError
        When it cannot be read, or is something else.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last line end was cut off
        records = [json.loads(line) for line in lines]
        if not records:
            return None
        return Ledger(dict(records[0][RUN]), tuple(_mark(record) for record in records[1:]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror})") from None
    except (KeyError, TypeError, ValueError):
        raise OutputError(f"{path}: not the record of a run; begin anew with --overwrite") from None


def last_sound(marks: Sequence[Mark], output: BinaryIO, size: int, failures_size: int) -> list[Mark]:
    """The marks up to the last one that the files reach.

    Raises
    ------
    ValueError
        When the output holds something else than was written.
    """
    sound: list[Mark] = []
    before = START
    for mark in marks:
        if mark.size > size or mark.failures_size > failures_size:
            break
        if digest(output.read(mark.size - before.size)) != mark.digest:
            raise ValueError
        sound.append(mark)
        before = mark
    return sound


def _mark(record: Mapping[str, object]) -> Mark:
    if record.keys() != {each.name for each in fields(Mark)}:
        raise ValueError
    return Mark(**record)  # type: ignore[arg-type] # ours, by its keys
