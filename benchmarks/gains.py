"""What each way of being fast gains by itself, on the same windows.

    python -m benchmarks.gains

Every row adds one thing to the row before. All take turns, each on one core; what counts is processor time.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks.dialogues import sessions
from benchmarks.machine import describe
from benchmarks.timing import take_turns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=2000, help="of the session")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    steps = ways(arguments.words)
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


def ways(words: int) -> dict[str, Callable[[], None]]:
    """Each way as a function that encodes the session's windows with both models."""
    import torch

    from action_recs import Tagger
    from action_recs.checkpoint import SHIPPED, Task, load_checkpoint
    from action_recs.encoder import TransformersEncoder, WindowInput
    from action_recs.plan import make_plan
    from action_recs.windows import encode
    from action_recs.workers import CACHE_TOKENS, batches

    torch.set_num_threads(1)
    (session,) = sessions(1, words=words)
    exact, fast = Tagger.from_pretrained(precision="fp32"), Tagger.from_pretrained(precision="bf16")
    plain = [TransformersEncoder(load_checkpoint(SHIPPED / task.value, task).model) for task in Task]
    wanted: list[list[WindowInput]] = []
    for scorer in exact.scorers:
        encoded = encode(session, scorer.tokenizer)
        roles = scorer.settings.task.roles
        wanted.append(make_plan(session, encoded, scorer.tokenizer, scorer.settings, roles=roles).inputs)
    whole = [[replace(each, rows=np.arange(len(each.tokens))) for each in some] for some in wanted]

    def run(encoders: Sequence[Any], inputs: list[list[WindowInput]], tokens: int) -> None:
        for encoder, some in zip(encoders, inputs, strict=True):
            for batch in batches([len(each.tokens) for each in some], tokens):
                encoder.probabilities([some[at] for at in batch])

    packed = [scorer.encoder for scorer in exact.scorers]
    half = [getattr(scorer.encoder, "fast", scorer.encoder) for scorer in fast.scorers]
    careful = [scorer.encoder for scorer in fast.scorers]
    return {
        "transformers, 32-bit floats, batches of 8,192 tokens": partial(run, plain, whole, 8192),
        "batches that fit the cache": partial(run, plain, whole, CACHE_TOKENS),
        "windows one by one, without transformers": partial(run, packed, whole, CACHE_TOKENS),
        "last layer for the wanted rows only": partial(run, packed, wanted, CACHE_TOKENS),
        "bf16": partial(run, half, wanted, CACHE_TOKENS),
        "close calls again in 32-bit floats (for the labels)": partial(run, careful, wanted, CACHE_TOKENS),
    }


if __name__ == "__main__":
    main()
