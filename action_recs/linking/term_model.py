"""A linear model on TF-IDF of the terms of a text: each term's part in the answer is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TermModel:
    """Trained weights.

    Attributes
    ----------
    terms : mapping of str to int
        The known terms, and their rows.
    rarity : array of shape (terms,)
        Inverse document frequencies.
    weights : array of shape (terms, classes)
    intercept : array of shape (classes,)

    Examples
    --------
    >>> model = TermModel({"yes": 0, "no": 1}, np.ones(2), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.0, 0.5]))
    >>> model.parts(["yes", "well"]).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    >>> model.log_probabilities(["yes", "well"]).round(2).tolist()
    [-0.47, -0.97]
    """

    terms: Mapping[str, int] = field(repr=False)
    rarity: Table = field(repr=False)
    weights: Table = field(repr=False)
    intercept: Table

    def parts(self, found: Sequence[str]) -> Table:
        """What each term of a text adds to the scores of the classes, shape (terms of the text, classes).

        Terms that are not known add nothing; the part of one that occurs several times is shared by the places.
        """
        table = np.zeros((len(found), len(self.intercept)))
        known = [place for place, term in enumerate(found) if term in self.terms]
        if not known:
            return table
        rows = np.array([self.terms[found[place]] for place in known])
        counts = np.bincount(rows, minlength=len(self.terms))
        values = np.where(counts > 0, (1 + np.log(np.maximum(counts, 1))) * self.rarity, 0.0)
        each = values / (float(np.linalg.norm(values)) or 1.0) / np.maximum(counts, 1)
        table[known] = each[rows, None] * self.weights[rows]
        return table

    def log_probabilities(self, found: Sequence[str]) -> Table:
        """Of the classes, shape (classes,)."""
        return log_softmax(self.parts(found).sum(axis=0) + self.intercept)


def log_softmax(scores: Table) -> Table:
    """From scores to logarithms of probabilities."""
    raised = scores - scores.max()
    return np.asarray(raised - np.log(np.exp(raised).sum()))
