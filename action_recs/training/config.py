"""The settings of a training run: a YAML file whose every field is checked before anything starts."""

from __future__ import annotations

import dataclasses
import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from action_recs.annotation.collection import SETS
from action_recs.checkpoint import Task
from action_recs.decoding import DecodingSettings
from action_recs.errors import ConfigError
from action_recs.yaml_keys import load_yaml

OWN = "own"
"""The set of the sessions that ``--data`` names."""

UNLABELLED = "unlabelled"
"""The set of the transcripts that ``--unlabelled`` names: nobody annotated them, teachers read them."""

SHIPPED_BASE = "shipped"
"""The base that stands for the checkpoint of the task that comes with the package."""

RECIPES = Path(__file__).parent / "recipes"
"""Recipes that come with the package, to be named instead of a file."""

ClassWeights = Literal["none", "root", "balanced"] | Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LoraConfig:
    """Low-rank adaptation: the encoder stays as it is, and small matrices beside its layers are trained.

    Attributes
    ----------
    r : int
        Rank of the matrices.
    alpha : int
        Their weight, divided by ``r``.
    dropout : float
    targets : "auto" or list of str
        The layers' names, such as "query"; "auto" takes every linear layer of the encoder.
    top : int, optional
        Only in so many of the encoder's uppermost blocks; nothing goes back through those below, nor into the role
        markers, which saves time.
    merge : bool
        Write an ordinary checkpoint, with the matrices added to the weights, instead of an adapter beside its base.

    References
    ----------
    Hu et al. (2022), LoRA: Low-rank adaptation of large language models. ICLR.
    """

    r: int = 8
    alpha: int = 16
    dropout: float = 0.1
    targets: Literal["auto"] | tuple[str, ...] = "auto"
    top: int | None = None
    merge: bool = False

    def __post_init__(self) -> None:
        _at_least(self, {"r": 1, "alpha": 1, "top": 1})
        _shares(self, ["dropout"])
        if not self.targets:
            raise ConfigError("lora.targets: auto, or at least one layer's name")


