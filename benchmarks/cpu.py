"""How fast two processor cores tag, beside two transformers pipelines over the same text.

    python -m benchmarks.cpu             # tables
    python -m benchmarks.cpu --json      # one JSON object, in under five minutes
    python -m benchmarks.cpu --annomi AnnoMI-full.csv --sessions 40 --minutes 60 --output benchmarks/cpu.json

Both take turns in one process; memory is measured in a process each. Sessions a second come from as many sessions of
8,000 words as the time allows, and cost grows in line with their number (``benchmarks.scaling``).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.agreement import compare
from benchmarks.dialogues import FIFTY_MINUTES, development, sessions
from benchmarks.machine import describe, load
from benchmarks.memory import peak_of
from benchmarks.start import cold_start
from benchmarks.timing import Times, ratio, take_turns

CORES = 2
BATCH_SIZES = (4, 8, 16)
TRYING = 20
"""Seconds after which no second round of batch sizes begins."""


def main() -> None:
    arguments = parse_arguments()
    if hasattr(os, "sched_setaffinity"):  # a machine with more cores is held to two, as the table says
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with contextlib.redirect_stdout(sys.stderr):
        results = measure(arguments)
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results) if arguments.json else as_text(results))


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    begun = time.perf_counter()

    def by(share: float) -> float:
        return begun + share * arguments.minutes * 60

    cold = cold_start(repeats=3)
    peaks = {way: peak_of(way, words=arguments.words, models=arguments.models) for way in ("ours", "pipelines")}

    import torch

    from action_recs import Tagger
    from benchmarks.alternative import Pipelines

    torch.set_num_threads(CORES)
    tagger, pipelines = Tagger.from_pretrained(arguments.models), Pipelines(models=arguments.models)
    short, (session,) = sessions(1, words=300), sessions(1, words=arguments.words)
    tagger.tag(short[0]), pipelines.tag(short)  # warm

    single = take_turns(
        {"pipelines": lambda: pipelines.tag([session]), "ours": lambda: tagger.tag(session)},
        repeats=arguments.repeats,
        until=by(0.25),
    )
    best, tried = best_batch_size(pipelines, sessions(1, words=arguments.words // 4))

    sample = sessions(arguments.sessions, words=arguments.words)
    done = 0
    pipeline_wall, ours_wall, pipeline_used, ours_used = [], [], [], []
    while done < len(sample) and (not done or time.perf_counter() < by(0.6)):
        late = time.perf_counter() > by(0.6)  # then one session of each is still measured
        some = sample[done : done + (1 if late else arguments.at_once)]
        times = take_turns(
            {
                "pipelines": lambda some=some: pipelines.tag(some, batch_size=best),
                "ours": lambda some=some: list(tagger.tag_many(some)),
            },
            repeats=1,
        )
        pipeline_wall.append(times["pipelines"].wall[0] / len(some))
        ours_wall.append(times["ours"].wall[0] / len(some))
        pipeline_used.append(times["pipelines"].processor[0] / len(some))
        ours_used.append(times["ours"].processor[0] / len(some))
        done += len(some)
    bulk = {
        "pipelines": Times(tuple(pipeline_wall), tuple(pipeline_used)),
        "ours": Times(tuple(ours_wall), tuple(ours_used)),
    }

    agreement = label_agreement(tagger, arguments, until=by(0.9))
    single_ratio, bulk_ratio = ratio(single["pipelines"], single["ours"]), ratio(bulk["pipelines"], bulk["ours"])
    return {
        "ratio_single_session": single_ratio["median"],
        "ratio_bulk": bulk_ratio["median"],
        "seconds_single_session": round(single["ours"].median, 3),
        "sessions_per_second": round(1 / bulk["ours"].median, 4),
        "label_agreement": round(agreement["share"], 6),
        "peak_rss_ratio": round(peaks["ours"] / peaks["pipelines"], 3),
        "single_session": {"ratio": single_ratio, **{name: times.to_dict() for name, times in single.items()}},
        "bulk": {
            "ratio": bulk_ratio,
            "sessions_measured": done,
            "seconds_a_session": {name: times.to_dict() for name, times in bulk.items()},
            "pipelines_batch_size": best,
            "pipelines_seconds_by_batch_size": tried,
        },
        "agreement": agreement,
        "peak_rss_mib": peaks,
        **cold,
        "load_average": round(load(), 2),
        "seconds_of_this_run": round(time.perf_counter() - begun, 1),
        "words_a_session": arguments.words,
        "machine": describe(),
    }


def best_batch_size(pipelines: Any, some: list[Any]) -> tuple[int, dict[str, float]]:
    """The batch size with which the pipelines are fastest, and what each of them took."""
    enough = time.perf_counter() + TRYING  # a slow machine tries each of them once
    times = take_turns(
        {str(size): lambda size=size: pipelines.tag(some, batch_size=size) for size in BATCH_SIZES},
        repeats=2,
        until=enough,
    )
    took = {size: round(min(each.wall), 3) for size, each in times.items()}
    return int(min(took, key=lambda size: took[size])), took


def label_agreement(tagger: Any, arguments: argparse.Namespace, *, until: float) -> dict[str, Any]:
    """Utterances of the development sessions that get the same labels in 32-bit floats; as many as time allows."""
    from action_recs import Tagger

    exact = Tagger.from_pretrained(arguments.models, precision="fp32")
    transcripts = development(arguments.annomi)
    ours, reference = [], []
    for first in range(0, len(transcripts), 8):
        if ours and time.perf_counter() > until:
            break
        some = transcripts[first : first + 8]
        ours += tagger.tag_many(some)
        reference += exact.tag_many(some)
    found = compare(ours, reference)
    return {
        "share": found.share,
        "utterances": found.utterances,
        "different": found.utterances - found.same_labels,
        "largest_score_difference": round(found.largest_difference, 4),
        "sessions": len(ours),
        "sessions_there": len(transcripts),
    }


def as_text(results: dict[str, Any]) -> str:
    """The same for a reader."""
    machine, single, bulk = results["machine"], results["single_session"], results["bulk"]
    return "\n".join(
        [
            f"{machine['processor']}, {machine['cores']} cores, {' '.join(machine['instructions'])}",
            ", ".join(f"{name} {number}" for name, number in machine["versions"].items()),
            f"load average at the end {results['load_average']}",
            "",
            f"one session of {results['words_a_session']:,} words   {span(single['ours'])} s, pipelines "
            f"{span(single['pipelines'])} s: {span(single['ratio'])} times faster",
            f"many sessions, each          {span(bulk['seconds_a_session']['ours'])} s, pipelines "
            f"{span(bulk['seconds_a_session']['pipelines'])} s (batches of {bulk['pipelines_batch_size']}): "
            f"{span(bulk['ratio'])} times faster",
            f"sessions a second            {results['sessions_per_second']}",
            f"labels as with 32-bit floats {100 * results['label_agreement']:.3f} % of "
            f"{results['agreement']['utterances']} utterances",
            f"cold process                 import {results['seconds_import']:.2f} s, with models and the example "
            f"{results['seconds_import_and_first_session']:.2f} s",
            f"peak memory                  {results['peak_rss_mib']['ours']:.0f} MiB, pipelines "
            f"{results['peak_rss_mib']['pipelines']:.0f} MiB: {results['peak_rss_ratio']} times",
        ]
    )


def span(figures: dict[str, Any]) -> str:
    return f"{figures['median']:.2f} [{figures['low']:.2f}, {figures['high']:.2f}]"


def at_least_one(text: str) -> int:
    """A whole number for argparse, which says what is wrong with any other."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: give a whole number of 1 or more")
    return int(text)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--output", type=Path, help="also write it to this file")
    parser.add_argument(
        "--words", type=at_least_one, default=FIFTY_MINUTES, help="of a session; fewer only to try it out"
    )
    parser.add_argument("--repeats", type=at_least_one, default=5, help="of the single session, the most")
    parser.add_argument("--sessions", type=at_least_one, default=40, help="of the many sessions, the most")
    parser.add_argument("--at-once", type=at_least_one, default=2, help="sessions between two turns")
    parser.add_argument("--minutes", type=float, default=3.5, help="no measurement begins after about this time")
    parser.add_argument("--models", type=Path, help="a folder with both checkpoints; the shipped ones by default")
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv, so that its development part is compared too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
