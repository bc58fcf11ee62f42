"""A table's text or bytes as a stream: from memory, or, for a file too large to be read at once, from the file."""

from __future__ import annotations

import io
from typing import BinaryIO, TextIO

from action_recs.readers.formats import Content


def text_stream(content: Content) -> TextIO:
    """The content's lines, with their ends as they are.

    Reading on may raise UnicodeDecodeError where a large file is in another encoding than its beginning.
    """
    if content.whole or content.path is None:
        return io.StringIO(content.text or "", newline="")
    return content.path.open(encoding=_encoding(content.data), newline="")


def byte_stream(content: Content) -> BinaryIO:
    """The content's bytes."""
    if content.whole or content.path is None:
        return io.BytesIO(content.data)
    return content.path.open("rb")


def _encoding(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return "cp1252"
    return "utf-8-sig"