@dataclass(frozen=True, slots=True)
class DistillConfig:
    """What a student takes over from its teachers (see :mod:`action_recs.training.distillation`).

    Attributes
    ----------
    teachers : list of str
        Checkpoint folders of the task, folders of a pair, or "shipped"; several are averaged. Where both tasks are
        trained together, pairs only.
    temperature : float
        Divides the logits of both sides: above 1, what a teacher holds for unlikely counts for more.
    soft : float
        Share of the teachers in the loss, between 0 and 1; the rest is the annotators' labels.
    hidden : float
        Weight of the distance between the student's and the teachers' mean hidden states of each utterance; 0: none.
    """

    teachers: tuple[str, ...]
    temperature: float = 2.0
    soft: float = 0.7
    hidden: float = 0.0

    def __post_init__(self) -> None:
        _at_least(self, {"temperature": 0.1, "hidden": 0})
        _shares(self, ["soft"])
        if not self.teachers:
            raise ConfigError("distill.teachers: name at least one checkpoint folder")


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """What a training run needs to know.

    Attributes
    ----------
    task : Task
        ``recommendation`` or ``review``.
    base : str
        What to start from: "shipped", the folder of a checkpoint, of a pair of them (``recommendation/`` and
        ``review/``) or of an encoder, or a hub name.
    mix : mapping of str to float
        How much of each set one pass takes: 1 is all of it, 0.5 a random half of its sessions, 2 all of it twice.
        "own" is what ``--data`` names, "unlabelled" what ``--unlabelled`` does; the other sets are those of
        ``annotations/``.
    learn_development : list of str
        Sets of the mix whose development sessions are learnt from too: for the last run, when all has been chosen and
        what the recipe is worth is known from folds (``training/folds.py``). Not what the run is measured on.
    passes : int
        How often the data is gone through.
    window_tokens, overlap_tokens : int or "auto"
        Windows in training and after; the overlap counts in reading only. "auto" takes those of the checkpoint that is
        started from, else what the encoder reads, and a third of it.
    batch_windows : int
        Windows that go through the model at once.
    batch_tokens : int, optional
        In place of ``batch_windows``: as many windows as fit into so many tokens, padding included. What memory allows.
    step_tokens : int, optional
        Tokens of all devices that a step learns from: batches are accumulated until about so many. None: one batch.
    learning_rate, weight_decay, warmup : float
        AdamW, and the share of steps over which the rate rises; it falls linearly after.
    precision : {"auto", "fp32", "bf16", "fp16"}
        "auto" takes what the device is fast in: bf16 where it has it, else fp16 on a GPU, else fp32.
    class_weights : {"none", "root", "balanced"}, mapping of class to float, or a list of these
        Weight of a token in the loss, by its class. "balanced" is inverse to how many tokens the class has, "root" to
        the root of it; both leave the mean over the training tokens at 1. Of a list, ``folds`` choose one.
    recognised, wrong_speakers : float
        The probability that a session is read as a recogniser, or a diariser, would have written it.
    masked : float
        The share of tokens that are hidden in training.
    vocabulary : int, optional
        Keep this many of the encoder's first tokens and those that the training sessions hold; drop the others.
    train_embeddings : bool
        Whether the word embeddings are trained too. Left as they are, words that the sessions lack keep their place
        among those that they hold.
    trained_blocks : int, optional
        Train only so many of the encoder's uppermost blocks, and leave the embeddings as they are; what lies below is
        computed but not learnt, which saves up to half of the time. Not with ``lora``, which has its own ``top``.
    lora : LoraConfig, optional
    distill : DistillConfig, optional
    folds : int, optional
        For small sets: divide the own clients into so many parts, train without each in turn, choose thresholds and
        class weights on what was left out, then train on everything.
    development_share : float
        Share of the own clients that is kept for development where there are no folds and no ``--development``.
    evaluations : int
        How often the development sessions are read during the run.
    stop_after : int, optional
        Evaluations after which the run ends, before its learning rate has fallen to nothing: for checkpoints that are
        averaged afterwards.
    evaluate_on : list of str
        The sets whose mean F1 chooses the checkpoint; by default "own" where it is part of the mix.
    keep : int
        How many of the evaluated checkpoints are kept, the latest ones and the best, so that they can be averaged.
    patience : int
        Evaluations without a gain after which training stops.
    report_to : str or list of str
        Trackers that the Hugging Face Trainer knows ("tensorboard", "wandb", "mlflow"), or "none".
    seed : int
    decoding : mapping, optional
        Threshold, floor and split to ship with the checkpoint, in place of those that the development sessions choose.
    """

    task: Task
    base: str
    mix: Mapping[str, float]
    learn_development: tuple[str, ...] = ()
    passes: int = 4
    window_tokens: int | Literal["auto"] = "auto"
    overlap_tokens: int | Literal["auto"] = "auto"
    batch_windows: int = 8
    batch_tokens: int | None = None
    step_tokens: int | None = None
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    warmup: float = 0.06
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    class_weights: ClassWeights | tuple[ClassWeights, ...] = "none"
    recognised: float = 0.15
    wrong_speakers: float = 0.1
    masked: float = 0.0
    vocabulary: int | None = None
    train_embeddings: bool = True
    trained_blocks: int | None = None
    lora: LoraConfig | None = None
    distill: DistillConfig | None = None
    folds: int | None = None
    development_share: float = 0.25
    evaluations: int = 8
    stop_after: int | None = None
    evaluate_on: tuple[str, ...] = ("annomi", "authored")
    keep: int = 2
    patience: int = 3
    report_to: str | tuple[str, ...] = "none"
    seed: int = 0
    decoding: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        _at_least(self, _LEAST)
        _shares(self, ["recognised", "wrong_speakers", "masked", "warmup", "development_share"])
        if self.decoding is not None and (
            set(self.decoding) != _DECODING or not all(0 <= rate <= 1 for rate in self.decoding.values())
        ):
            raise ConfigError(f"decoding: give {', '.join(sorted(_DECODING))}, each between 0 and 1")
        if not self.mix or not all(0 < share < float("inf") for share in self.mix.values()):
            raise ConfigError("mix: name at least one set, each with a share above 0")
        if not self.evaluate_on:
            raise ConfigError("evaluate_on: name at least one set")
        known = (OWN, UNLABELLED, *SETS)
        for place, names in (("mix", self.mix), ("evaluate_on", self.evaluate_on)):
            for name in names:
                if name not in known:
                    raise ConfigError(f"{place}: no set {name!r}{_nearest(name, known)}; there are {', '.join(known)}")
        window, overlap = self.window_tokens, self.overlap_tokens
        if isinstance(window, int) and isinstance(overlap, int) and overlap * 2 > window:
            raise ConfigError("overlap_tokens: at most half of window_tokens")
        if self.batch_tokens is not None and isinstance(window, int) and self.batch_tokens < window:
            raise ConfigError(f"batch_tokens: at least one window of {window} tokens")
        self._check_weights()
        for name in self.learn_development:
            if name not in self.mix or name not in SETS or name in self.evaluate_on:
                raise ConfigError(
                    f"learn_development: {name!r} must be one of the project's sets ({', '.join(SETS)}), in the mix "
                    "and not in evaluate_on"
                )
        if UNLABELLED in self.mix and self.distill is None:
            raise ConfigError(f"mix: of the set {UNLABELLED} only teachers know anything; name some under distill")
        if UNLABELLED in self.evaluate_on:
            raise ConfigError(f"evaluate_on: nobody annotated the set {UNLABELLED}")
        if self.lora is not None and self.distill is not None and self.distill.hidden:
            raise ConfigError("distill.hidden: not with lora, whose encoder stays as it is")
        if self.folds is not None and OWN not in self.mix:
            raise ConfigError(f"folds: divide the set {OWN}, which the mix lacks")
        if self.lora is not None and self.trained_blocks is not None:
            raise ConfigError("trained_blocks: not with lora; set lora.top in its place")
        if self.lora is not None and self.vocabulary is not None:
            raise ConfigError("vocabulary: an adapter needs its base's whole vocabulary; leave lora or vocabulary out")

    def _check_weights(self) -> None:
        several = isinstance(self.class_weights, tuple)
        if several and self.folds is None:
            raise ConfigError("class_weights: several are compared on folds; set folds, or give one")
        if several and not self.class_weights:
            raise ConfigError("class_weights: the list is empty")
        for weights in self.weight_choices:
            if isinstance(weights, Mapping):
                for name, weight in weights.items():
                    if name not in self.task.classes:
                        known = self.task.classes
                        raise ConfigError(
                            f"class_weights: no class {name!r}{_nearest(name, known)}; there are {', '.join(known)}"
                        )
                    if not 0 < weight < float("inf"):
                        raise ConfigError(f"class_weights: {name} must be above 0, not {weight}")

    @property
    def weight_choices(self) -> tuple[ClassWeights, ...]:
        """The class weights to compare; one where there is nothing to choose."""
        return self.class_weights if isinstance(self.class_weights, tuple) else (self.class_weights,)


