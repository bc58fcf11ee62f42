"""Kill a run at random moments, again and again, go on with it each time, and compare its end with an unbroken run's.

    python tests/trust/kill.py tag --kills 100       # the shipped models, --resume, byte for byte
    python tests/trust/kill.py train --kills 100     # a tiny encoder: a few steps, with the tests' annotations

SIGKILL gives a process no chance to clean up. Every run is forked by a server that has imported the libraries and done
nothing else, so that most of a run's time is work; what is killed is anything from opening the inputs to the last byte.
A fork of a process that has computed would hold the locks of threads that it does not have.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import json
import multiprocessing
import os
import random
import runpy
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

ROOT = Path(__file__).parents[2]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["__main__", "action_recs.cli.tag", "action_recs.training.run", "action_recs.training.trainer"]
)
HANGS = 600
"""Seconds after which a run that has not ended is said to hang; an unbroken one takes some ten."""
MOST_KILLS = 8
"""Of one run: on a machine that has become slower since the unbroken run, no other would ever come to its end."""
BROKEN_EVERY = 37
CLOSE = 1e-2
"""How far a weight of a run that was gone on with may lie from the unbroken run's; half precision is 1e-3 at 1."""


@dataclass
class Survival:
    """What was done to the runs, and what was seen."""

    kills: int = 0
    ends: int = 0
    apart: float = 0.0

    def __str__(self) -> str:
        apart = f", weights at most {self.apart:.1e} apart" if self.apart else ""
        return f"{self.kills} kills in {self.ends} runs: every one ended as the unbroken run did{apart}"


def command(arguments: Sequence[str], said: str) -> None:
    """In a process of its own: ``action-recs tag ...`` or ``training/train.py ...``, with what it says in a file."""
    file = Path(said).open("ab", buffering=0)  # noqa: SIM115 (open to the end of the process)
    os.dup2(file.fileno(), 1)
    os.dup2(file.fileno(), 2)
    faulthandler.dump_traceback_later(HANGS, file=file)
    if arguments[0] == "tag":
        from action_recs.cli import app

        app(list(arguments))
    sys.argv = list(arguments)
    runpy.run_path(arguments[0], run_name="__main__")


def ran(arguments: Sequence[str], said: Path, kill_after: float | None = None) -> int | None:
    """The command's exit code; None when it was killed first, after so many seconds."""
    said.unlink(missing_ok=True)
    process = FORKS.Process(target=command, args=(list(arguments), str(said)))
    process.start()
    process.join(HANGS + 10 if kill_after is None else kill_after)
    code = process.exitcode
    if code is None:
        process.kill()
        process.join()
        assert kill_after is not None, f"no end after {HANGS} s\n{said.read_text()[-6000:]}"
    process.close()
    return code


def start_server() -> None:
    """It imports before the first run, whose time is taken."""
    ready = FORKS.Process(target=int)
    ready.start()
    ready.join()


# Tagging


def write_sessions(folder: Path, count: int) -> None:
    """Short sessions in files, a few of them unreadable."""
    draw = random.Random(0)
    for number in range(count):
        turns = [f"T: Maybe walk {number} times this week?\nC: Okay, twice.\n" for _ in range(draw.randint(1, 3))]
        text = "" if number % BROKEN_EVERY == 5 else "".join(turns)
        (folder / f"s{number:04}.txt").write_text(text, encoding="utf-8")


def tag_kills(kills: int, *, sessions: int = 120, seed: int = 0) -> Survival:
    """Kill ``action-recs tag --resume`` so often; an AssertionError at the first difference."""
    start_server()
    draw, survival = random.Random(seed), Survival()
    with tempfile.TemporaryDirectory(prefix="kill-") as name:
        place = Path(name)
        said = place / "said"
        (place / "in").mkdir()
        write_sessions(place / "in", sessions)

        def run(out: Path, kill_after: float | None = None) -> int | None:
            return ran(["tag", str(place / "in"), "-o", str(out), "--resume", "--quiet"], said, kill_after)

        whole = place / "whole" / "out.jsonl"
        whole.parent.mkdir()
        began = time.monotonic()
        assert run(whole) == 1, said.read_text()
        lasts = time.monotonic() - began
        expected = files(whole.parent)
        while survival.kills < kills:
            out = place / "broken" / "out.jsonl"
            out.parent.mkdir()
            for _ in range(min(draw.randint(1, MOST_KILLS), kills - survival.kills)):
                code = run(out, draw.uniform(0, lasts / 2))
                survival.kills += code is None
                if code is not None:
                    break
                check_lines(out, expected["out.jsonl"])
            assert run(out) == 1, said.read_text()
            assert files(out.parent) == expected
            survival.ends += 1
            shutil.rmtree(out.parent)
            sys.stderr.write(f"{survival.kills} kills\n")
    return survival


