"""The most memory that tagging takes, for inputs that are large in three ways; each in a process of its own.

    python tests/trust/memory.py
    python tests/trust/memory.py --sessions 100000 --random    # random scores: all but the models' own arithmetic

The ceiling that SECURITY.md states is held against every figure: exit code 1 when one is above it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

CEILING = 2.0
"""GiB: Python with torch and both models, a batch of windows, and the largest session."""

CASES = ("one short session", "an utterance of 1 MB", "20,000 utterances", "many sessions")


def tag(case: str, sessions: int, random_scores: bool) -> tuple[float, float, int]:
    """GiB, seconds and utterances; run in a process that does nothing else."""
    from action_recs import Tagger

    if random_scores:
        from hard_input import random_tagger

        tagger = random_tagger()
    else:
        tagger = Tagger.from_pretrained()
    pairs = [("therapist", "Maybe try going for a walk before dinner."), ("client", "Okay.")]
    began = time.monotonic()
    if case == "many sessions":
        read = sum(len(session) for session in tagger.tag_many(pairs for _ in range(sessions)))
        assert read == 2 * sessions
    else:
        talk = {
            "one short session": pairs,
            "an utterance of 1 MB": [("therapist", "you could go walk " * 58_000)],
            "20,000 utterances": pairs * 10_000,
        }[case]
        read = len(tagger.tag(talk))
        assert read == len(talk)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2 ** (30 if sys.platform == "darwin" else 20)
    return peak, time.monotonic() - began, read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=2000, help="of two utterances each")
    parser.add_argument("--random", action="store_true", help="random scores in place of the models'")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        peak, seconds, read = tag(arguments.case, arguments.sessions, arguments.random)
        print(f"{peak:.2f} GiB, {seconds:.0f} s, {read:,} utterances")
        raise SystemExit(peak > CEILING)
    failed = 0
    for case in CASES:
        more = ["--random"] if arguments.random else []
        again = [sys.executable, __file__, "--case", case, "--sessions", str(arguments.sessions), *more]
        done = subprocess.run(again, capture_output=True, text=True)
        failed += done.returncode
        shown = f"{arguments.sessions:,} sessions" if case == "many sessions" else case
        print(f"{shown}: {done.stdout.strip() or done.stderr[-500:]}", flush=True)
    raise SystemExit(bool(failed))


if __name__ == "__main__":
    main()
