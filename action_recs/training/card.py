"""The card of a checkpoint that somebody trained, written from the run's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from action_recs.checkpoint import ReadingSettings
from action_recs.evaluation.card import FINDS, METRICS_OF
from action_recs.training.config import TrainingConfig


def run_card(
    config: TrainingConfig, settings: ReadingSettings, record: Mapping[str, Any], metrics: Mapping[str, Any]
) -> str:
    """``README.md`` of a run: what it was trained on, how well it reads, what it does not say.

    Parameters
    ----------
    record, metrics : mapping
        What ``run.json`` and ``metrics.json`` hold.
    """
    base = Path(config.base).name if Path(config.base).is_dir() else config.base
    return f"""\
---
language: en
library_name: transformers
pipeline_tag: token-classification
tags: [psychotherapy, action-recommendations, {config.task.value}]
---

# {config.task.value} model, trained from {base}

Finds {FINDS[config.task]}. Use it through `action_recs`, which lays windows of {settings.window_tokens} tokens and
decodes the scores with this checkpoint's settings (threshold {settings.decoding.threshold}, floor
{settings.decoding.floor}, split {settings.decoding.split}):

```python
tagger = action_recs.Tagger.from_pretrained({config.task.value}="this folder")
```

## Data

{_data(config, record["data"]["sets"])}

## Figures

{_figures(config, metrics)}

## How it was made

action_recs {record["action_recs"]}{_commit(record["git"])}, {", ".join(_versions(record["packages"]))}, on
{record["device"]} in {record["precision"]}, {record["processes"]} process{"es" if record["processes"] > 1 else ""},
{record["started"][:10]}. Every setting is in `training_config.json`, every file's hash in `run.json`, every evaluation
in `metrics.json`.

## What this card does not say

How the model does on sessions unlike those above: other clinics, other therapists, other ways of transcribing. On a
single session it is wrong at times; it is not for judging a clinician or for decisions about a client.
"""


def _data(config: TrainingConfig, sets: Mapping[str, Any]) -> str:
    lines = [f"| set | part | sessions | clients | {config.task.value}s marked |", "|---|---|---:|---:|---:|"]
    for part, members in sets.items():
        for name, held in members.items():
            cells = (name, part, held["sessions"], held["clients"], held[config.task.value])
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    mix = ", ".join(f"{share:g} of {name}" for name, share in config.mix.items())
    return "\n".join([*lines, "", f"Each of {config.passes} passes took {mix}."])


def _figures(config: TrainingConfig, metrics: Mapping[str, Any]) -> str:
    parts = []
    if folds := metrics["folds"]:
        parts.append(
            f"Each own session was read by a model that was trained without its client ({folds['folds']} folds), with "
            "decoding settings chosen without it. This checkpoint was then trained on all of them."
        )
        parts.append(_table(config, {"own": folds["out_of_fold"]}, metrics["start"]))
    if metrics["development"]:
        parts.append(
            "On development sessions, of clients that training did not see. The checkpoint and its decoding settings "
            "were chosen on them, so expect a little less on others."
        )
        parts.append(_table(config, metrics["development"], metrics["start"]))
    if metrics["start"]:
        parts.append("'Before' is the checkpoint that the run began with, as it was.")
    parts.append("Brackets: 95 % interval, bootstrap over clients.")
    return "\n\n".join(parts)


def _table(config: TrainingConfig, sets: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    lines = ["| what | data | F1 | precision | recall | gold | before |", "|---|---|---|---:|---:|---:|---|"]
    for name, words in METRICS_OF[config.task].items():
        for data, figures in sets.items():
            row = figures["metrics"][name]
            rates = " | ".join(f"{row[key]:.2f}" if key in row else "" for key in ("precision", "recall"))
            earlier = (before or {}).get(data)
            was = _interval(earlier["metrics"][name]) if earlier else ""
            lines.append(f"| {words} | {data} | {_interval(row)} | {rates} | {row.get('gold', '')} | {was} |")
    return "\n".join(lines)


def _interval(row: Mapping[str, Any]) -> str:
    estimate = row.get("f1") or row["accuracy"]
    return f"{estimate['value']:.2f} [{estimate['low']:.2f}, {estimate['high']:.2f}]"


def _commit(git: Mapping[str, Any] | None) -> str:
    if git is None:
        return ""
    return f" (commit {git['commit'][:12]}{', with changes' if git['dirty'] else ''})"


def _versions(packages: Mapping[str, str]) -> list[str]:
    return [f"{name} {packages[name]}" for name in ("torch", "transformers") if name in packages]
