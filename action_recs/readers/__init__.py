"""Readers: whatever holds a transcript -> :class:`~action_recs.transcript.Transcript`."""

from action_recs.readers.source import read_source
from action_recs.readers.text import parse_text, read_text

__all__ = ["parse_text", "read_source", "read_text"]
