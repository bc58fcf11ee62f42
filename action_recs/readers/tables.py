"""Tables of utterances, one row each: CSV, JSON, JSON lines, Parquet, Excel, and frames in memory."""

from __future__ import annotations

from action_recs.readers import delimited, excel, frames, records
from action_recs.readers.formats import Format
from action_recs.readers.frames import is_frame, read_frame

FORMATS: tuple[Format, ...] = (*excel.FORMATS, *frames.FORMATS, *records.FORMATS, *delimited.FORMATS)

__all__ = ["FORMATS", "is_frame", "read_frame"]
