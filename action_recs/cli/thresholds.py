"""``--threshold`` and ``--precision``: a tagger that finds more, or less with more certainty, than by default.

A checkpoint may carry, beside its decoding settings, what precision its development split shows at what threshold:
``action_recs.precision`` in its ``config.json``, a list of ``{"threshold": 0.8, "precision": 0.9}``.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from action_recs.errors import ConfigError
from action_recs.session import Label

if TYPE_CHECKING:
    from action_recs.tagger import Tagger


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


def thresholds_for(precision: float, folders: Mapping[Label, Path]) -> dict[Label, float]:
    """The lowest threshold at which each checkpoint is known to reach a precision.

    Raises
    ------
    ConfigError
        When a checkpoint does not carry its precision by threshold, or never reaches it.
    """
    if not 0 < precision <= 1:
        raise ConfigError("--precision: write a number above 0 and up to 1")
    return {label: _threshold_for(precision, folder) for label, folder in folders.items()}


def with_thresholds(tagger: Tagger, thresholds: Mapping[Label, float]) -> Tagger:
    """A copy that decides by these thresholds; the models are shared."""
    changed = copy.copy(tagger)
    for label, threshold in thresholds.items():
        checkpoint = getattr(tagger, label.value)
        settings = replace(checkpoint.settings, decoding=replace(checkpoint.settings.decoding, threshold=threshold))
        setattr(changed, label.value, replace(checkpoint, settings=settings))
    return changed


def _threshold_for(precision: float, folder: Path) -> float:
    try:
        points = json.loads((folder / "config.json").read_text(encoding="utf-8"))["action_recs"]["precision"]
        reached = [float(each["threshold"]) for each in points if float(each["precision"]) >= precision]
    except (OSError, KeyError, TypeError, ValueError):
        remedy = "measure it with action-recs evaluate --precision, and give what that prints with --threshold"
        raise ConfigError(f"{folder}: does not carry its precision by threshold; {remedy}") from None
    if not reached:
        raise ConfigError(f"{folder}: reaches a precision of {precision:g} at no threshold; ask for less")
    return min(reached)