def files(folder: Path) -> dict[str, bytes]:
    """What the run left for a person; not how far it was, which holds the place it ran in."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def check_lines(out: Path, expected: bytes) -> None:
    """Whole lines that are there are those of the unbroken run, in its order."""
    if out.exists():
        data = out.read_bytes()
        assert expected.startswith(data[: data.rfind(b"\n") + 1])


# Training


def recipe(place: Path, base: Path) -> Path:
    """A few steps on the tests' annotations."""
    settings = {
        "task": "review",
        "base": str(base),
        "mix": {"authored": 1, "contrast": 1},
        "passes": 6,
        "window_tokens": 64,
        "overlap_tokens": 16,
        "batch_windows": 2,
        "learning_rate": 1e-3,
        "evaluations": 6,
        "patience": 99,
        "evaluate_on": ["contrast"],
    }
    path = place / "review.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def train_kills(kills: int, base: Path, *, seed: int = 0) -> Survival:
    """Kill ``training/train.py`` so often and go on with ``--resume``; an AssertionError at the first difference."""
    from action_recs.checkpoint import Task, load_checkpoint
    from action_recs.errors import ModelError

    start_server()
    annotations = ROOT / "tests" / "fixtures" / "annotations"
    draw, survival = random.Random(seed), Survival()
    with tempfile.TemporaryDirectory(prefix="kill-") as name:
        place = Path(name)
        said = place / "said"
        script = [str(ROOT / "training" / "train.py"), str(recipe(place, base)), "--annotations", str(annotations)]

        def go_on(out: Path, kill_after: float | None = None) -> int | None:
            """As a person does: with --resume, and from the start where nothing is there yet to go on with."""
            given = [*script, "--output", str(out)]
            if any(out.glob("checkpoints/checkpoint-*")):
                code = ran([*given, "--resume"], said, kill_after)
                if code != 1 or "start without --resume" not in said.read_text():
                    return code
            return ran(given, said, kill_after)

        whole = place / "whole"
        began = time.monotonic()
        assert go_on(whole) == 0, said.read_text()[-3000:]
        lasts = time.monotonic() - began
        expected = weights(whole)
        while survival.kills < kills:
            out = place / "broken"
            for _ in range(min(draw.randint(1, MOST_KILLS), kills - survival.kills)):
                code = go_on(out, draw.uniform(0, lasts))
                survival.kills += code is None
                if code is not None:
                    break
                with contextlib.suppress(ModelError):  # a half-written model is refused, and never read in part
                    load_checkpoint(out, Task.REVIEW)
            assert go_on(out) == 0, said.read_text()[-3000:]
            load_checkpoint(out, Task.REVIEW)
            found = weights(out)
            assert found.keys() == expected.keys()
            survival.apart = max(
                survival.apart,
                *(float((found[name].float() - each.float()).abs().max()) for name, each in expected.items()),
            )
            assert survival.apart < CLOSE
            survival.ends += 1
            shutil.rmtree(out)
            sys.stderr.write(f"{survival.kills} kills\n")
    return survival


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """What was learnt."""
    return load_file(folder / "model.safetensors")


@contextlib.contextmanager
def tiny_encoder() -> Iterator[Path]:
    """The tests' own untrained encoder."""
    sys.path.insert(0, str(ROOT / "tests"))
    from conftest import write_tiny_base

    with tempfile.TemporaryDirectory(prefix="base-") as name:
        yield write_tiny_base(Path(name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["tag", "train"])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    began = time.monotonic()
    if arguments.what == "tag":
        survival = tag_kills(arguments.kills, seed=arguments.seed)
    else:
        with tiny_encoder() as base:
            survival = train_kills(arguments.kills, base, seed=arguments.seed)
    print(f"{arguments.what}: {survival}, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
