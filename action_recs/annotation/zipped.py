"""Zip archives that may be larger than memory: projects, workbooks and exports of many files, a member at a time."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from action_recs.errors import TranscriptError
from action_recs.readers.archive import BROKEN, ZIP, swollen
from action_recs.readers.formats import Content

LARGEST = 2**34
"""Bytes that an archive may hold unpacked; 10,000 sessions as XML are some 2**29."""

MOST_MEMBERS = 500_000
REMEDY = "if it is a true export, unpack it and give the folder"


def is_zip(content: Content) -> bool:
    """Whether the content begins as an archive does."""
    return content.data.startswith(ZIP)


def open_zip(content: Content, largest: int = LARGEST) -> zipfile.ZipFile:
    """Open an archive: from its file, or from memory where there is none.

    Parameters
    ----------
    content : Content
    largest : int
        Bytes that it may hold unpacked.

    Raises
    ------
    TranscriptError
        When it is broken, or unpacks to more than an export can be.
    """
    in_file = content.path is not None and content.path.is_file()
    try:
        archive = zipfile.ZipFile(content.path if in_file and content.path else io.BytesIO(content.data))
    except BROKEN:
        raise TranscriptError(f"{content.name}: not a whole archive; copy or export it again") from None
    if swollen(archive, largest, MOST_MEMBERS):
        archive.close()
        raise TranscriptError(f"{content.name}: unpacks to more than annotations hold; {REMEDY}")
    return archive


def members(content: Content) -> list[str]:
    """The names of an archive's members; none of what is no archive, or a broken one."""
    if not is_zip(content):
        return []
    try:
        with open_zip(content) as archive:
            return archive.namelist()
    except TranscriptError:
        return []


@contextmanager
def unpacked(content: Content) -> Iterator[tuple[Path, Path]]:
    """A folder with what is in the archive, which only this user can read, and which is gone afterwards.

    The second is the same, or, where all of it lies in one folder, this one.

    Raises
    ------
    TranscriptError
        When it is broken, or there is no room for it.
    """
    with tempfile.TemporaryDirectory(prefix="action_recs-") as folder:
        try:
            with open_zip(content) as archive:
                archive.extractall(folder)  # zipfile keeps members inside of it
        except BROKEN:
            raise TranscriptError(f"{content.name}: cannot be unpacked; {REMEDY}") from None
        inner = Path(folder)
        held = [each for each in inner.iterdir() if not hidden(each)]
        while len(held) == 1 and held[0].is_dir():
            inner = held[0]
            held = [each for each in inner.iterdir() if not hidden(each)]
        yield Path(folder), inner


def hidden(path: Path) -> bool:
    """Whether it is what file systems keep beside files: dot files, and the Mac's copies of them in archives."""
    return path.name.startswith(".") or path.name == "__MACOSX"
