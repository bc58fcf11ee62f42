"""Sessions of a realistic length to measure on: the authored ones of the repository, laid end to end."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from action_recs.annotation.collection import load_collection
from action_recs.transcript import Transcript, Utterance

ANNOTATIONS = Path(__file__).parent.parent / "annotations"

FIFTY_MINUTES = 8000
"""Words of a session of 50 minutes."""


def sessions(count: int, *, words: int = FIFTY_MINUTES) -> list[Transcript]:
    """``count`` different sessions of at least ``words`` words, to the end of the utterance that reaches them.

    The authored text ends after some thirty sessions of 8,000 words and then begins anew, with other borders.
    """
    stream = stream_of_utterances()
    return [Transcript(tuple(_until(stream, words)), session_id=f"s{number}") for number in range(count)]


def development(annomi_csv: Path | None = None) -> list[Transcript]:
    """The transcripts of the development split: the authored sessions, and AnnoMI's where its file is given."""
    found = {
        (each.name, session.id): session.transcript
        for each in load_collection(ANNOTATIONS, annomi_csv=annomi_csv)
        if each.name in ("authored", "annomi")
        for session in each.development
    }
    return list(found.values())


def stream_of_utterances() -> Iterator[Utterance]:
    """The authored text, without end."""
    return itertools.cycle(_utterances())


def _utterances() -> list[Utterance]:
    (authored,) = (each for each in load_collection(ANNOTATIONS) if each.name == "authored")
    return [
        utterance for session in (*authored.development, *authored.train) for utterance in session.transcript.utterances
    ]


def _until(stream: Iterator[Utterance], words: int) -> Iterator[Utterance]:
    read = 0
    while read < words:
        utterance = next(stream)
        read += len(utterance.text.split())
        yield utterance
