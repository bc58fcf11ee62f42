"""What class a text is of, told from its words, from what it means, and by an encoder that reads it in its context.

Each knows what the others do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from action_recs.linking.meanings import Floats
from action_recs.linking.term_model import Table, TermModel, log_softmax


@dataclass(frozen=True, slots=True)
class Reader:
    """Two linear models, and how much a third opinion counts.

    Attributes
    ----------
    words : TermModel
    weights : array of shape (columns, classes)
        Of the numbers that stand for meanings.
    intercept : array of shape (classes,)
    context_share : float
        How much counts what a :class:`~action_recs.linking.context_reader.ContextReader` says; words and meaning
        count 1 each.

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
    context_share: float = 0.0

    def log_probabilities(self, terms: Sequence[str], numbers: Floats, in_context: Table | None = None) -> Table:
        """Of the classes, shape (classes,).

        Parameters
        ----------
        terms : sequence of str
            Of a text.
        numbers : array of float
            What stands for its meaning.
        in_context : array of float, shape (classes,), optional
            Logarithms of what a context reader holds for probable; without it, words and meaning alone are counted.
        """
        told = self.words.log_probabilities(terms) + self.from_meaning(numbers)
        return log_softmax(told if in_context is None else told + self.context_share * in_context)

    def from_meaning(self, numbers: Floats) -> Table:
        """What the meaning alone says, as logarithms of probabilities."""
        return log_softmax(numbers.astype(float) @ self.weights + self.intercept)