_DECODING = {each.name for each in fields(DecodingSettings)}
_LEAST = {
    "passes": 1,
    "window_tokens": 32,
    "overlap_tokens": 0,
    "batch_windows": 1,
    "batch_tokens": 32,
    "step_tokens": 1,
    "evaluations": 1,
    "patience": 1,
    "keep": 1,
    "learning_rate": 1e-8,
    "weight_decay": 0,
    "vocabulary": 0,
    "trained_blocks": 1,
    "stop_after": 1,
    "folds": 2,
}


def _at_least(config: Any, least: Mapping[str, float]) -> None:
    for name, lowest in least.items():
        value = getattr(config, name)
        if value is not None and value != "auto" and not lowest <= value < float("inf"):  # nor "not a number"
            raise ConfigError(f"{name}: must be at least {lowest}, and finite, not {value}")


def _shares(config: Any, names: Iterable[str]) -> None:
    for name in names:
        if not 0 <= getattr(config, name) <= 1:
            raise ConfigError(f"{name}: must lie between 0 and 1, not {getattr(config, name)}")


def load_config(path: str | Path, overrides: Iterable[str] = ()) -> TrainingConfig:
    """Read a YAML file, and apply ``key=value`` overrides, whose values are YAML too.

    Parameters
    ----------
    path : path
        A file, or the name of a recipe that comes with the package: "recommendation", "review".
    overrides : iterable of str
        ``passes=2``, or ``lora.r=4`` for a key inside another.

    Raises
    ------
    ConfigError
        With the nearest known name for an unknown key, and for values of the wrong type or out of range.
    """
    file = Path(path)
    if not file.is_file() and (packaged := RECIPES / f"{path}.yaml").is_file():  # a folder may have a recipe's name
        file = packaged
    if not file.exists():
        recipes = sorted(each.stem for each in RECIPES.glob("*.yaml"))
        raise ConfigError(f"{path}: no such file, nor a recipe of the package ({', '.join(recipes)})")
    try:
        values = load_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text ({type(error).__name__})") from None
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{path}{line}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_line(error)}: not valid YAML") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected 'key: value' lines")
    if values and not values.keys() & {each.name for each in fields(TrainingConfig)}:  # so that it is not quoted
        raise ConfigError(f"{path}: holds no setting of a run; is it the right file?")
    for override in overrides:
        _override(values, override)
    return config_from(values, source=str(path))


