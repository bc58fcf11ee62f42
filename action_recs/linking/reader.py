"""What class a text is of, told twice: from its words, and from what it means. Each knows what the other does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from action_recs.linking.meanings import Floats
from action_recs.linking.term_model import Table, TermModel, log_softmax


@dataclass(frozen=True, slots=True)
class Reader:
    """Two linear models.

    Attributes
    ----------
    words : TermModel
    weights : array of shape (columns, classes)
        Of the numbers that stand for meanings.
    intercept : array of shape (classes,)

    Examples
    --------
    >>> import numpy as np
    >>> words = TermModel({"yes": 0}, np.ones(1), np.array([[1.0, 0.0]]), np.zeros(2))
    >>> reader = Reader(words, np.array([[0.0, 2.0]]), np.zeros(2))
    >>> np.exp(reader.log_probabilities(["yes"], np.array([0.5]))).round(2).tolist()
    [0.5, 0.5]
    """

    words: TermModel
    weights: Table = field(repr=False)
    intercept: Table

    def log_probabilities(self, terms: Sequence[str], numbers: Floats) -> Table:
        """Of the classes, shape (classes,), from the terms of a text and the numbers that stand for its meaning."""
        return log_softmax(self.words.log_probabilities(terms) + self.from_meaning(numbers))

    def from_meaning(self, numbers: Floats) -> Table:
        """What the meaning alone says, as logarithms of probabilities."""
        return log_softmax(numbers.astype(float) @ self.weights + self.intercept)
