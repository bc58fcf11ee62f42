"""Documents as word processors write them: Word, rich text, PDF."""

from __future__ import annotations

from collections.abc import Iterator

from action_recs.errors import TranscriptError
from action_recs.readers import docx, pdf, rtf
from action_recs.readers.conversation import Conversation
from action_recs.readers.formats import Content, Format, Options

COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How .doc and .xls begin, and documents with a password."""


def _refuse(content: Content, options: Options) -> Iterator[Conversation]:  # noqa: ARG001 (a format's signature)
    remedy = "save it without password as .docx or .xlsx"
    raise TranscriptError(f"{content.name}: a document of before 2007 (.doc, .xls), or one with a password; {remedy}")


OLD_OFFICE = Format("old-office", lambda content: content.data.startswith(COMPOUND_FILE), _refuse)

FORMATS: tuple[Format, ...] = (*docx.FORMATS, *rtf.FORMATS, *pdf.FORMATS, OLD_OFFICE)
