"""How time and memory grow: with the number of sessions, and with the length of one.

    python -m benchmarks.scaling                       # both tables, up to 1,000 sessions and 10,000 utterances
    python -m benchmarks.scaling --most-sessions 10000 --most-utterances 100000
    python -m benchmarks.scaling --stream 100000       # tiny sessions, made one by one: memory on the way

Every row is a process of its own, so that its peak memory is its own. Sessions of the first table are short
(``--utterances``), so that the long rows end; time is in line with the words, which the second table shows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from action_recs.transcript import Transcript
from benchmarks.dialogues import stream_of_utterances
from benchmarks.machine import describe, load
from benchmarks.memory import peak_so_far

ROOT = Path(__file__).parent.parent


def main() -> None:
    arguments = parse_arguments()
    if arguments.row:
        print(json.dumps(row(*arguments.row)))
        return
    if arguments.stream:
        results: dict[str, Any] = {"stream": [measured("stream", arguments.stream, 4)]}
    else:
        results = {
            "sessions": [
                measured("sessions", count, arguments.utterances) for count in tens(1, arguments.most_sessions)
            ],
            "utterances": [measured("sessions", 1, count) for count in tens(10, arguments.most_utterances)],
        }
    results |= {"machine": describe(), "load_average": load()}
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for name in ("sessions", "utterances", "stream"):
        for each in results.get(name, ()):
            print(json.dumps(each))


def tens(first: int, most: int) -> Iterator[int]:
    """The powers of ten times ``first``, up to ``most``."""
    while first <= most:
        yield first
        first *= 10


def measured(kind: str, count: int, utterances: int) -> dict[str, Any]:
    """One row, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scaling", "--row", kind, str(count), str(utterances)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    print(json.dumps(found), file=sys.stderr, flush=True)
    return found


def row(kind: str, count: str, utterances: str) -> dict[str, Any]:
    """Tag ``count`` sessions of so many utterances, made while they are read; nothing of them is kept."""
    from action_recs import Tagger

    tagger = Tagger.from_pretrained()
    made = generated(int(count), int(utterances), most_words=6 if kind == "stream" else None)
    words, on_the_way, begun, used = 0, [], time.perf_counter(), time.process_time()
    for number, session in enumerate(tagger.tag_many(made), 1):
        words += sum(len(each.text.split()) for each in session.utterances)
        if kind == "stream" and number % max(1, int(count) // 10) == 0:
            on_the_way.append(round(peak_so_far()))
    return {
        "sessions": int(count),
        "utterances_each": int(utterances),
        "words": words,
        "seconds": round(time.perf_counter() - begun, 2),
        "processor_seconds": round(time.process_time() - used, 2),
        "milliseconds_a_thousand_words": round(1e6 * (time.process_time() - used) / max(words, 1), 1),
        "peak_mib": round(peak_so_far()),
    } | ({"peak_mib_on_the_way": on_the_way} if on_the_way else {})


def generated(count: int, utterances: int, most_words: int | None = None) -> Iterator[Transcript]:
    """Sessions of ``utterances`` utterances each, one after the other from the authored text; cut short, if wanted."""
    stream = stream_of_utterances()
    for number in range(count):
        said = [next(stream) for _ in range(utterances)]
        if most_words is not None:
            said = [replace(each, text=" ".join(each.text.split()[:most_words])) for each in said]
        yield Transcript(tuple(said), session_id=f"s{number}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most-sessions", type=int, default=1000)
    parser.add_argument("--most-utterances", type=int, default=10_000)
    parser.add_argument("--utterances", type=int, default=20, help="of a session of the first table")
    parser.add_argument("--stream", type=int, help="instead: so many tiny sessions, and the memory on the way")
    parser.add_argument("--output", type=Path, help="write the JSON object to this file")
    parser.add_argument("--row", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
