"""What speech recognisers write as JSON, one module a recogniser."""

from __future__ import annotations

from action_recs.readers.formats import Format
from action_recs.readers.recognisers import (
    assemblyai,
    aws_healthscribe,
    aws_transcribe,
    azure,
    deepgram,
    google,
    revai,
    whisper,
)

FORMATS: tuple[Format, ...] = tuple(
    each
    for module in (aws_healthscribe, aws_transcribe, deepgram, google, azure, assemblyai, revai, whisper)
    for each in module.FORMATS
)
