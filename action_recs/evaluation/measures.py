"""What is measured, as sums: for every session a row of counts, and figures that are computed from sums of such rows.

So every figure has an interval (rows of drawn clients are summed), and two models can be compared (their rows are
exchanged). One measure is one function that counts and the figures that its counts give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.evaluation.bootstrap import Statistic
from action_recs.evaluation.metrics import (
    Counts,
    Labelled,
    extents,
    matched,
    recommendation_forms,
    utterances_with,
)
from action_recs.evaluation.reading import Reading
from action_recs.evaluation.schemes import SCHEMES, judged, marks
from action_recs.session import Form, Label

HALF = 0.5
"""Intersection over union from which two marks are taken for the same one."""


@dataclass(frozen=True, slots=True)
class Case:
    """A session as one annotator marked it, and as a model read it."""

    gold: AnnotatedSession
    found: Reading


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing to count, and what is computed from it.

    Attributes
    ----------
    counts : callable
        From a case to its row.
    columns : tuple of str
        What the numbers of the row are.
    figures : mapping of str to callable
        Name -> statistic of sums of rows.
    """

    counts: Callable[[Case], Sequence[float]]
    columns: tuple[str, ...]
    figures: Mapping[str, Statistic]

    def table(self, cases: Iterable[Case], clusters: Sequence[str]) -> NDArray[np.float64]:
        """The rows of the cases summed by cluster, shape (clusters, columns)."""
        place = {name: number for number, name in enumerate(clusters)}
        table = np.zeros((len(clusters), len(self.columns)))
        for case in cases:
            table[place[cluster_of(case.gold)]] += self.counts(case)
        return table


def cluster_of(session: AnnotatedSession) -> str:
    """Whose sessions depend on each other: the session's group, which is its client where the data says."""
    return session.group or session.transcript.client_id or session.id


def measures_of(label: Label) -> dict[str, Measure]:
    """Every measure of a label, by name."""
    found = {
        "utterance": Measure(partial(_utterances, label), DETECTED, RATES),
        "span": Measure(partial(_overlaps, label), DETECTED, RATES),
        **{f"span_{name}": Measure(partial(_scheme, label, name), JUDGED, SCHEME_RATES) for name in SCHEMES},
        "session_with": Measure(partial(_sessions, label), DETECTED, RATES),
        "prevalence": Measure(partial(_prevalence, label), ("sessions", "gold", "found"), PREVALENCE),
        "count": Measure(partial(_spans_a_session, label), DISTANCE, DISTANCES),
    }
    if label is Label.REVIEW:
        return found | {"review_percentage": Measure(_review_percentage, DISTANCE, DISTANCES)}
    for form in Form:
        found[f"span_{form.value}"] = Measure(partial(_overlaps, label, form=form), DETECTED, RATES)
    return found | {
        "form": Measure(_forms, ("right", "wrong"), {"accuracy": lambda sums: _ratio(sums[:, 0], sums.sum(1))})
    }


def _counted(counts: Counts) -> tuple[int, int, int]:
    return counts.true_positives, counts.false_positives, counts.false_negatives


def _utterances(label: Label, case: Case) -> Sequence[float]:
    """Utterances that carry the label."""
    gold, found = utterances_with(case.gold, label), utterances_with(case.found, label)
    return len(gold & found), len(found - gold), len(gold - found)


def _overlaps(label: Label, case: Case, form: Form | None = None) -> Sequence[float]:
    """Spans or runs that overlap by a half or more; with ``form``, those of that form on both sides."""
    gold, found = (_extents(side, label, form) for side in (case.gold, case.found))
    pairs = len(matched(gold, found, least=HALF))
    return pairs, len(found) - pairs, len(gold) - pairs


def _extents(side: Labelled, label: Label, form: Form | None) -> list[tuple[int, int, int]]:
    if form is None:
        return extents(side, label)
    return [(span.utterance, span.start, span.end) for span in side.recommendations if span.form is form]


