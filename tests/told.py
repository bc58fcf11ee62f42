"""The conversation that every transcript fixture tells, and reading one through a family's formats."""

import json
from pathlib import Path

from action_recs.readers.content import load_content
from action_recs.readers.formats import Options
from action_recs.readers.turns import merge_turns

TRANSCRIPTS = Path(__file__).parent / "fixtures" / "transcripts"
TURNS = json.loads((TRANSCRIPTS / "conversation.json").read_text(encoding="utf-8"))["turns"]
SPOKEN = [(turn["speaker"], turn["text"]) for turn in TURNS]
TIMES = [(turn["start"], turn["end"]) for turn in TURNS]


def read(formats, path, **options):
    """All conversations in a file, by the first of the formats that says it is its."""
    content = load_content(path)
    form = next(form for form in formats if form.matches(content))
    return list(form.read(content, Options(**options)))


def told(conversation, *, pieces=False):
    segments = merge_turns(conversation.segments) if pieces else conversation.segments
    return [(segment.speaker, segment.text) for segment in segments]


def times(conversation, *, pieces=False):
    segments = merge_turns(conversation.segments) if pieces else conversation.segments
    return [(segment.start, segment.end) for segment in segments]
