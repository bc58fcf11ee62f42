"""Files and texts -> :class:`~action_recs.readers.formats.Content`: read once, decoded, and parsed when it is JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from action_recs.errors import TranscriptError
from action_recs.readers.formats import Content

LARGEST = 64 * 2**20
"""Bytes that are read at once. An hour of speech with every word's time is some 3 MB in the largest format."""

HEAD = 2**20
"""Bytes of a larger file that are looked at, to tell its format."""

BINARY = re.compile(rb"PK\x03\x04|\xd0\xcf\x11\xe0|PAR1(?![\t\n\r -~])|.{0,1019}%PDF-", re.DOTALL)
"""How documents begin that are no text though much of them may be letters: zip archives (Word, Excel), old Office,
Parquet (a speaker may be called PAR1), and PDF, which may have something before it."""

WINDOWS_MARKS = re.compile(rb"[A-Za-z.,?! ][\x85\x91-\x97][A-Za-z ]|[\x91\x93][A-Za-z]|[A-Za-z.,?!][\x92\x94\x85]")
"""Quotation marks, dashes and dots of Windows where such marks stand. In other encodings these bytes mean nothing."""

LATIN_WINDOWS = ("cp1252", "cp1250", "cp1254")
"""Windows' encodings of the languages in Latin letters: Western, Central European, Turkish."""

UNCERTAIN = re.compile(
    rb"[\x80-\xff]{3}|["  # longer runs than words in Latin letters have
    + b"".join(
        re.escape(bytes([each]))
        for each in range(0x80, 0x100)
        if len({bytes([each]).decode(encoding, "replace") for encoding in LATIN_WINDOWS}) > 1
    )
    + rb"\x81\x8d\x8f\x90\x9d]"
)
"""Bytes that mean different letters in them, or none."""


def load_content(path: str | Path) -> Content:
    """Read a file.

    Raises
    ------
    TranscriptError
        When it is a directory, cannot be read, is empty, or is text in an encoding that cannot be told for sure.
    """
    if not isinstance(path, (str, Path)):
        raise TranscriptError(f"cannot read a transcript from {type(path).__name__}; give a path, or a table in memory")
    path = Path(path)
    try:
        if path.is_dir():
            raise TranscriptError(f"{path}: a directory; give the files in it")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        remedy = "check the path and its permissions"
        raise TranscriptError(f"{path}: cannot be read ({type(error).__name__}); {remedy}") from None
    if not data:
        raise TranscriptError(f"{path}: empty; a transcript has at least one turn")
    whole = len(data) <= LARGEST
    data = data if whole else _head(data)
    text = decode(data, str(path))
    parsed = parse_json(text) if whole else None
    return Content(str(path), data, text, path.suffix.lower(), path.stem, parsed, path=path, whole=whole)


def bytes_content(data: bytes, name: str, stem: str) -> Content:
    """Take bytes that are in memory, such as those of standard input, for the content of a file.

    Raises
    ------
    TranscriptError
        When they are empty, more than a file read at once may have, or text in an encoding that cannot be told.
    """
    if not data:
        raise TranscriptError(f"{name}: empty; a transcript has at least one turn")
    if len(data) > LARGEST:
        raise TranscriptError(f"{name}: more than {LARGEST // 2**20} MiB; put it in a file")
    text = decode(data, name)
    return Content(name, data, text, stem=stem, json=parse_json(text))


def text_content(text: str, name: str = "the text") -> Content:
    """Take a text that is in memory for the content of a file."""
    text = text.lstrip("\ufeff")
    return Content(name, text.encode("utf-8", "surrogatepass"), text, json=parse_json(text))


def decode(data: bytes, name: str) -> str | None:
    """The text that the bytes hold, or None when they hold none.

    UTF-8 and UTF-16, with or without byte order mark; Windows' Western encoding (CP1252) only where quotation marks
    or dashes show that it is Windows', and every letter is the same in its neighbours.

    Raises
    ------
    TranscriptError
        When it is text in another encoding: letters would be guessed.
    """
    if BINARY.match(data):
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _utf16(data, "utf-16", name)
    if b"\0" in data:
        return _utf16_without_mark(data)
    try:
        return data.decode("utf-8-sig").lstrip("\ufeff")
    except UnicodeDecodeError as error:
        broken = error.start
    if _is_binary(data):
        return None
    line = data.count(b"\n", 0, broken) + 1
    if _holds_utf8(data):
        remedy = "parts of it are in another encoding; open it in an editor and save it as UTF-8"
        raise TranscriptError(f"{name}, line {line}: not UTF-8, though other lines are; {remedy}")
    if WINDOWS_MARKS.search(data) and not UNCERTAIN.search(data):
        return data.decode("cp1252")
    raise TranscriptError(f"{name}, line {line}: not UTF-8; save the file as UTF-8")


def parse_json(text: str | None) -> Any:
    """What the text holds when it is one JSON document, otherwise None."""
    if text is None or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # how it is broken is said when no other format claims it
        return None


def _head(data: bytes) -> bytes:
    """The beginning, up to a character that is whole."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data[:HEAD]
    return data[: data.rfind(b"\n", 0, HEAD) + 1] or data[:HEAD].rstrip(bytes(range(0x80, 0x100)))


def _utf16(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError:
        remedy = "it was cut off or mixed with another encoding; save it as UTF-8"
        raise TranscriptError(f"{name}: broken UTF-16; {remedy}") from None


def _utf16_without_mark(data: bytes) -> str | None:
    """Western text in UTF-16 has a zero in every other byte."""
    odd, even = data[1::2].count(0), data[::2].count(0)
    half = len(data) / 2
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if len(data) % 2 == 0 and zeros > 0.8 * half and others < 0.01 * half:
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                return None
    return None


def _is_binary(data: bytes) -> bool:
    controls = sum(data.count(bytes([each])) for each in (*range(1, 9), *range(14, 27)))
    return controls > len(data) / 1000


def _holds_utf8(data: bytes) -> bool:
    return bool(re.search(rb"[\xc3-\xdf][\x80-\xbf](?![\x80-\xff])|[\xe0-\xef][\x80-\xbf]{2}", data))
