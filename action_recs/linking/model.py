"""What was learned about links, restatements, categories and adherence: a folder beside the two checkpoints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from action_recs.checkpoint import SHIPPED, Checkpoint, Task, load_checkpoint
from action_recs.errors import ModelError
from action_recs.linking.adherence import ADHERENCES
from action_recs.linking.category import CATEGORIES
from action_recs.linking.context_reader import ContextReader
from action_recs.linking.features import LINK_FEATURES, SAME_FEATURES, Table
from action_recs.linking.meanings import Meanings, corrected_encoder
from action_recs.linking.passages import Rarity, lower_layers
from action_recs.linking.reader import Reader
from action_recs.linking.term_model import TermModel
from action_recs.manifest import check_manifest

if TYPE_CHECKING:
    import torch

FOLDER = SHIPPED / "linking"
NEEDED = ("config.json", "model.safetensors")


@dataclass(frozen=True, slots=True)
class Scorer:
    """A logistic regression: from the features of pairs to probabilities.

    Attributes
    ----------
    features : tuple of str
        The columns it was trained on.
    weights : array of shape (columns,)
    intercept : float
    threshold : float
        The probability from which on a pair belongs together.
    """

    features: tuple[str, ...]
    weights: Table
    intercept: float
    threshold: float

    def __call__(self, table: Table) -> Table:
        """Probabilities of pairs, shape (...), from features of shape (..., columns)."""
        scores = np.clip(table @ self.weights + self.intercept, -50, 50)
        return np.asarray(1 / (1 + np.exp(-scores)))


@dataclass(frozen=True, slots=True)
class LinkingModel:
    """All that :func:`action_recs.linking.follow_up` needs.

    Attributes
    ----------
    checkpoint : Checkpoint
        The lower layers of the recommendation encoder, whose states are compared.
    meanings : Meanings
        What texts mean.
    rarity : Rarity
    link, same : Scorer
        Whether a review looks back to an item; whether two recommendations of a session are one.
    category, adherence : Reader
    in_context : ContextReader
        Whose opinion of categories and adherence counts beside theirs.
    """

    checkpoint: Checkpoint
    meanings: Meanings
    rarity: Rarity
    link: Scorer
    same: Scorer
    category: Reader
    adherence: Reader
    in_context: ContextReader

    def __repr__(self) -> str:
        return f"LinkingModel({self.checkpoint!r})"


def load_linking_model(path: str | Path = FOLDER, *, checkpoint: Checkpoint | None = None) -> LinkingModel:
    """Load a folder that ``training/linking.py`` wrote.

    Parameters
    ----------
    path : path
    checkpoint : Checkpoint, optional
        The recommendation checkpoint it was trained with; the shipped one by default.

    Raises
    ------
    ModelError
        When the folder or a file of it is missing, broken, or was trained with another checkpoint or other features.
    """
    folder = Path(path)
    if missing := [name for name in NEEDED if not (folder / name).is_file()]:
        raise ModelError(f"{folder}: {', '.join(missing)} is missing; train it with training/linking.py")
    check_manifest(folder, required=folder.resolve().is_relative_to(SHIPPED.resolve()))
    checkpoint = checkpoint or load_checkpoint(SHIPPED / "recommendation", Task.RECOMMENDATION)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        tensors = load_file(folder / "model.safetensors")
        scorers = {name: _scorer(config[name]) for name in ("link", "same")}
        rarity = Rarity(
            {str(word): float(value) for word, value in config["rarity"]["words"].items()},
            float(config["rarity"]["unknown"]),
            tensors.pop("rarity.tokens").float().numpy(),
        )
        category = _reader("category", config, tensors, len(CATEGORIES))
        adherence = _reader("adherence", config, tensors, len(ADHERENCES))
        in_context = _in_context(checkpoint, tensors)
        meanings = _meanings(checkpoint, tensors)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: cannot be read as a linking model ({type(error).__name__}); train it again"
        ) from None
    for name, expected in (("link", LINK_FEATURES), ("same", SAME_FEATURES)):
        if scorers[name].features != expected or scorers[name].weights.shape != (len(expected),):
            raise ModelError(f"{folder}/config.json: the {name} scorer knows other features; train it again")
    link, same = scorers["link"], scorers["same"]
    return LinkingModel(lower_layers(checkpoint), meanings, rarity, link, same, category, adherence, in_context)


def _scorer(record: dict[str, Any]) -> Scorer:
    weights = {str(name): float(value) for name, value in record["weights"].items()}
    return Scorer(
        tuple(weights), np.array(list(weights.values())), float(record["intercept"]), float(record["threshold"])
    )


def _reader(name: str, config: Mapping[str, Any], tensors: dict[str, torch.Tensor], classes: int) -> Reader:
    """The terms stand in ``config.json``; their rarity and weights, and those of meanings, are ``NAME.…`` tensors."""
    record = config[name]
    terms = {str(term): row for row, term in enumerate(record["terms"])}
    weights, rarity, meaning = (
        tensors.pop(f"{name}.{kind}").double().numpy() for kind in ("weights", "rarity", "meaning")
    )
    words = TermModel(terms, rarity, weights, np.array(record["intercept"], dtype=float))
    share = float(record["context_share"])
    reader = Reader(words, meaning, np.array(record["meaning_intercept"], dtype=float), share)
    if (
        weights.shape != (len(terms), classes)
        or rarity.shape != (len(terms),)
        or meaning.shape[1:] != (classes,)
        or any(each.shape != (classes,) for each in (words.intercept, reader.intercept))
    ):
        raise ValueError("terms and weights do not belong together")
    return reader


def _in_context(checkpoint: Checkpoint, tensors: Mapping[str, torch.Tensor]) -> ContextReader:
    """The corrections are named ``contexts/NAME``, what lies over them ``QUESTION.top`` and ``.top_intercept``."""
    device, width = checkpoint.model.device, 2 * int(checkpoint.model.config.hidden_size)
    tops = {}
    for question, classes in (("category", CATEGORIES), ("adherence", ADHERENCES)):
        weights, intercepts = (tensors[f"{question}.{kind}"].float().to(device) for kind in ("top", "top_intercept"))
        if weights.shape != (len(classes), width) or intercepts.shape != (len(classes),):
            raise ValueError("what lies over the encoder does not belong to it")
        tops[question] = (weights, intercepts)
    return ContextReader(checkpoint, corrected_encoder(checkpoint, _own(checkpoint, tensors, "contexts/")), tops)


def _meanings(checkpoint: Checkpoint, tensors: Mapping[str, torch.Tensor]) -> Meanings:
    """The corrections are named ``meanings/NAME``."""
    own = _own(checkpoint, tensors, "meanings/")
    mean = own.pop("mean").float().cpu().numpy()
    return Meanings(checkpoint, corrected_encoder(checkpoint, own), mean)


def _own(checkpoint: Checkpoint, tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    device = checkpoint.model.device
    return {name.removeprefix(prefix): each.to(device) for name, each in tensors.items() if name.startswith(prefix)}


def scorer_record(features: Sequence[str], weights: Table, intercept: float, threshold: float) -> dict[str, Any]:
    """A scorer as ``config.json`` holds it."""
    return {
        "threshold": round(float(threshold), 4),
        "intercept": round(float(intercept), 6),
        "weights": {name: round(float(weight), 6) for name, weight in zip(features, weights, strict=True)},
    }


def reader_record(reader: Reader) -> dict[str, Any]:
    """Terms, intercepts and the context's share as ``config.json`` holds them."""
    return {
        "terms": sorted(reader.words.terms, key=reader.words.terms.__getitem__),
        "intercept": [round(float(each), 6) for each in reader.words.intercept],
        "meaning_intercept": [round(float(each), 6) for each in reader.intercept],
        "context_share": reader.context_share,
    }


@cache
def shipped_linking_model() -> LinkingModel:
    """The model that comes with the package, on the CPU; loaded at the first call."""
    return load_linking_model()
