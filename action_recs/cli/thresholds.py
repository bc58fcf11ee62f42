"""``--threshold`` and ``--precision``: when something is found, in place of what the checkpoints say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from action_recs.errors import ConfigError
from action_recs.session import Label

METRICS = "metrics.json"
"""Beside the checkpoints, as ``action-recs evaluate --output`` writes it: with the curve of each of them."""


def parse_thresholds(values: Sequence[str]) -> dict[Label, float]:
    """Read the values of ``--threshold``.

    Examples
    --------
    >>> parse_thresholds(["0.8", "review=0.6"])[Label.REVIEW]
    0.6
    """
    found: dict[Label, float] = {}
    for value in values:
        name, _, number = value.rpartition("=")
        labels = [label for label in Label if name.strip() in ("", label.value)]
        try:
            threshold = float(number)
        except ValueError:
            threshold = -1.0
        if not labels or not 0 <= threshold <= 1:
            raise ConfigError("--threshold: write a number from 0 to 1, or such as 'recommendation=0.8'")
        found |= dict.fromkeys(labels, threshold)
    return found


def thresholds_for(precision: float, models: Path) -> dict[Label, float]:
    """The lowest threshold at which each checkpoint reached a precision of utterances when it was measured.

    Raises
    ------
    ConfigError
        When no curve of precision by threshold lies beside the checkpoints, or it never reaches that precision.
    """
    if not 0 < precision <= 1:
        raise ConfigError("--precision: write a number above 0 and up to 1")
    path = models / METRICS
    found = {}
    for label in Label:
        try:
            curve = json.loads(path.read_text(encoding="utf-8"))[label.value]["curve"]
            points = list(zip(curve["thresholds"], curve["precision"], strict=True))
            reached = [float(threshold) for threshold, share in points if float(share) >= precision]
        except (OSError, KeyError, TypeError, ValueError):
            remedy = "measure it with action-recs evaluate, and give what it prints with --threshold"
            raise ConfigError(f"{path}: holds no precision by threshold of the {label.value}s; {remedy}") from None
        if not reached:
            raise ConfigError(
                f"{path}: {label.value}s reach a precision of {precision:g} at no threshold; ask for less"
            )
        found[label] = min(reached)
    return found
