"""What each way of being fast gains by itself, on the same windows.

    python -m benchmarks.gains

Every row adds one thing to the row before. All take turns, each on one core; what counts is processor time. Models
that do not share a trunk have no row for it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.dialogues import sessions
from benchmarks.machine import describe
from benchmarks.timing import take_turns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=2000, help="of the session")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--models", type=Path, help="a folder with both checkpoints; the shipped ones by default")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    steps = ways(arguments.words, arguments.models)
    for run in steps.values():
        run()  # warm: code is made for every new shape
    times = take_turns(steps, repeats=arguments.repeats)
    used = {name: float(np.median(each.processor)) for name, each in times.items()}
    if arguments.json:
        print(json.dumps({"words": arguments.words, "processor_seconds": used, "machine": describe()}))
        return
    first = before = next(iter(used.values()))
    for name, seconds in used.items():
        print(f"{name:<58} {seconds:6.2f} s   {before / seconds:5.2f} x   in all {first / seconds:5.2f} x")
        before = seconds


def ways(words: int, models: Path | None) -> dict[str, Callable[[], None]]:
    """Each way as a function that encodes the session's windows with both models."""
    import torch

    from action_recs.checkpoint import checkpoint_folders, load_checkpoint
    from action_recs.encoder import Encoder, TransformersEncoder, WindowInput
    from action_recs.plan import make_plan
    from action_recs.scorer import Scorer, load_scorer
    from action_recs.scoring import careful
    from action_recs.trunk import share_trunk
    from action_recs.windows import encode
    from action_recs.workers import CACHE_TOKENS, batches

    torch.set_num_threads(1)
    (session,) = sessions(1, words=words)

    def windows(scorers: Sequence[Scorer]) -> list[WindowInput]:
        """Those of models that share an encoder."""
        roles = {role for each in scorers for role in each.settings.task.roles}
        first = scorers[0]
        return make_plan(session, encode(session, first.tokenizer), first.tokenizer, first.settings, roles=roles).inputs

    def run(encoders: Sequence[tuple[Encoder, list[WindowInput]]], tokens: int = CACHE_TOKENS) -> None:
        for encoder, some in encoders:
            for batch in batches([len(each.tokens) for each in some], tokens):
                encoder.probabilities([some[at] for at in batch])

    folders = checkpoint_folders(models)
    exact = [load_scorer(folder, task, precision="fp32") for task, folder in folders.items()]
    half = [load_scorer(folder, task, precision="bf16") for task, folder in folders.items()]
    wanted = [windows([each]) for each in exact]
    whole = [[replace(each, rows=np.arange(len(each.tokens))) for each in some] for some in wanted]
    plain = [TransformersEncoder(load_checkpoint(folder, task).model) for task, folder in folders.items()]
    one, other = share_trunk(*half)
    found = {
        "transformers, 32-bit floats, batches of 8,192 tokens": partial(
            run, list(zip(plain, whole, strict=True)), 8192
        ),
        "batches that fit the cache": partial(run, list(zip(plain, whole, strict=True))),
        "windows one by one, without transformers": partial(run, _pairs(exact, whole)),
        "last layer for the wanted rows only": partial(run, _pairs(exact, wanted)),
        "bf16": partial(run, _pairs(half, wanted)),
    }
    if one.encoder is other.encoder:
        inputs = windows([one, other])
        found["one trunk for both models"] = partial(run, [(one.encoder, inputs)])
        last = [(careful([one, other]), inputs)]
    else:
        last = [(careful([each]), some) for each, some in zip(half, wanted, strict=True)]
    return found | {"close calls again in 32-bit floats (for the labels)": partial(run, last)}


def _pairs(scorers: Sequence[Any], windows: Sequence[Any]) -> list[tuple[Any, Any]]:
    return [(each.encoder, some) for each, some in zip(scorers, windows, strict=True)]


if __name__ == "__main__":
    main()
