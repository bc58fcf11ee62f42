"""A file that grows by whole lines, with no buffer between the program and the system."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def encoded(lines: Iterable[str]) -> bytes:
    """Lines as they stand in a file. In JSON, half a character becomes the escape that reads back to it."""
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


class Appended:
    """Opened when it is first written; ``size`` is what it holds for sure.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._file: BinaryIO | None = None

    def keep(self, size: int) -> None:
        """Go on after the first ``size`` bytes of what is there, and cut off the rest.

        Raises
        ------
        OSError
        """
        if size or self.path.exists():
            self._file = self.path.open("r+b", buffering=0)
            self._file.truncate(size)
            self._file.seek(size)
        self.size = size

    def append(self, data: bytes) -> None:
        """Write all of it; what was there before is gone when it is the first, and ``keep`` was not called.

        Raises
        ------
        OSError
            Then call :meth:`cut_back`.
        """
        if not data:
            return
        if self._file is None:
            self._file = self.path.open("w+b", buffering=0)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) or 0 :]

    def settle(self, data: bytes) -> None:
        """Count what was appended as kept."""
        self.size += len(data)

    def cut_back(self) -> None:
        """Leave nothing of what was appended and not settled."""
        if self._file is not None:
            with suppress(OSError):
                self._file.truncate(self.size)
                self._file.seek(self.size)

    def sync(self) -> None:
        """Make sure that it outlives a power cut.

        Raises
        ------
        OSError
        """
        if self._file is not None:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close it, if it was opened."""
        if self._file is not None:
            self._file.close()
