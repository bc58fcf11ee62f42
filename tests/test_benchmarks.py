"""The benchmarks run, in small, and say what they promise."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the benchmarks are no part of what is installed

from benchmarks.timing import Times, ratio, take_turns  # noqa: E402

PROMISED = {
    "ratio_single_session",
    "ratio_bulk",
    "seconds_single_session",
    "sessions_per_second",
    "label_agreement",
    "peak_rss_ratio",
}


def test_the_ratio_is_taken_within_rounds():
    slow, fast = Times((4.0, 9.0, 6.0), (0, 0, 0)), Times((2.0, 3.0, 3.0), (0, 0, 0))
    assert ratio(slow, fast) == {"median": 2.0, "low": 2.0, "high": 3.0}


def test_contenders_take_turns():
    ran = []
    times = take_turns({name: lambda name=name: ran.append(name) for name in "ab"}, repeats=3)
    assert ran == list("ababab")
    assert [len(each.wall) for each in times.values()] == [3, 3]


def test_no_round_begins_after_the_time_but_the_first():
    ran = []
    take_turns({"a": lambda: ran.append(1)}, repeats=3, until=0)
    assert ran == [1]


@pytest.mark.slow
def test_the_cpu_benchmark_prints_one_object():
    small = ["--words", "120", "--sessions", "1", "--repeats", "1", "--minutes", "0"]
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.cpu", "--json", *small], capture_output=True, text=True, cwd=ROOT
    )
    assert ran.returncode == 0, ran.stderr
    (line,) = ran.stdout.splitlines()
    found = json.loads(line)
    assert {name for name in PROMISED if isinstance(found[name], float)} == PROMISED
    assert found["agreement"]["utterances"] > 0


def test_what_is_undecided_grows_as_less_counts_as_decided():
    from action_recs import Transcript
    from benchmarks.undecided import measure

    talk = [("therapist", "Maybe you could go back to cooking, that was good for you."), ("client", "It's cold out.")]
    none, some, all_of_it = (measure([Transcript.from_pairs(talk)], below) for below in (1.1, 0.5, 0.0))
    assert (none["share undecided"], none["faster at most"]) == (0, round(2 / (1 + 1 / 6), 2))
    assert some["share undecided"] == 0.8  # 12 of 15 words
    assert (all_of_it["share undecided"], all_of_it["faster at most"]) == (1, 1)
