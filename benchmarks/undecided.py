"""How much of a session hangs on what the encoder's upper layers say: what leaving out the rest could gain at most.

    python -m benchmarks.undecided                               # authored development sessions
    python -m benchmarks.undecided --annomi AnnoMI-full.csv      # and AnnoMI's

An encoder need not read to the end what is decided half-way ("early exit"). Here the guess is perfect: an utterance is
decided where the finished models give both of its scores less than ``--below``. The rest is read to the end. Counted
are the multiplications by the layers' weights (attention's own are a few per cent more), and the exit is half-way up;
the upper half would still make keys and values for every token.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from benchmarks.cpu import at_least_one
from benchmarks.dialogues import development
from benchmarks.machine import describe

KEYS_AND_VALUES = 2 / 12
"""Their share of a layer's multiplications: of query, key, value, output and two of four times the size."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv")
    parser.add_argument("--sessions", type=at_least_one, default=40, help="the most that are read")
    parser.add_argument("--below", type=float, default=0.03, help="scores that decide nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    transcripts = development(arguments.annomi)
    results = measure(transcripts[:: math.ceil(len(transcripts) / arguments.sessions)], arguments.below)
    if arguments.json:
        print(json.dumps(results | {"machine": describe()}))
        return
    print(*(f"{name} {figure}" for name, figure in results.items()), sep="\n")


def measure(transcripts: list[Any], below: float) -> dict[str, Any]:
    from action_recs import Tagger

    words, undecided = 0, 0
    for session in Tagger.from_pretrained().tag_many(transcripts):
        for utterance in session.utterances:
            count = len(utterance.text.split())
            words += count
            if max(utterance.scores.values()) >= below:
                undecided += count
    share = undecided / max(words, 1)
    upper = KEYS_AND_VALUES + (1 - KEYS_AND_VALUES) * share
    return {
        "sessions": len(transcripts),
        "words": words,
        "share undecided": round(share, 3),
        "layers' time at least": round((1 + upper) / 2, 3),
        "faster at most": round(2 / (1 + upper), 2),
    }


if __name__ == "__main__":
    main()
