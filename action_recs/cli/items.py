"""The files of a run -> their sessions, one after another, read by processes ahead where that is wanted."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread

from action_recs.cli.inputs import Input
from action_recs.readers.reading import read_each
from action_recs.transcript import Transcript

AHEAD = 4
"""Files that each process may be ahead of what is tagged: enough to keep the model busy, little enough to hold."""

LARGE = 16 * 2**20
"""Bytes of a file that may hold many sessions: it is read in a stream, and not sent from a process as a whole."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read: see ``action_recs.read``."""

    roles: Mapping[str, str] = field(repr=False)
    columns: Mapping[str, str]
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A session that could not be done. The error names places, and never quotes the transcript."""

    source: str
    session: int
    error: str


@dataclass(frozen=True, slots=True)
class Item:
    """A session, or why there is none; ``source`` and ``session`` count from 0: the file, and the place in it."""

    source: int
    session: int
    found: Transcript | Failure


def read_items(
    inputs: Sequence[Input], reading: Reading, *, source: int = 0, session: int = 0, workers: int = 0
) -> Generator[Item]:
    """Every session of the inputs, in order.

    Parameters
    ----------
    inputs : sequence of Input
    reading : Reading
    source, session : int
        Where to begin.
    workers : int
        Processes that read ahead; 0 for none. What comes is the same.
    """
    numbered = islice(enumerate(inputs), source, None)
    files = _ahead(numbered, reading, workers) if workers else ((at, _read(each, reading)) for at, each in numbered)
    for at, sessions in files:
        first = session if at == source else 0
        for number, found in islice(enumerate(sessions), first, None):
            yield Item(at, number, found)


def _read(source: Input, reading: Reading) -> Iterator[Transcript | Failure]:
    if source.problem:
        yield Failure(source.name, 0, source.problem)
        return
    found = read_each(source.content or source.path, reading.roles, format=reading.format, columns=reading.columns)
    for number, each in enumerate(found):
        if isinstance(each, Transcript):
            yield source.named(each)
        else:
            yield Failure(source.name, number, str(each))


def _read_whole(source: Input, reading: Reading) -> list[Transcript | Failure]:
    return list(_read(source, reading))


def _ahead(
    numbered: Iterator[tuple[int, Input]], reading: Reading, workers: int
) -> Iterator[tuple[int, Iterator[Transcript | Failure]]]:
    """Each file's sessions, read by processes; in this one, a file that is large, or not one."""
    waiting: deque[tuple[int, Input, Future[list[Transcript | Failure]] | None]] = deque()
    pool = _pool(workers)
    try:
        while True:
            while len(waiting) < AHEAD * workers and (following := next(numbered, None)):
                at, source = following
                waiting.append((at, source, _begun(pool, source, reading)))
            if not waiting:
                return
            at, source, future = waiting.popleft()
            try:
                yield at, iter(future.result()) if future else _read(source, reading)
            except BrokenProcessPool:  # all that wait are lost with it: each is read anew, this one alone
                pool.shutdown(cancel_futures=True)
                yield at, iter(_alone(source, reading))
                pool = _pool(workers)
                waiting = deque((number, each, _begun(pool, each, reading)) for number, each, _ in waiting)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _begun(pool: ProcessPoolExecutor, source: Input, reading: Reading) -> Future[list[Transcript | Failure]] | None:
    """The reading of a file by the pool; None where it stays in this process."""
    if _stays(source):
        return None
    try:
        return pool.submit(_read_whole, source, reading)
    except BrokenProcessPool as error:
        broken: Future[list[Transcript | Failure]] = Future()
        broken.set_exception(error)
        return broken


def _alone(source: Input, reading: Reading) -> list[Transcript | Failure]:
    """Read in a process of its own, which may die of it."""
    with _pool(1) as pool:
        try:
            return pool.submit(_read_whole, source, reading).result()
        except BrokenProcessPool:
            return [Failure(source.name, 0, f"{source.name}: the process that read it died; look at the file")]


def _stays(source: Input) -> bool:
    if source.path is None or source.problem:
        return True
    try:
        return source.path.stat().st_size > LARGE
    except OSError:
        return True


def _pool(workers: int) -> ProcessPoolExecutor:
    """Fresh processes: forked ones would share the locks of the model's threads."""
    return ProcessPoolExecutor(workers, get_context("spawn"), _prepare)


def _prepare() -> None:
    """In a process that reads: Ctrl-C is the parent's to handle, and it ends when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)
