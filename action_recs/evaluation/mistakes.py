"""What a model got wrong, one by one, each with its cause: what a person reads before believing any figure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from action_recs.evaluation.measures import Case
from action_recs.evaluation.metrics import Extent
from action_recs.evaluation.schemes import Mark, marks, paired
from action_recs.session import Label


class Cause(StrEnum):
    """Why a mark counts as wrong."""

    MISSED = "missed"
    SPURIOUS = "spurious"
    BOUNDARY = "boundary"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mark that is not as it should be.

    Attributes
    ----------
    case : Case
        The session, gold and found.
    label : Label
    cause : Cause
        A form that is wrong comes before ends that are.
    gold, found : Mark or None
        None where it is spurious, or missed.
    """

    case: Case
    label: Label
    cause: Cause
    gold: Mark | None
    found: Mark | None

    @property
    def first(self) -> int:
        """The first utterance that it touches."""
        return min(place[0] for place in self._places())

    @property
    def last(self) -> int:
        """The last utterance that it touches, inclusive."""
        return max(place[1] for place in self._places())

    @property
    def score(self) -> float:
        """The model's highest score in those utterances."""
        return float(self.case.found.scores[self.first : self.last + 1].max(initial=0.0))

    def _places(self) -> list[tuple[int, int]]:
        return [_utterances(self.label, mark.extent) for mark in (self.gold, self.found) if mark]


def _utterances(label: Label, extent: Extent) -> tuple[int, int]:
    if label is Label.RECOMMENDATION:
        return extent[0], extent[0]
    return extent[1], extent[2] - 1


def mistakes(cases: Iterable[Case], label: Label) -> Iterator[Mistake]:
    """Every mistake, session after session."""
    for case in cases:
        gold, found = marks(case.gold, label), marks(case.found, label)
        pairs = paired(gold, found)
        for place, at in pairs:
            if gold[place].type != found[at].type:
                yield Mistake(case, label, Cause.FORM, gold[place], found[at])
            elif gold[place].extent != found[at].extent:
                yield Mistake(case, label, Cause.BOUNDARY, gold[place], found[at])
        there, taken = {place for place, _ in pairs}, {at for _, at in pairs}
        for place, mark in enumerate(gold):
            if place not in there:
                yield Mistake(case, label, Cause.MISSED, mark, None)
        for at, mark in enumerate(found):
            if at not in taken:
                yield Mistake(case, label, Cause.SPURIOUS, None, mark)


def drawn(found: Sequence[Mistake], most: int, *, seed: int = 0) -> dict[Cause, list[Mistake]]:
    """As many as a person reads: drawn at random within each cause, no cause crowded out by another.

    Parameters
    ----------
    found : sequence of Mistake
    most : int
        How many in all. Causes with few leave their share to the others.
    seed : int

    Returns
    -------
    dict of Cause to list of Mistake
        In the order of the sessions; every cause is there, also without any.
    """
    draw = random.Random(seed)  # noqa: S311 (draws examples, not secrets)
    by_cause = {cause: [place for place, each in enumerate(found) if each.cause is cause] for cause in Cause}
    shares = dict.fromkeys(Cause, 0)
    while sum(shares.values()) < min(most, len(found)):
        for cause in Cause:
            if shares[cause] < len(by_cause[cause]) and sum(shares.values()) < most:
                shares[cause] += 1
    return {cause: [found[at] for at in sorted(draw.sample(by_cause[cause], shares[cause]))] for cause in Cause}
