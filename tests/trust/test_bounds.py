"""However much comes in, little is held at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from action_recs import Transcript
from action_recs.evaluation.reading import read_transcripts

HERE = Path(__file__).parent
TALK = [("therapist", "You could walk."), ("client", "Okay.")]
AHEAD = 40
"""Sessions: two batches of them, and a few in hand."""


@pytest.fixture
def counted():
    """A stream of sessions, and how many of them were asked for."""
    asked = []

    def stream(count):
        for number in range(count):
            asked.append(number)
            yield Transcript.from_pairs(TALK, session_id=f"s{number}")

    return stream, asked


def test_tagging_reads_no_further_ahead_than_it_must(tagger, counted):
    stream, asked = counted
    ahead = [len(asked) - done for done, _ in enumerate(tagger.tag_many(stream(200)), start=1)]
    assert len(ahead) == 200
    assert max(ahead) < AHEAD


def test_measuring_reads_no_further_ahead_than_it_must(tagger, counted):
    stream, asked = counted
    ahead = [len(asked) - done for done, _ in enumerate(read_transcripts(tagger.review, stream(200)), start=1)]
    assert len(ahead) == 200
    assert max(ahead) < AHEAD


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--random", "--sessions", "100000")], ids=["shipped models", "random scores"])
def test_memory_stays_under_the_ceiling(more):
    done = subprocess.run([sys.executable, HERE / "memory.py", *more], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
