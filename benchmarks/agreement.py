"""Do the fast ways say what 32-bit floats say? Utterance labels, spans and runs compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from action_recs import Label, TaggedSession


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two taggings of the same sessions compare.

    Attributes
    ----------
    utterances : int
    same_labels : int
        Utterances with the same set of labels.
    largest_difference : float
        Of an utterance's score, between 0 and 1.
    """

    utterances: int
    same_labels: int
    largest_difference: float

    @property
    def share(self) -> float:
        return self.same_labels / max(self.utterances, 1)


def compare(tagged: Sequence[TaggedSession], reference: Sequence[TaggedSession]) -> Agreement:
    """Compare utterance by utterance."""
    pairs = [
        both
        for one, other in zip(tagged, reference, strict=True)
        for both in zip(one.utterances, other.utterances, strict=True)
    ]
    return Agreement(
        utterances=len(pairs),
        same_labels=sum(one.labels == other.labels for one, other in pairs),
        largest_difference=max(
            (abs(one.scores[label] - other.scores[label]) for one, other in pairs for label in Label), default=0.0
        ),
    )
