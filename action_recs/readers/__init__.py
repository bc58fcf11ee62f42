"""Readers: whatever holds a transcript -> :class:`~action_recs.transcript.Transcript`."""

from action_recs.readers.reading import Transcripts, parse_text, read, read_many, read_text
from action_recs.readers.source import read_source

__all__ = ["Transcripts", "parse_text", "read", "read_many", "read_source", "read_text"]