def _line(error: yaml.YAMLError) -> str:
    """Where it is wrong. The error's own message quotes the line, which may be anybody's words."""
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark else ""


def _override(values: dict[str, Any], override: str) -> None:
    name, equals, written = override.partition("=")
    if not equals:
        raise ConfigError(f"--set {override}: write key=value")
    try:
        value = load_yaml(written)
    except yaml.YAMLError:
        raise ConfigError(f"--set {override}: the value is not valid YAML") from None
    outer, dot, inner = name.strip().partition(".")
    if not dot:
        values[outer] = value
    elif isinstance(values.setdefault(outer, {}), dict):
        values[outer] = values[outer] | {inner: value}
    else:
        raise ConfigError(f"--set {override}: {outer} holds no keys")


def config_from(values: Mapping[str, Any], *, source: str) -> TrainingConfig:
    """Check every field, and make the configuration."""
    values = dict(values)
    mix = values.get("mix")
    if "evaluate_on" not in values and isinstance(mix, Mapping) and OWN in mix:
        values["evaluate_on"] = [OWN]
    config: TrainingConfig = _made(TrainingConfig, values, source, within="")
    return config


def _made(kind: type, values: Mapping[str, Any], source: str, *, within: str) -> Any:
    known = {each.name: each for each in fields(kind)}
    for name in values:
        if name not in known:
            raise ConfigError(f"{source}: unknown key {f'{within}{name}'!r}{_nearest(name, known)}")
    if missing := [f"{within}{name}" for name, each in known.items() if _required(each) and name not in values]:
        raise ConfigError(f"{source}: {', '.join(missing)} must be given")
    hints = get_type_hints(kind)
    found = {}
    for name, value in values.items():
        try:
            found[name] = _typed(value, hints[name], source, f"{within}{name}")
        except (ValueError, TypeError):
            raise ConfigError(f"{source}: {within}{name} cannot be {value!r}") from None
    return kind(**found)


def _required(each: dataclasses.Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _typed(value: Any, kind: Any, source: str, name: str) -> Any:
    """The value as the type says; ValueError or TypeError when it is of another."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        for each in get_args(kind):
            try:
                return _typed(value, each, source, name)
            except (ValueError, TypeError):
                continue
        raise TypeError
    if origin is Literal and value in get_args(kind):
        return value
    if kind is types.NoneType and value is None:
        return None
    if kind is Task:
        return Task(value)
    if kind is float and not isinstance(value, bool):
        return float(value)  # YAML reads 1e-4 as a string
    if kind in (int, str, bool) and type(value) is kind:
        return value
    if dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
        return _made(kind, value, source, within=f"{name}.")  # type: ignore[arg-type]
    if origin is tuple and isinstance(value, list):
        return tuple(_typed(each, get_args(kind)[0], source, name) for each in value)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {str(key): _typed(each, get_args(kind)[1], source, name) for key, each in value.items()}
    raise TypeError


def _nearest(name: str, known: Iterable[str]) -> str:
    match = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {match[0]!r}?" if match else ""
