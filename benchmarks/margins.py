"""How far half precision moves scores, how many windows are read again for it, and whether any label is still another.

    python -m benchmarks.margins                               # authored development sessions
    python -m benchmarks.margins --annomi AnnoMI-full.csv      # and AnnoMI's

The margins in ``action_recs/close_calls.py`` are chosen with it: about the most that a score moves. Every window
is read in both precisions, so it takes a while; ``--sessions`` reads a part, spread over all.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.dialogues import development
from benchmarks.machine import describe


@dataclass(frozen=True, slots=True)
class Read:
    """A session as one precision reads it, an entry an utterance: scores, and whether it has the label."""

    scores: np.ndarray
    labels: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv")
    parser.add_argument("--sessions", type=int, default=40, help="the most that are read")
    parser.add_argument("--models", type=Path, help="a folder with both checkpoints; the shipped ones by default")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    transcripts = development(arguments.annomi)
    results = measure(arguments.models, transcripts[:: max(1, len(transcripts) // arguments.sessions)])
    if arguments.json:
        print(json.dumps(results | {"machine": describe()}))
        return
    for task, found in results.items():
        print(task, *(f"{name} {figure}" for name, figure in found.items()), sep="\n    ")


def measure(models: Path | None, transcripts: list[Any]) -> dict[str, Any]:
    import torch

    from action_recs import Tagger
    from action_recs.close_calls import MARGINS, is_close
    from action_recs.plan import make_plan
    from action_recs.windows import encode

    torch.set_num_threads(1)
    tagger = Tagger.from_pretrained(models, precision="bf16")
    windows = dict.fromkeys(("all", "together", *(each.settings.task for each in tagger.scorers)), 0)
    reads: dict[str, list[tuple[Read, Read, Read]]] = {each.settings.task: [] for each in tagger.scorers}
    for transcript in transcripts:
        for encoder in {id(each.encoder): each.encoder for each in tagger.scorers}.values():
            together = [each for each in tagger.scorers if each.encoder is encoder]
            first = together[0]
            roles = {role for each in together for role in each.settings.task.roles}
            encoded = encode(transcript, first.tokenizer)
            plan = make_plan(transcript, encoded, first.tokenizer, first.settings, roles=roles)
            exact_encoder: Any = first.exact
            fast, exact = encoder.probabilities(plan.inputs), exact_encoder.probabilities(plan.inputs)
            close = {
                each.settings.task: [
                    is_close(table[:, each.columns], window, each.settings)
                    for table, window in zip(fast, plan.inputs, strict=True)
                ]
                for each in together
            }
            again = np.any(list(close.values()), axis=0)
            windows["all"] += len(again)
            windows["together"] += int(again.sum())
            careful = [slow if read else table for slow, table, read in zip(exact, fast, again, strict=True)]
            for each in together:
                windows[each.settings.task] += sum(close[each.settings.task])
                some = (_read(each, transcript, plan, tables) for tables in (fast, careful, exact))
                reads[each.settings.task].append(tuple(some))
    shares = {"windows": windows["all"], "read again, for any label": windows["together"]}
    return {
        task: shares | {"read again, for this one": windows[task], "margin, logits": MARGINS[task]} | _moves(some)
        for task, some in reads.items()
    }


def _read(scorer: Any, transcript: Any, plan: Any, tables: Any) -> Read:
    from action_recs.checkpoint import Task
    from action_recs.decoding import (
        by_utterance,
        find_recommendations,
        find_reviews,
        recommendation_scores,
        review_classes,
        review_scores,
    )

    found = plan.read_out(tables, scorer.columns)
    labels = np.zeros(len(transcript), dtype=bool)
    if scorer.settings.task is Task.RECOMMENDATION:
        tokens = by_utterance(plan.pieces, found, len(transcript))
        for span in find_recommendations(transcript, tokens, scorer.settings.decoding):
            labels[span.utterance] = True
        return Read(recommendation_scores(transcript, tokens), labels)
    classes = review_classes(plan.pieces, found, len(transcript))
    for run in find_reviews(classes, scorer.settings.decoding):
        labels[run.first : run.last + 1] = True
    return Read(review_scores(classes), labels)


def _moves(reads: list[tuple[Read, Read, Read]]) -> dict[str, Any]:
    fast, careful, exact = (
        Read(np.concatenate([each.scores for each in some]), np.concatenate([each.labels for each in some]))
        for some in zip(*reads, strict=True)
    )
    middling = (exact.scores > 0.02) & (exact.scores < 0.98)  # elsewhere no threshold lies
    moved = np.abs(_logits(fast.scores) - _logits(exact.scores))[middling]
    return {
        "utterances": len(exact.labels),
        "that have the label": int(exact.labels.sum()),
        "other labels in half precision": int((fast.labels != exact.labels).sum()),
        "other labels with close calls read again": int((careful.labels != exact.labels).sum()),
        "scores between 0.02 and 0.98": int(middling.sum()),
        "they move, logits, 90 % below": round(float(np.quantile(moved, 0.9)), 4),
        "99 % below": round(float(np.quantile(moved, 0.99)), 4),
        "the most": round(float(moved.max()), 4),
    }


def _logits(shares: np.ndarray) -> np.ndarray:
    bounded = np.clip(shares, 1e-6, 1 - 1e-6)
    found: np.ndarray = np.log(bounded / (1 - bounded))
    return found


if __name__ == "__main__":
    main()
