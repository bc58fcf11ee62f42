"""Many sessions into one file, in a way that survives being killed.

A .jsonl file gets whole lines, a block of sessions at a time. Any other output ``OUT`` is made, whole, at the end, from
lines gathered in ``.OUT.part.jsonl``. Beside it lie ``OUT.failures.jsonl``, when a session failed, and ``.OUT.run``, by
which a run that was stopped goes on (:mod:`action_recs.cli.ledger`).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from action_recs.cli.appended import Appended, encoded
from action_recs.cli.blocks import Block, Turn, in_blocks
from action_recs.cli.errors import BAD_INPUT, FAILED_SOME, INTERRUPTED, RunStopped
from action_recs.cli.inputs import Input, inputs_digest
from action_recs.cli.interrupts import interruptible
from action_recs.cli.items import Item, Reading, read_items
from action_recs.cli.ledger import START, Ledger, Mark, digest, first_line, last_sound, read_ledger
from action_recs.cli.places import Places, locked
from action_recs.cli.progress import meter
from action_recs.cli.replaying import replayed
from action_recs.cli.totals import check_totals
from action_recs.errors import ActionRecsError, OutputError
from action_recs.version import __version__

SYNCED_EVERY = 5.0
"""Seconds after which what was written is sure to outlive a power cut; a kill costs no more than a block anyway."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a run does.

    Attributes
    ----------
    inputs : sequence of Input
    reading : Reading
    turn : callable
        Transcripts -> JSON objects on a line each, which begin with their ``session_id``.
    run : callable
        What makes the run, such as fingerprints of inputs and models: name and value of each.
    output : Path
    convert : callable, optional
        Makes the output of the gathered lines.
    one_session : bool
        The output holds no more.
    """

    inputs: Sequence[Input]
    reading: Reading
    turn: Turn[str]
    run: Callable[[], Mapping[str, str]]
    output: Path
    convert: Callable[[Path, Path], None] | None = None
    one_session: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """What became of the inputs, in this run and those that it went on with; ``new`` counts this run's sessions."""

    inputs: int
    sessions: int
    new: int
    failures: int
    repeated_ids: int
    output: str
    failures_file: str | None

    @property
    def exit_code(self) -> int:
        """0, or 1 when a session failed."""
        return FAILED_SOME if self.failures else 0

    def to_dict(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return asdict(self) | {"exit_code": self.exit_code}


def run_facts(command: str, inputs: Sequence[Input], reading: Reading, *options: Any, **more: str) -> dict[str, str]:
    """What makes a run, for ``Job.run``: one that goes on with it must have the same.

    The options are kept as a fingerprint: roles hold people's names.
    """
    asked = [dict(reading.roles), dict(reading.columns), reading.format, *options]
    return {
        "version": __version__,
        "command": command,
        "inputs": inputs_digest(inputs),
        "options": digest(json.dumps(asked, sort_keys=True).encode()),
        **more,
    }


def run_job(job: Job, *, resume: bool = False, workers: int = 0, quiet: bool = False) -> Totals:
    """Do a job, or what is left of it.

    Raises
    ------
    RunStopped
        When it was interrupted, or the output cannot be written on. What was written is whole, and can be resumed.
    ActionRecsError
        When nothing could be done.
    """
    places = Places(job.output)
    with ExitStack() as stack:
        stack.enter_context(locked(places))
        files = stack.enter_context(closing(RunFiles(places, job)))
        begin = files.restore() if resume else START
        turn = job.turn
        if resume and begin == START and files.are_unknown():
            turn = stack.enter_context(replayed(places, turn))
        interrupt = stack.enter_context(interruptible())
        mark, seen = begin, begin.sessions + begin.failures
        try:
            items = stack.enter_context(closing(_items(job, begin, workers)))
            with meter(len(job.inputs), done=begin.source, quiet=quiet) as shown:
                for block in in_blocks(items, job.inputs, turn):
                    seen += len(block.results) + len(block.failures)
                    mark = files.add(block, mark)
                    shown.update(block.source, len(block.results))
                    if interrupt.asked:
                        raise KeyboardInterrupt
            if not mark.sessions:
                raise files.nothing_done(mark)
            repeated = files.finish(mark, seen)
            if turn is job.turn:
                places.before.unlink(missing_ok=True)
        except KeyboardInterrupt:
            raise RunStopped(_so_far("interrupted", mark), INTERRUPTED) from None
        except WriteError as error:
            code = FAILED_SOME if mark.sessions else BAD_INPUT
            raise RunStopped(_so_far(str(error), mark), code) from None
        except ActionRecsError as error:
            if not mark.sessions or turn is not job.turn:
                raise
            raise RunStopped(_so_far(str(error), mark), FAILED_SOME) from None
    return Totals(
        inputs=len(job.inputs),
        sessions=mark.sessions,
        new=mark.sessions - begin.sessions,
        failures=mark.failures,
        repeated_ids=repeated,
        output=str(job.output),
        failures_file=str(places.failures) if mark.failures else None,
    )


class WriteError(OutputError):
    """The output cannot be written on: the disk is full, or the folder gone."""


class RunFiles:
    """The three files that a run appends to: sessions, failures, and the ledger, whose line makes the others count."""

    def __init__(self, places: Places, job: Job) -> None:
        self.places = places
        self.job = job
        self.lines, self.failures = Appended(places.lines), Appended(places.failures)
        self.ledger = Appended(places.ledger)
        self.synced = time.monotonic()

    def close(self) -> None:
        """Close them."""
        for each in (self.lines, self.failures, self.ledger):
            each.close()

    def restore(self) -> Mark:
        """Cut off what was half written, and say where to go on.

        Raises
        ------
        OutputError
            When the output is another run's, or was changed.
        """
        output, found = self.places.output, read_ledger(self.places.ledger)
        if found is None:
            if self.places.before.exists():  # killed when it was about to be taken over
                self.places.before.replace(output)
            if os.path.lexists(output) and self.places.lines != output:
                remedy = "begin anew with --overwrite, or name another"
                raise OutputError(f"{output}: nothing is known of the run that wrote it; {remedy}")
            return START
        if different := found.differences(self.job.run()):
            remedy = "give the same as then, or begin anew with --overwrite"
            raise OutputError(f"{output}: was begun with other {', '.join(different)}; {remedy}")
        if self._is_complete(found):
            return found.marks[-1]
        sound = self._sound(found)
        mark = sound[-1] if sound else START
        try:
            self.lines.keep(mark.size)
            self.failures.keep(mark.failures_size)
            head = [first_line(found.run), *(each.line() for each in sound)]
            self.ledger.keep(sum(map(len, head)) if sound else 0)
        except OSError as error:
            raise OutputError(f"{output}: cannot be written ({error.strerror})") from None
        return mark

    def are_unknown(self) -> bool:
        """Whether there are lines of which no ledger tells."""
        return not self.places.ledger.exists() and self.places.lines == self.places.output and self.job.output.is_file()

    def add(self, block: Block[str], mark: Mark) -> Mark:
        """Write a block, all of it or nothing.

        Raises
        ------
        WriteError
        """
        lines = encoded(block.results)
        listed = [asdict(each) | {"session": each.session + 1} for each in block.failures]
        failures = encoded([json.dumps(each, ensure_ascii=False) for each in listed])
        following = Mark(
            source=block.source,
            session=block.session,
            sessions=mark.sessions + len(block.results),
            failures=mark.failures + len(block.failures),
            size=mark.size + len(lines),
            failures_size=mark.failures_size + len(failures),
            digest=digest(lines),
        )
        if mark == START:  # what an earlier run left here tells nothing of this one
            self._append((self.ledger, first_line(self.job.run())))
            self._forget_failures()
        self._append((self.lines, lines), (self.failures, failures), (self.ledger, following.line()))
        return following

    def finish(self, mark: Mark, seen: int) -> int:
        """Note that all was read, check that nothing was lost, and make the output. The number of repeated ids.

        Raises
        ------
        WriteError, OutputError
        """
        if self.places.lines != self.job.output and not self.places.lines.exists():
            return 0  # it was complete before
        if mark.source < len(self.job.inputs):
            ended = replace(mark, source=len(self.job.inputs), session=0, digest=digest(b""))
            self._append((self.ledger, ended.line()))
        try:
            self._sync()
            repeated = check_totals(self.places, mark, seen)
            if self.job.convert:
                self.job.convert(self.places.lines, self.job.output)
                self.places.lines.unlink()
            if not mark.failures:
                self.places.failures.unlink(missing_ok=True)
        except OSError as error:
            raise WriteError(f"{self.places.output}: cannot be written ({error.strerror})") from None
        return repeated

    def nothing_done(self, mark: Mark) -> ActionRecsError:
        """The error when every session failed. A single one's reason is all there is to keep."""
        path = self.places.failures
        first = json.loads(path.read_text(encoding="utf-8").partition("\n")[0])["error"]
        with suppress(OSError):
            self.places.ledger.unlink()
            if mark.failures == 1:
                path.unlink()
        if mark.failures == 1:
            return OutputError(first)
        return OutputError(f"none of {mark.failures} sessions could be done, see {path}; the first, {first}")

    def _forget_failures(self) -> None:
        """Those of an earlier run, which this one replaces."""
        try:
            self.failures.keep(0)
        except OSError as error:
            raise WriteError(f"{self.places.failures}: cannot be written ({error.strerror})") from None

    def _append(self, *parts: tuple[Appended, bytes]) -> None:
        try:
            for file, data in parts:
                file.append(data)
            if time.monotonic() - self.synced > SYNCED_EVERY:
                self._sync()
        except OSError as error:
            raise WriteError(f"{self.places.output}: cannot be written ({error.strerror})") from None
        else:
            for file, data in parts:
                file.settle(data)
        finally:
            for file, _ in parts:
                file.cut_back()

    def _sync(self) -> None:
        for each in (self.lines, self.failures, self.ledger):
            each.sync()
        self.synced = time.monotonic()

    def _is_complete(self, found: Ledger) -> bool:
        """Whether the run had its end, and the lines that the output was made from are gone."""
        places = self.places
        made = places.lines != places.output and places.output.exists() and not places.lines.exists()
        return made and bool(found.marks) and found.marks[-1].source == len(self.job.inputs)

    def _sound(self, found: Ledger) -> list[Mark]:
        path = self.places.lines
        try:
            with (path if path.exists() else Path(os.devnull)).open("rb") as file:
                return last_sound(found.marks, file, _size(path), _size(self.places.failures))
        except OSError as error:
            raise OutputError(f"{path}: cannot be read ({error.strerror})") from None
        except ValueError:
            remedy = "put it back as it was, or begin anew with --overwrite"
            raise OutputError(f"{path}: was changed since the run was stopped; {remedy}") from None


def _items(job: Job, begin: Mark, workers: int) -> Generator[Item]:
    items = read_items(job.inputs, job.reading, source=begin.source, session=begin.session, workers=workers)
    with closing(items):
        if job.one_session:
            first = list(islice(items, 2))
            if len(first) > 1:
                raise OutputError(f"{job.output}: .json holds one session, and there are more; use .jsonl")
            yield from first
        yield from items


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _so_far(reason: str, mark: Mark) -> str:
    if not mark.sessions + mark.failures:
        return f"{reason}; nothing was done"
    return f"{reason}; {mark.sessions} sessions are done, and the same command with --resume goes on"
