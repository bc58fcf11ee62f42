"""Ctrl-C: once to end in order, twice to stop at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Whether somebody asked for the end.

    Attributes
    ----------
    asked : bool
    """

    def __init__(self) -> None:
        self.asked = False

    # What is printed goes past Python's buffers: a handler may run while they are being written.
    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        os.write(2, b"action-recs: finishing the sessions in flight; Ctrl-C again stops at once\n")


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Within it, the first Ctrl-C (or SIGTERM) is noted and the second raises KeyboardInterrupt."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may handle signals
        yield interrupt
        return
    before = {each: signal.signal(each, interrupt) for each in SIGNALS}
    try:
        yield interrupt
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
