"""How fast one GPU tags, beside the same two pipelines, batched and in half precision.

    python -m benchmarks.gpu                        # on cuda
    python -m benchmarks.gpu --device cpu --sessions 2 --repeats 1    # the same code without a GPU

Reported: sessions a second, the ratio, the share of time in which the GPU computes, and the model FLOP utilisation.

The floating-point operations of a window of n tokens are counted from the model's shape, two for each multiplication
and addition: for every layer 2 n (4 w w + 2 w i) in the dense maps and 4 n n w in the attention, where w is the hidden
width and i the inner one. Utilisation is their sum over the wall time and the card's dense bf16 peak.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.dialogues import sessions
from benchmarks.machine import describe
from benchmarks.timing import ratio, take_turns

PEAK = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "L4": 121e12}
"""Dense bf16 operations a second, from the vendor's data sheets (SXM where there are several)."""

BATCH_SIZES = (32, 128, 256)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--sessions", type=int, default=200, help="of 8,000 words, for each repeat")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--batch-tokens", type=int, default=65536)
    parser.add_argument("--output", type=Path, help="also write the JSON object to this file")
    arguments = parser.parse_args()
    with contextlib.redirect_stdout(sys.stderr):
        results = measure(arguments)
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results))


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    from action_recs import Tagger
    from benchmarks.agreement import compare
    from benchmarks.alternative import Pipelines

    tagger = Tagger.from_pretrained(device=arguments.device)
    exact = Tagger.from_pretrained(device=arguments.device, precision="fp32")
    pipelines = Pipelines(arguments.device, "float32" if arguments.device == "cpu" else "float16")
    some = sessions(arguments.sessions)

    def ours() -> list[Any]:
        return list(tagger.tag_many(some, batch_tokens=arguments.batch_tokens))

    few = some[: max(1, len(some) // 20)]
    list(tagger.tag_many(few, batch_tokens=arguments.batch_tokens))  # warm
    tried = take_turns(
        {str(size): lambda size=size: pipelines.tag(few, batch_size=size) for size in BATCH_SIZES}, repeats=1
    )
    best = int(min(tried, key=lambda size: tried[size].median))
    times = take_turns(
        {"pipelines": lambda: pipelines.tag(some, batch_size=best), "ours": ours}, repeats=arguments.repeats
    )
    with Busy(arguments.device) as busy:
        ours()
    agreement = compare(list(tagger.tag_many(few)), list(exact.tag_many(few)))
    passes = {id(each.encoder): each for each in tagger.scorers}.values()  # models that share a trunk take one
    per_second = sum(flops(scorer, some) for scorer in passes) / times["ours"].median
    card = describe().get("gpu", "")
    peak = next((number for name, number in PEAK.items() if name in card), None)
    return {
        "ratio_bulk": ratio(times["pipelines"], times["ours"]),
        "sessions_per_second": round(len(some) / times["ours"].median, 3),
        "sessions": len(some),
        "seconds": {name: each.to_dict() for name, each in times.items()},
        "pipelines_batch_size": best,
        "gpu_busy": busy.share,
        "operations_per_second": per_second,
        "model_flop_utilisation": per_second / peak if peak else None,
        "label_agreement": agreement.share,
        "machine": describe(),
    }


def flops(scorer: Any, transcripts: list[Any]) -> float:
    """Operations that the model's definition asks for: every window whole, without padding."""
    from action_recs.plan import make_plan
    from action_recs.windows import encode

    config = scorer.checkpoint().model.config
    width, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    total = 0.0
    for transcript in transcripts:
        plan = make_plan(transcript, encode(transcript, scorer.tokenizer), scorer.tokenizer, scorer.settings)
        for window in plan.inputs:
            length = len(window.tokens)
            total += layers * (2 * length * (4 * width**2 + 2 * width * inner) + 4 * length**2 * width)
    return total


class Busy:
    """Asks the driver ten times a second whether the GPU computes; a context manager. Nothing on other devices."""

    def __init__(self, device: str) -> None:
        self.on_gpu = device.startswith("cuda")
        self.seen: list[int] = []
        self.over = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    @property
    def share(self) -> float | None:
        """Mean of the driver's utilisation, between 0 and 1: the share of time in which any kernel ran."""
        return sum(self.seen) / len(self.seen) / 100 if self.seen else None

    def __enter__(self) -> Busy:
        if self.on_gpu:
            self.watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        if self.on_gpu:
            self.watcher.join()

    def _watch(self) -> None:
        import torch

        while not self.over.is_set():
            with contextlib.suppress(Exception):  # without the driver's library nothing is known, and nothing is said
                self.seen.append(torch.cuda.utilization())
            time.sleep(0.1)


if __name__ == "__main__":
    main()
