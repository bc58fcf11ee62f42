"""The loss: cross-entropy of every token that counts, weighted by class, and what teachers say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as functional
from datasets import Dataset

from action_recs.training.config import ClassWeights
from action_recs.training.labels import IGNORED


def class_weights(choice: ClassWeights, windows: Dataset, classes: Sequence[str]) -> torch.Tensor | None:
    """The weight of each class; None where all weigh the same.

    "balanced" and "root" leave the mean over the tokens of ``windows`` at 1, so that the learning rate means the same.
    A class that no token has weighs as much as the rarest one.

    Examples
    --------
    >>> windows = Dataset.from_dict({"labels": [[0, 0, 0, 1, -100]]})
    >>> class_weights("balanced", windows, ["O", "B-REVIEW"])
    tensor([0.6667, 2.0000])
    """
    if choice == "none":
        return None
    if isinstance(choice, Mapping):
        return torch.tensor([choice.get(name, 1.0) for name in classes])
    labels = np.concatenate([np.asarray(row) for row in windows["labels"]])
    counts = np.bincount(labels[labels != IGNORED], minlength=len(classes)).astype(float)
    rare = np.where(counts > 0, counts, counts[counts > 0].min())
    weights = 1 / rare if choice == "balanced" else 1 / np.sqrt(rare)
    return torch.tensor(weights * counts.sum() / (weights * counts).sum(), dtype=torch.float32)


@dataclass(frozen=True, slots=True)
class TokenLoss:
    """Sum over the tokens of a batch, divided by ``tokens``, those of the whole step.

    Attributes
    ----------
    weights : tensor of shape (classes,), optional
    soft : float
        Share of the teachers; 0 without.
    temperature : float
        Of the teachers' and the student's probabilities where they are compared (Hinton, Vinyals & Dean 2015,
        Distilling the knowledge in a neural network). The square of it keeps the gradient's size.
    """

    weights: torch.Tensor | None = None
    soft: float = 0.0
    temperature: float = 1.0

    def __call__(self, logits: torch.Tensor, batch: Mapping[str, torch.Tensor], tokens: torch.Tensor) -> torch.Tensor:
        """The loss of logits of shape (windows, tokens, classes)."""
        labels = batch["labels"]
        logits = logits.float()
        weights = None if self.weights is None else self.weights.to(logits.device)
        hard = functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), weight=weights, ignore_index=IGNORED, reduction="none"
        ).view_as(labels)
        if "soft" not in batch:
            return hard.sum() / tokens
        taught = batch["soft"].clamp(min=1e-6) ** (1 / self.temperature)
        taught = taught / taught.sum(-1, keepdim=True)
        said = functional.log_softmax(logits / self.temperature, dim=-1)
        distance = (taught * (taught.log() - said)).sum(-1) * self.temperature**2
        distance = distance * ((labels != IGNORED) & (batch["soft"].sum(-1) > 0))
        share = torch.where(batch["labelled"], self.soft, 1.0)[:, None]  # of the unlabelled, only teachers know
        return ((1 - share) * hard + share * distance).sum() / tokens
