"""The result of ``python -m benchmarks.cpu --output cpu.json`` as a picture.

python -m benchmarks.plot benchmarks/cpu.json -o docs/speed.svg
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "action_recs"  # the same figures give the same file
    from matplotlib import pyplot as plt

    results = json.loads(arguments.results.read_text(encoding="utf-8"))
    rows = {
        "one session": results["single_session"],
        "many sessions, each": results["bulk"]["seconds_a_session"],
    }
    figure, (times, memory) = plt.subplots(1, 2, figsize=(9, 2.6), width_ratios=(2, 1), layout="constrained")
    for at, (name, color) in enumerate((("pipelines", "#9aa5b1"), ("ours", "#1f6f8b"))):
        label = {"ours": "action_recs", "pipelines": "two pipelines"}[name]
        found = [row[name] for row in rows.values()]
        medians = [each["median"] for each in found]
        ranges = [[each["median"] - each["low"] for each in found], [each["high"] - each["median"] for each in found]]
        places = [number + 0.4 * at for number in range(len(rows))]
        times.barh(places, medians, height=0.36, color=color, xerr=ranges, label=label)
        memory.barh([0.4 * at], [results["peak_rss_mib"][name]], height=0.36, color=color)
    times.set_yticks([number + 0.2 for number in range(len(rows))], list(rows))
    times.set_xlabel("seconds for 8,000 words (median, range)")
    times.legend(frameon=False)
    memory.set_yticks([])
    memory.set_xlabel("peak memory, MiB")
    for axes in (times, memory):
        axes.spines[["top", "right"]].set_visible(False)
        axes.invert_yaxis()
    figure.savefig(arguments.output, metadata={"Date": None})


if __name__ == "__main__":
    main()
