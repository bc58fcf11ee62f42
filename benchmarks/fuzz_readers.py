"""Look for bytes that make a reader fail with anything but a TranscriptError, guided by what the code does with them.

    pip install atheris
    python benchmarks/fuzz_readers.py -max_total_time=600 corpus_folder tests/fixtures/transcripts/srt ...

Every argument is libFuzzer's: folders are bytes to start from, the first also keeps what leads somewhere new.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["action_recs.readers"]):
    from action_recs.errors import TranscriptError
    from action_recs.readers.content import decode, parse_json
    from action_recs.readers.formats import Content, Options
    from action_recs.readers.reading import to_transcript
    from action_recs.readers.registry import detect, formats

    formats()


def read_one(data: bytes) -> None:
    """As ``read`` does, but without its net under what the formats raise."""
    skip = bool(data) and data[0] % 2 == 1
    try:
        text = decode(data, "f")
        content = Content("f", data, text, ".txt", "f", parse_json(text))
        chosen = detect(content)
        for conversation in chosen.read(content, Options(skip=skip)):
            to_transcript(conversation, pieces=chosen.pieces, roles=None, skip=skip)
    except TranscriptError as error:
        if "\n" in str(error):
            raise AssertionError("a message of more than one line") from error


if __name__ == "__main__":
    atheris.Setup(sys.argv, read_one)
    atheris.Fuzz()