def _scheme(label: Label, name: str, case: Case) -> Sequence[float]:
    """Marks as one of nervaluate's schemes judges them."""
    counts = judged(marks(case.gold, label), marks(case.found, label), SCHEMES[name])
    return counts.correct, counts.incorrect, counts.partial, counts.missed, counts.spurious


def _forms(case: Case) -> Sequence[float]:
    """The form of the spans that overlap by a half or more."""
    return _counted(recommendation_forms(case.gold, case.found))[:2]


def _held(side: Labelled, label: Label) -> int:
    return len(side.recommendations if label is Label.RECOMMENDATION else side.reviews)


def _sessions(label: Label, case: Case) -> Sequence[float]:
    """Sessions that hold the label at all."""
    gold, found = _held(case.gold, label) > 0, _held(case.found, label) > 0
    return gold and found, found and not gold, gold and not found


def _prevalence(label: Label, case: Case) -> Sequence[float]:
    return 1, _held(case.gold, label) > 0, _held(case.found, label) > 0


def _spans_a_session(label: Label, case: Case) -> Sequence[float]:
    return _distance(_held(case.gold, label), _held(case.found, label))


def _review_percentage(case: Case) -> Sequence[float]:
    """Share of the session's utterances that lie in reviews, in per cent."""
    length = max(len(case.gold.transcript), 1)
    gold, found = (100 * sum(map(len, side.reviews)) / length for side in (case.gold, case.found))
    return _distance(gold, found)


def _distance(gold: float, found: float) -> Sequence[float]:
    return 1, gold, found, abs(found - gold), gold * gold, found * found, gold * found


DETECTED = ("true_positives", "false_positives", "false_negatives")
JUDGED = ("correct", "incorrect", "partial", "missed", "spurious")
DISTANCE = ("sessions", "gold", "found", "distance", "gold_squared", "found_squared", "product")


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return shares


def _scheme_ratio(sums: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return _ratio(sums[:, 0] + sums[:, 2] / 2, whole)


def _correlation(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson's correlation over sessions, from sums; undefined where one side does not vary."""
    count, gold, found, _, gold_squared, found_squared, product = sums.T
    together = count * product - gold * found
    spread = (count * gold_squared - gold**2) * (count * found_squared - found**2)
    return _ratio(together, np.sqrt(np.where(spread > 1e-9, spread, 0.0)))


RATES: dict[str, Statistic] = {
    "f1": lambda sums: _ratio(2 * sums[:, 0], 2 * sums[:, 0] + sums[:, 1] + sums[:, 2]),
    "precision": lambda sums: _ratio(sums[:, 0], sums[:, 0] + sums[:, 1]),
    "recall": lambda sums: _ratio(sums[:, 0], sums[:, 0] + sums[:, 2]),
}

SCHEME_RATES: dict[str, Statistic] = {
    "f1": lambda sums: _scheme_ratio(2 * sums, 2 * sums[:, :3].sum(1) + sums[:, 3] + sums[:, 4]),
    "precision": lambda sums: _scheme_ratio(sums, sums[:, :3].sum(1) + sums[:, 4]),
    "recall": lambda sums: _scheme_ratio(sums, sums[:, :3].sum(1) + sums[:, 3]),
}

PREVALENCE: dict[str, Statistic] = {
    "gold": lambda sums: _ratio(sums[:, 1], sums[:, 0]),
    "found": lambda sums: _ratio(sums[:, 2], sums[:, 0]),
    "error": lambda sums: _ratio(sums[:, 2] - sums[:, 1], sums[:, 0]),
}

DISTANCES: dict[str, Statistic] = {
    "gold": lambda sums: _ratio(sums[:, 1], sums[:, 0]),
    "found": lambda sums: _ratio(sums[:, 2], sums[:, 0]),
    "error": lambda sums: _ratio(sums[:, 2] - sums[:, 1], sums[:, 0]),
    "absolute_error": lambda sums: _ratio(sums[:, 3], sums[:, 0]),
    "correlation": _correlation,
}
