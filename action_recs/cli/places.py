"""The files of a run: its output, and what lies beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from action_recs.errors import OutputError

FAILURES = ".failures.jsonl"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run writes.

    Attributes
    ----------
    output : Path
    """

    output: Path

    @property
    def lines(self) -> Path:
        """Where the sessions are gathered: the output itself, or a hidden file that it is made from at the end."""
        return self.output if self.output.suffix.lower() == ".jsonl" else self._hidden("part.jsonl")

    @property
    def failures(self) -> Path:
        """The list of the sessions that failed."""
        return self.output.with_name(f"{self.output.name}{FAILURES}")

    @property
    def ledger(self) -> Path:
        """How far the run is."""
        return self._hidden("run")

    @property
    def before(self) -> Path:
        """The output as it was, while what it holds is taken over."""
        return self._hidden("before")

    @property
    def lock(self) -> Path:
        """Held while a run writes."""
        return self._hidden("lock")

    def all(self) -> tuple[Path, ...]:
        """Every file that is a run's own."""
        return self.output, self.lines, self.failures, self.ledger, self.before, self.lock

    def _hidden(self, end: str) -> Path:
        return self.output.with_name(f".{self.output.name}.{end}")


def check_start(places: Places, *, resume: bool, overwrite: bool) -> None:
    """Refuse what would destroy an output that is there.

    Raises
    ------
    OutputError
    """
    if resume and overwrite:
        raise OutputError("--resume and --overwrite exclude each other: go on with a run, or begin it anew")
    if resume or overwrite:
        return
    for path, what in ((places.output, "exists"), (places.lines, "an unfinished run lies beside it")):
        if os.path.lexists(path):
            remedy = "--resume goes on with a run that was stopped, --overwrite begins anew"
            raise OutputError(f"{places.output}: {what}; {remedy}")


def check_new(path: Path, *, overwrite: bool) -> None:
    """Refuse to write over a file, or into a folder that holds something.

    Raises
    ------
    OutputError
    """
    if overwrite or not os.path.lexists(path):
        return
    try:
        free = path.is_dir() and not any(path.iterdir())
    except OSError:
        free = False
    if not free:
        raise OutputError(f"{path}: exists; --overwrite replaces it")


@contextmanager
def locked(places: Places) -> Iterator[None]:
    """Keep other runs away from the output.

    Raises
    ------
    OutputError
        When another run has it, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(places.lock, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        if not places.lock.exists():  # it waits for a folder's permission as if for another run
            raise OutputError(f"{places.output}: cannot be written (the folder takes no files)") from None
        raise OutputError(f"{places.output}: another run is writing it; wait for its end, or name another") from None
    except OSError as error:
        raise OutputError(f"{places.output}: cannot be written ({error.strerror})") from None
    try:
        yield
    finally:
        with suppress(OSError):
            places.lock.unlink()  # while it is held: who waits for it sees that it is gone
        lock.release()
