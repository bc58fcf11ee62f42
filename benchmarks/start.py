"""How long a cold process takes: importing the package, and importing it, loading the models and tagging the example.

    python -m benchmarks.start

Files are in the page cache after the first run, which is not counted.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent

IMPORT = "import action_recs"
FIRST = """
import pathlib
import action_recs
action_recs.tag(next((pathlib.Path(action_recs.__file__).parent / "examples").glob("*.txt")))
"""
NOTHING = "pass"


def main() -> None:
    print(json.dumps(cold_start()))


def cold_start(repeats: int = 5) -> dict[str, float]:
    """Median seconds, less those of an empty Python process."""
    took = {name: _median(code, repeats) for name, code in (("none", NOTHING), ("import", IMPORT), ("first", FIRST))}
    return {
        "seconds_import": round(took["import"] - took["none"], 3),
        "seconds_import_and_first_session": round(took["first"] - took["none"], 3),
    }


def _median(code: str, repeats: int) -> float:
    times = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)  # noqa: S603
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
