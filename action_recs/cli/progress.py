"""How far a run is, on standard error where that is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn


class Meter:
    """Shows files done, sessions a second and the time left; names nothing that is read."""

    def __init__(self, bar: Progress | None, files: int, done: int) -> None:
        self.bar = bar
        self.sessions = 0
        self.began = time.monotonic()
        if bar:
            self.task = bar.add_task("", total=files, completed=done, rate="")

    def update(self, files: int, sessions: int) -> None:
        """Say that ``files`` are done in all, and ``sessions`` more."""
        self.sessions += sessions
        if self.bar:
            rate = self.sessions / max(time.monotonic() - self.began, 1e-3)
            self.bar.update(self.task, completed=files, rate=f"{self.sessions} sessions, {rate:.1f} a second")


@contextmanager
def meter(files: int, *, done: int = 0, quiet: bool = False) -> Iterator[Meter]:
    """A meter over ``files``, of which some are ``done``."""
    if quiet or not sys.stderr.isatty():
        yield Meter(None, files, done)
        return
    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files  {task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Meter(bar, files, done)
