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
from action_recs.linking.features import LINK_FEATURES, SAME_FEATURES, Table
from action_recs.linking.passages import Rarity, lower_layers
from action_recs.linking.reader import CATEGORIES, Reader, corrected_encoder
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
    rarity : Rarity
    link, same : Scorer
        Whether a review looks back to an item; whether two recommendations of a session are one.
    reader : Reader
        Categories.
    adherence : TermModel
    """

    checkpoint: Checkpoint
    rarity: Rarity
    link: Scorer
    same: Scorer
    reader: Reader
    adherence: TermModel

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
        adherence = _terms("adherence", config, tensors, len(ADHERENCES))
        words = _terms("category", config, tensors, len(CATEGORIES))
        reader = _reader(checkpoint, tensors, words)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: cannot be read as a linking model ({type(error).__name__}); train it again"
        ) from None
    for name, expected in (("link", LINK_FEATURES), ("same", SAME_FEATURES)):
        if scorers[name].features != expected or scorers[name].weights.shape != (len(expected),):
            raise ModelError(f"{folder}/config.json: the {name} scorer knows other features; train it again")
    return LinkingModel(lower_layers(checkpoint), rarity, scorers["link"], scorers["same"], reader, adherence)


def _scorer(record: dict[str, Any]) -> Scorer:
    weights = {str(name): float(value) for name, value in record["weights"].items()}
    return Scorer(
        tuple(weights), np.array(list(weights.values())), float(record["intercept"]), float(record["threshold"])
    )


def _terms(name: str, config: Mapping[str, Any], tensors: dict[str, torch.Tensor], classes: int) -> TermModel:
    """The terms stand in ``config.json``, their rarity and weights are ``NAME.rarity`` and ``NAME.weights``."""
    record = config[name]
    terms = {str(term): row for row, term in enumerate(record["terms"])}
    weights = tensors.pop(f"{name}.weights").double().numpy()
    rarity = tensors.pop(f"{name}.rarity").double().numpy()
    intercept = np.array(record["intercept"], dtype=float)
    if weights.shape != (len(terms), classes) or rarity.shape != (len(terms),) or intercept.shape != (classes,):
        raise ValueError("terms and weights do not belong together")
    return TermModel(terms, rarity, weights, intercept)


def _reader(checkpoint: Checkpoint, tensors: Mapping[str, torch.Tensor], words: TermModel) -> Reader:
    """The corrections and the head are named ``category/NAME``."""
    own = {name.removeprefix("category/"): tensor.to(checkpoint.model.device) for name, tensor in tensors.items()}
    weight, bias = own.pop("head.weight").float(), own.pop("head.bias").float()
    return Reader(checkpoint, corrected_encoder(checkpoint, own), weight, bias, words)


def scorer_record(features: Sequence[str], weights: Table, intercept: float, threshold: float) -> dict[str, Any]:
    """A scorer as ``config.json`` holds it."""
    return {
        "threshold": round(float(threshold), 4),
        "intercept": round(float(intercept), 6),
        "weights": {name: round(float(weight), 6) for name, weight in zip(features, weights, strict=True)},
    }


def term_record(model: TermModel) -> dict[str, Any]:
    """Terms and intercept as ``config.json`` holds them."""
    return {
        "terms": sorted(model.terms, key=model.terms.__getitem__),
        "intercept": [round(float(each), 6) for each in model.intercept],
    }


@cache
def shipped_linking_model() -> LinkingModel:
    """The model that comes with the package, on the CPU; loaded at the first call."""
    return load_linking_model()
