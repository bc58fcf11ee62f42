"""Zip archives that documents are: checked before anything in them is unpacked."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from action_recs.errors import TranscriptError

LARGEST = 256 * 2**20
"""Bytes that an archive may hold unpacked, pictures and all."""

LARGEST_PART = 64 * 2**20
"""Bytes that one part of it may hold that is read at once; the text of a session is some 2 MB of Word's XML."""

LARGEST_RATIO = 200
"""Times that a member may be larger unpacked; office documents stay under 50."""

FREE = 2**20
"""Bytes that a member may have at any ratio: short repetitive parts pack well."""

MOST_MEMBERS = 10_000

ZIP = b"PK\x03\x04"

BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, OSError, ValueError, EOFError),
    *(LookupError, ArithmeticError),
)
"""What zipfile raises on bytes that are no archive, are cut off, are encrypted or packed in a way it does not know."""


def open_archive(data: bytes, source: str) -> zipfile.ZipFile:
    """Open an archive that unpacks to a size that can be.

    Raises
    ------
    TranscriptError
        When it is broken, or unpacks to more than a document can be.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except BROKEN:
        raise TranscriptError(f"{source}: not a whole document; copy or export it again") from None
    if swollen(archive, LARGEST, MOST_MEMBERS):
        remedy = "if it is a true document, open it and save it again as text"
        raise TranscriptError(f"{source}: unpacks to more than a document holds; {remedy}")
    return archive


def swollen(archive: zipfile.ZipFile, largest: int, most_members: int) -> bool:
    """Whether it says that it unpacks to more than so many bytes, holds more members, or one that packs too well."""
    members = archive.infolist()
    crafted = any(each.file_size > max(FREE, LARGEST_RATIO * max(each.compress_size, 1)) for each in members)
    return crafted or len(members) > most_members or sum(each.file_size for each in members) > largest


def member(archive: zipfile.ZipFile, name: str, source: str) -> bytes | None:
    """A member's bytes, None when there is no such member. Never more than the archive says that it has.

    Raises
    ------
    TranscriptError
        When it is too large, or cannot be unpacked.
    """
    try:
        info = archive.getinfo(name)
    except KeyError:
        return None
    if info.file_size > LARGEST_PART:
        raise TranscriptError(f"{source}, part {name}: larger than the text of a session; divide the document")
    try:
        return archive.read(info)
    except BROKEN:
        raise TranscriptError(f"{source}, part {name}: cannot be unpacked; copy or export it again") from None


def holds(data: bytes, name: str) -> bool:
    """Whether the bytes are an archive with such a member."""
    if not data.startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return name in archive.namelist()
    except BROKEN:
        return name.encode() in data  # cut off: the name stands before the member, too
