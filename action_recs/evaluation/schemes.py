"""Four ways to say that a marked stretch was found: strict, exact, partial and type, as nervaluate has them.

A gold and a found mark are paired where they share at least one per cent of the gold one, each at most once: marks with
the same ends first, then the best overlap. (nervaluate pairs in the order of its lists; where no mark overlaps two
others the counts are the same.) Every scheme judges the same pairs; what is left over was missed or is spurious.

Source: Segura-Bedmar, Martínez & Herrero-Zazo (2013), SemEval-2013 task 9; the package nervaluate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from action_recs.evaluation.metrics import Extent, Labelled, extents
from action_recs.session import Label

LEAST_SHARED = 0.01
"""Of the gold mark's length: what nervaluate takes for an overlap."""


class Verdict(StrEnum):
    """What a pair of marks is worth under a scheme."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch and its type: the form of a recommendation; all reviews are of one type."""

    extent: Extent
    type: str


Scheme = Callable[[Mark, Mark], Verdict]


def strict(gold: Mark, found: Mark) -> Verdict:
    """Both ends and the type are right."""
    return Verdict.CORRECT if gold == found else Verdict.INCORRECT


def exact(gold: Mark, found: Mark) -> Verdict:
    """Both ends are right, whatever the type."""
    return Verdict.CORRECT if gold.extent == found.extent else Verdict.INCORRECT


def partial(gold: Mark, found: Mark) -> Verdict:
    """Both ends are right; an overlap counts half. The type does not matter."""
    return Verdict.CORRECT if gold.extent == found.extent else Verdict.PARTIAL


def type_only(gold: Mark, found: Mark) -> Verdict:
    """The type is right; an overlap is enough."""
    return Verdict.CORRECT if gold.type == found.type else Verdict.INCORRECT


SCHEMES: dict[str, Scheme] = {"strict": strict, "exact": exact, "partial": partial, "type": type_only}


@dataclass(frozen=True, slots=True)
class SchemeCounts:
    """Marks by what a scheme makes of them.

    Examples
    --------
    >>> counts = SchemeCounts(correct=2, partial=2, spurious=1)
    >>> counts.precision, counts.recall, round(counts.f1, 3)
    (0.6, 0.75, 0.667)
    """

    correct: int = 0
    incorrect: int = 0
    partial: int = 0
    missed: int = 0
    spurious: int = 0

    def __add__(self, other: SchemeCounts) -> SchemeCounts:
        return SchemeCounts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def found(self) -> int:
        """Marks that were found (nervaluate: actual)."""
        return self.correct + self.incorrect + self.partial + self.spurious

    @property
    def gold(self) -> int:
        """Marks that there are (nervaluate: possible)."""
        return self.correct + self.incorrect + self.partial + self.missed

    @property
    def precision(self) -> float:
        return (self.correct + self.partial / 2) / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return (self.correct + self.partial / 2) / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        both = self.found + self.gold
        return (2 * self.correct + self.partial) / both if both else 0.0


def marks(session: Labelled, label: Label) -> list[Mark]:
    """Every mark of a label with its type, in the session's order."""
    if label is Label.RECOMMENDATION:
        types = [span.form.value for span in session.recommendations]
    else:
        types = [label.value] * len(session.reviews)
    return [Mark(extent, kind) for extent, kind in zip(extents(session, label), types, strict=True)]


def paired(gold: Sequence[Mark], found: Sequence[Mark]) -> list[tuple[int, int]]:
    """Indices of the gold and found marks that belong together, one to one."""
    candidates = []
    for place, one in enumerate(gold):
        for at, other in enumerate(found):
            shared = _shared(one.extent, other.extent)
            if shared and shared >= LEAST_SHARED * (one.extent[2] - one.extent[1]):
                union = max(one.extent[2], other.extent[2]) - min(one.extent[1], other.extent[1])
                candidates.append((-shared / union, one.type != other.type, place, at))
    pairs: list[tuple[int, int]] = []
    for *_, place, at in sorted(candidates):
        if all(place != taken and at != taken_at for taken, taken_at in pairs):
            pairs.append((place, at))
    return pairs


def judged(gold: Sequence[Mark], found: Sequence[Mark], scheme: Scheme) -> SchemeCounts:
    """Count what a scheme makes of the marks of one session.

    Examples
    --------
    >>> gold, found = [Mark((0, 4, 9), "casual")], [Mark((0, 4, 12), "casual")]
    >>> judged(gold, found, partial)
    SchemeCounts(correct=0, incorrect=0, partial=1, missed=0, spurious=0)
    """
    pairs = paired(gold, found)
    verdicts = [scheme(gold[place], found[at]) for place, at in pairs]
    return SchemeCounts(
        correct=verdicts.count(Verdict.CORRECT),
        incorrect=verdicts.count(Verdict.INCORRECT),
        partial=verdicts.count(Verdict.PARTIAL),
        missed=len(gold) - len(pairs),
        spurious=len(found) - len(pairs),
    )


def _shared(one: Extent, other: Extent) -> int:
    return max(min(one[2], other[2]) - max(one[1], other[1]), 0) if one[0] == other[0] else 0
