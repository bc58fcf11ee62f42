"""Where the time of a session goes: tokenizing, windows, encoders, decoding.

    python -m benchmarks.shares

Each step is run by itself on one core, in processor time.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.dialogues import sessions
from benchmarks.machine import describe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=8000, help="of the session")
    parser.add_argument("--models", type=Path, help="a folder with both checkpoints; the shipped ones by default")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    results = {"seconds": measure(arguments.words, arguments.models), "words": arguments.words, "machine": describe()}
    if arguments.json:
        print(json.dumps(results))
        return
    whole = sum(results["seconds"].values())
    for name, seconds in results["seconds"].items():
        print(f"{name:<32} {seconds:7.3f} s  {100 * seconds / whole:5.1f} %")


def measure(words: int, models: Path | None) -> dict[str, float]:
    import torch

    from action_recs import Tagger
    from action_recs.close_calls import is_close
    from action_recs.decoding import (
        by_utterance,
        find_recommendations,
        find_reviews,
        recommendation_scores,
        review_classes,
        review_scores,
    )
    from action_recs.plan import make_plan
    from action_recs.windows import encode
    from action_recs.workers import CACHE_TOKENS, batches

    torch.set_num_threads(1)
    (session,) = sessions(1, words=words)
    tagger = Tagger.from_pretrained(models)
    took: dict[str, float] = {}

    encoded = timed(took, "tokenizing, once for both", lambda: encode(session, tagger.scorers[0].tokenizer))
    tables: dict[str, Any] = {}
    for encoder in {id(each.encoder): each.encoder for each in tagger.scorers}.values():
        together = [each for each in tagger.scorers if each.encoder is encoder]
        first, tasks = together[0], [each.settings.task for each in together]
        roles = {role for task in tasks for role in task.roles}
        plan = timed(
            took,
            "windows",
            partial(make_plan, session, encoded, first.tokenizer, first.settings, roles=roles),
        )
        found: list[Any] = [None] * len(plan.inputs)
        for batch in batches([len(each.tokens) for each in plan.inputs], CACHE_TOKENS):
            some = [plan.inputs[at] for at in batch]
            encoder.probabilities(some)  # warm: code is made for every new shape
            name = f"encoder of {' and '.join(f'{task}s' for task in tasks)}"
            for at, table in zip(batch, timed(took, name, partial(encoder.probabilities, some)), strict=True):
                found[at] = table
        if first.exact is not None:
            for each, table in zip(plan.inputs, found, strict=True):
                close = timed(
                    took,
                    "close calls, told",
                    lambda each=each, table=table, together=together: [
                        is_close(table[:, scorer.columns], each, scorer.settings) for scorer in together
                    ],
                )
                if any(close):
                    timed(took, "close calls, again", partial(first.exact.probabilities, [each]))
        for scorer in together:
            tables[scorer.settings.task] = plan, plan.read_out(found, scorer.columns), scorer.settings.decoding

    def decode() -> None:
        plan, found, settings = tables["recommendation"]
        tokens = by_utterance(plan.pieces, found, len(session))
        find_recommendations(session, tokens, settings), recommendation_scores(session, tokens)
        plan, found, settings = tables["review"]
        classes = review_classes(plan.pieces, found, len(session))
        find_reviews(classes, settings), review_scores(classes)

    timed(took, "decoding", decode)
    return took


def timed(took: dict[str, float], name: str, run: Callable[[], Any]) -> Any:
    begun = time.process_time()
    found = run()
    took[name] = took.get(name, 0.0) + time.process_time() - begun
    return found


if __name__ == "__main__":
    main()
