"""The peak memory of one way to tag, measured in a process of its own.

    python -m benchmarks.memory ours
    python -m benchmarks.memory pipelines

Prints the process's peak resident memory in MiB after one session of 8,000 words.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path

from benchmarks.dialogues import FIFTY_MINUTES, sessions

ROOT = Path(__file__).parent.parent
WAYS = ("ours", "pipelines")


def peak_of(way: str, *, words: int = FIFTY_MINUTES, models: Path | None = None) -> float:
    """Peak resident memory in MiB of a fresh process that tags one session."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    ran = subprocess.run(  # noqa: S603
        [
            *(sys.executable, "-m", "benchmarks.memory", way, "--words", str(words)),
            *(["--models", str(models.resolve())] if models else []),
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    return float(ran.stdout.split()[-1])


def peak_so_far() -> float:
    """This process's peak resident memory in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("--words", type=int, default=FIFTY_MINUTES, help="of the session")
    parser.add_argument("--models", type=Path, help="a folder with both checkpoints; the shipped ones by default")
    arguments = parser.parse_args()
    some = sessions(1, words=arguments.words)
    if arguments.way == "ours":
        from action_recs import Tagger

        list(Tagger.from_pretrained(arguments.models).tag_many(some))
    else:
        from benchmarks.alternative import Pipelines

        Pipelines(models=arguments.models).tag(some)
    print(f"{peak_so_far():.0f}")


if __name__ == "__main__":
    main()
