"""The settings of a training run: a YAML file whose every field is checked before anything starts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from action_recs.annotation.collection import SETS
from action_recs.checkpoint import Task
from action_recs.decoding import DecodingSettings
from action_recs.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What ``training/train.py`` needs to know.

    Attributes
    ----------
    task : Task
        ``recommendation`` or ``review``.
    base : str
        The encoder to start from: a folder or a hub name.
    mix : mapping of str to float
        How much of each set one pass takes: 1 is all of it, 0.5 a random half of its sessions, 2 all of it twice.
    passes : int
        How often the data is gone through.
    window_tokens, overlap_tokens : int
        Windows in training and after; the overlap counts in reading only.
    batch_windows : int
        Windows a step.
    learning_rate, weight_decay, warmup : float
        AdamW, and the share of steps over which the rate rises; it falls linearly after.
    recognised, wrong_speakers : float
        The probability that a session is read as a recogniser, or a diariser, would have written it.
    masked : float
        The share of tokens that are hidden in training.
    vocabulary : int, optional
        Keep this many of the encoder's first tokens and those that the training sessions hold; drop the others.
    train_embeddings : bool
        Whether the word embeddings are trained too. Left as they are, words that the sessions lack keep their place
        among those that they hold.
    evaluations : int
        How often the development sessions are read during the run.
    evaluate_on : list of str
        The sets whose mean F1 chooses the checkpoint.
    keep : int
        How many of the evaluated checkpoints are kept, the latest ones and the best, so that they can be averaged.
    patience : int
        Evaluations without a gain after which training stops.
    seed : int
    decoding : mapping, optional
        Threshold, floor and split to ship with the checkpoint, in place of those that the development sessions choose.
    """

    task: Task
    base: str
    mix: Mapping[str, float]
    passes: int = 4
    window_tokens: int = 384
    overlap_tokens: int = 128
    batch_windows: int = 8
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    warmup: float = 0.06
    recognised: float = 0.15
    wrong_speakers: float = 0.1
    masked: float = 0.0
    vocabulary: int | None = None
    train_embeddings: bool = True
    evaluations: int = 8
    evaluate_on: tuple[str, ...] = field(default=("annomi", "authored"))
    keep: int = 2
    patience: int = 3
    seed: int = 0
    decoding: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            if not getattr(self, name) >= least:  # so that "not a number" is refused too
                raise ConfigError(f"{name}: must be at least {least}, not {getattr(self, name)}")
        for name in ("recognised", "wrong_speakers", "masked", "warmup"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name}: must lie between 0 and 1, not {getattr(self, name)}")
        if self.vocabulary is not None and self.vocabulary < 0:
            raise ConfigError(f"vocabulary: must be at least 0, not {self.vocabulary}")
        if self.decoding is not None and (
            set(self.decoding) != _DECODING or not all(0 <= rate <= 1 for rate in self.decoding.values())
        ):
            raise ConfigError(f"decoding: give {', '.join(sorted(_DECODING))}, each between 0 and 1")
        if not self.mix or not all(0 < share < float("inf") for share in self.mix.values()):
            raise ConfigError("mix: name at least one set, each with a share above 0")
        if not self.evaluate_on:
            raise ConfigError("evaluate_on: name at least one set")
        for place, names in (("mix", self.mix), ("evaluate_on", self.evaluate_on)):
            for name in names:
                if name not in SETS:
                    raise ConfigError(f"{place}: no set {name!r}{_nearest(name, SETS)}; there are {', '.join(SETS)}")
        if self.overlap_tokens * 2 > self.window_tokens:
            raise ConfigError("overlap_tokens: at most half of window_tokens")


_DECODING = {each.name for each in fields(DecodingSettings)}
_LEAST = {
    "passes": 1,
    "window_tokens": 32,
    "overlap_tokens": 0,
    "batch_windows": 1,
    "evaluations": 1,
    "patience": 1,
    "keep": 1,
    "learning_rate": 1e-8,
    "weight_decay": 0,
}


def load_config(path: str | Path, overrides: Iterable[str] = ()) -> TrainingConfig:
    """Read a YAML file, and apply ``key=value`` overrides, whose values are YAML too.

    Raises
    ------
    ConfigError
        With the nearest known name for an unknown key, and for values of the wrong type or out of range.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text ({type(error).__name__})") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected 'key: value' lines")
    for override in overrides:
        name, equals, value = override.partition("=")
        if not equals:
            raise ConfigError(f"--set {override}: write key=value")
        try:
            values[name.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f"--set {override}: the value is not valid YAML") from None
    return config_from(values, source=str(path))


def config_from(values: Mapping[str, Any], *, source: str) -> TrainingConfig:
    """Check every field, and make the configuration."""
    known = {each.name: each for each in fields(TrainingConfig)}
    for name in values:
        if name not in known:
            raise ConfigError(f"{source}: unknown key {name!r}{_nearest(name, known)}")
    if missing := [name for name, each in known.items() if each.default is MISSING and name not in values]:
        raise ConfigError(f"{source}: {', '.join(missing)} must be given")
    types = get_type_hints(TrainingConfig)
    return TrainingConfig(**{name: _typed(name, value, types[name], source) for name, value in values.items()})


def _typed(name: str, value: Any, kind: Any, source: str) -> Any:
    try:
        if kind is Task:
            return Task(value)
        if kind is float and not isinstance(value, bool):
            return float(value)  # YAML reads 1e-4 as a string
        if kind in (int, str, bool) and type(value) is kind:
            return value
        if name == "vocabulary" and (value is None or type(value) is int):
            return value
        if name in ("mix", "decoding"):
            return {key: float(share) for key, share in value.items()}
        if name == "evaluate_on" and isinstance(value, list):
            return tuple(map(str, value))
    except (ValueError, TypeError, AttributeError):
        pass
    raise ConfigError(f"{source}: {name} cannot be {value!r}")


def _nearest(name: str, known: Iterable[str]) -> str:
    match = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {match[0]!r}?" if match else ""
