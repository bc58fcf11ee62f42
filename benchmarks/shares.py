"""Where the time of a session goes: tokenizing, windows, encoders, decoding.

    python -m benchmarks.shares

Each step is run by itself on one core, in processor time. The last line is what bounds the encoder: its multiplications
alone, on numbers that lie ready, without attention's weights, norms and everything between them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.dialogues import sessions
from benchmarks.machine import describe

if TYPE_CHECKING:
    import torch

    from action_recs.packed_bert import PackedBert

ALONE = "multiplications alone"


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
    alone = results["seconds"].pop(ALONE, None)
    whole = sum(results["seconds"].values())
    for name, seconds in results["seconds"].items():
        print(f"{name:<40} {seconds:7.3f} s  {100 * seconds / whole:5.1f} %")
    if alone is not None:
        print(f"{ALONE:<40} {alone:7.3f} s  {100 * alone / whole:5.1f} %")


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
    from action_recs.packed_bert import PackedBert
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
        if isinstance(encoder, PackedBert):
            for each in plan.inputs:
                run = multiplications(encoder, len(each.tokens), len(each.rows))
                run()
                timed(took, ALONE, run)
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


def multiplications(encoder: PackedBert, tokens: int, rows: int) -> Callable[[], None]:
    """What multiplies the matrices that a window of so many tokens does, of which so many rows are read."""
    import torch

    from action_recs.packed_bert import ROUND_UP

    def ready(*shape: int) -> torch.Tensor:
        return torch.zeros(shape, dtype=encoder.layers[0].attend.bias.dtype)

    tokens, rows = (number + -number % ROUND_UP for number in (tokens, rows))
    inner, size = encoder.layers[0].widen.bias.shape[0], encoder.width // encoder.heads
    heads, scores = ready(encoder.heads, tokens, size), ready(encoder.heads, tokens, tokens)
    streams = [(tokens, ready(tokens, encoder.width), ready(tokens, inner))] * (len(encoder.layers) - 1)
    streams.append((rows, ready(rows, encoder.width), ready(rows, inner)))

    @torch.inference_mode()
    def run() -> None:
        for layer, (read, stream, wide) in zip(encoder.layers, streams, strict=True):
            if read == tokens:
                layer.attend(stream)
            else:
                encoder.last_query(stream), encoder.last_key_value(streams[0][1])
            torch.bmm(heads[:, :read], heads.transpose(1, 2))
            torch.bmm(scores[:, :read], heads)
            layer.gather(stream), layer.widen(stream), layer.narrow(wide)

    return run


def timed(took: dict[str, float], name: str, run: Callable[[], Any]) -> Any:
    begun = time.process_time()
    found = run()
    took[name] = took.get(name, 0.0) + time.process_time() - begun
    return found


if __name__ == "__main__":
    main()
