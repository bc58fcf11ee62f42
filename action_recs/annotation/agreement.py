"""How well people agree who annotated the same sessions: kappa, F1 of utterances and spans, Krippendorff's alpha.

Everything is a sum of counts over sessions, so that every figure has an interval from a bootstrap over sessions. A
figure that the annotations leave undefined (nobody marked anything) is None, never 0.

What is counted: for recommendations the therapist's utterances, because no other can hold one, and easy agreement on
the client's would raise kappa; for reviews all utterances.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.errors import AnnotationError
from action_recs.evaluation.bootstrap import DRAWS, Estimate, resampled
from action_recs.evaluation.metrics import extents, matched, utterances_with
from action_recs.session import Form, Label
from action_recs.transcript import Role

UNNAMED = "unnamed"
"""What an annotator is called whom the data does not name."""

HALF = 0.5
"""Intersection over union from which two spans are taken for the same one."""

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """How two annotators agree on one label.

    Attributes
    ----------
    utterances, spans : tuple of (int, int)
        How many utterances, and spans or runs, the one and the other marked.
    kappa : Estimate or None
        Cohen's kappa over utterances.
    utterance_f1 : Estimate or None
        F1 over utterances: the one annotator as gold, the other as prediction, the same either way round.
    strict_f1 : Estimate or None
        F1 over spans (runs, for reviews) with the same start and end.
    overlap_f1 : Estimate or None
        F1 over spans matched one to one by an intersection over union of at least a half.
    """

    utterances: tuple[int, int]
    spans: tuple[int, int]
    kappa: Estimate | None
    utterance_f1: Estimate | None
    strict_f1: Estimate | None
    overlap_f1: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "utterances": list(self.utterances),
            "spans": list(self.spans),
            **{name: _written(getattr(self, name)) for name in FIGURES},
        }


FIGURES = ("kappa", "utterance_f1", "strict_f1", "overlap_f1")


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two annotators on the sessions that both marked.

    Attributes
    ----------
    annotators : tuple of (str, str)
    sessions : int
    labels : mapping of Label to LabelAgreement
    form_kappa : Estimate or None
        Cohen's kappa of casual against structured, over the recommendations matched by overlap.
    """

    annotators: tuple[str, str]
    sessions: int
    labels: Mapping[Label, LabelAgreement]
    form_kappa: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "annotators": list(self.annotators),
            "sessions": self.sessions,
            "labels": {label.value: figures.to_dict() for label, figures in self.labels.items()},
            "form_kappa": _written(self.form_kappa),
        }


@dataclass(frozen=True, slots=True)
class Agreement:
    """What :func:`agreement` found.

    Attributes
    ----------
    annotators : tuple of str
    sessions, utterances : int
        Of the sessions that at least two annotators marked.
    pairs : tuple of PairAgreement
        Every two annotators with a session in common.
    alpha : mapping of Label to Estimate or None
        Krippendorff's alpha over all annotators, who need not all have marked every session.
    alone : tuple of str
        Sessions that only one annotator marked: no part of any figure.
    """

    annotators: tuple[str, ...]
    sessions: int
    utterances: int
    pairs: tuple[PairAgreement, ...]
    alpha: Mapping[Label, Estimate | None]
    alone: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, strings and numbers: what the JSON report holds."""
        return {
            "annotators": list(self.annotators),
            "sessions": self.sessions,
            "utterances": self.utterances,
            "alpha": {label.value: _written(estimate) for label, estimate in self.alpha.items()},
            "pairs": [pair.to_dict() for pair in self.pairs],
            "alone": list(self.alone),
        }

    def rows(self) -> list[tuple[str, str, str, str]]:
        """The figures as text, a row each: label, figure, annotators, "value [low, high]"; for a table."""
        found = []
        for label in Label:
            for pair in self.pairs:
                who, figures = " - ".join(pair.annotators), pair.labels[label]
                found += [(label.value, name, who, shown(getattr(figures, name))) for name in FIGURES]
                if label is Label.RECOMMENDATION:
                    found.append((label.value, "form_kappa", who, shown(pair.form_kappa)))
            found.append((label.value, "alpha", "all", shown(self.alpha[label])))
        return found


def agreement(sessions: Iterable[AnnotatedSession], *, draws: int = DRAWS, seed: int = 0) -> Agreement:
    """Compare every two annotators, and all of them together.

    Parameters
    ----------
    sessions : iterable of AnnotatedSession
        All annotators' versions. Those with the same ``id`` are of the same session.
    draws : int
        Bootstrap samples of sessions for the 95 % intervals.
    seed : int

    Raises
    ------
    AnnotationError
        When an annotator marked a session twice, two annotators' transcripts of a session differ (all of these are
        listed), or no session was marked by two annotators.

    References
    ----------
    Cohen (1960), A coefficient of agreement for nominal scales. Educational and Psychological Measurement 20, 37-46.
    Krippendorff (2011), Computing Krippendorff's alpha-reliability. University of Pennsylvania.

    Examples
    --------
    >>> from action_recs import Form, Transcript
    >>> from action_recs.annotation.annotated import AnnotatedRecommendation
    >>> talk = Transcript.from_pairs([("therapist", "Hello."), ("therapist", "Try walking.")])
    >>> span = AnnotatedRecommendation(1, 0, 11, "Try walking", Form.CASUAL)
    >>> ann = AnnotatedSession("s1", talk, (span,), annotator="ann")
    >>> bob = AnnotatedSession("s1", talk, (span,), annotator="bob")
    >>> agreement([ann, bob]).pairs[0].labels["recommendation"].kappa
    Estimate(value=1.0, low=1.0, high=1.0)
    """
    versions = by_session(sessions)
    shared = {name: marked for name, marked in versions.items() if len(marked) > 1}
    if not shared:
        remedy = "give two annotators' versions of the same sessions, with the same session ids"
        raise AnnotationError(f"none of {len(versions)} sessions was marked by two annotators; {remedy}")
    annotators = sorted({who for marked in shared.values() for who in marked})
    pairs = []
    for one, other in itertools.combinations(annotators, 2):
        both = [(marked[one], marked[other]) for marked in shared.values() if one in marked and other in marked]
        if both:
            pairs.append(_pair((one, other), both, draws, seed))
    return Agreement(
        annotators=tuple(annotators),
        sessions=len(shared),
        utterances=sum(len(next(iter(marked.values())).transcript) for marked in shared.values()),
        pairs=tuple(pairs),
        alpha={
            label: resampled(
                _table(_values(list(marked.values()), label) for marked in shared.values()),
                _alpha,
                draws=draws,
                seed=seed,
            )
            for label in Label
        },
        alone=tuple(name for name in versions if name not in shared),
    )


def by_session(sessions: Iterable[AnnotatedSession]) -> dict[str, dict[str, AnnotatedSession]]:
    """Session id -> annotator -> what the annotator marked.

    Raises
    ------
    AnnotationError
        With every session that an annotator marked twice, or whose transcripts differ between annotators.
    """
    versions: dict[str, dict[str, AnnotatedSession]] = defaultdict(dict)
    problems = []
    for session in sessions:
        marked, who = versions[session.id], session.annotator or UNNAMED
        if who in marked:
            problems.append(f"session {session.id}: marked twice by {who}; give each version its own annotator")
        elif marked and (place := difference(next(iter(marked.values())), session)):
            first = next(iter(marked))
            problems.append(f"session {session.id}: {place} differs between {first} and {who}; give both the same text")
        marked.setdefault(who, session)
    if problems:
        raise AnnotationError("\n".join(problems))
    return dict(versions)


def difference(one: AnnotatedSession, other: AnnotatedSession) -> str | None:
    """Where the transcripts of two versions of a session first differ in text or role; None where they do not."""
    pairs = itertools.zip_longest(one.transcript.utterances, other.transcript.utterances)
    for index, (mine, theirs) in enumerate(pairs):
        if mine is None or theirs is None:
            return f"the number of utterances ({len(one.transcript)}, {len(other.transcript)})"
        if mine.role is not theirs.role:
            return f"the role of utterance {index}"
        if mine.text != theirs.text:
            same = itertools.takewhile(lambda both: both[0] == both[1], zip(mine.text, theirs.text, strict=False))
            return f"utterance {index}, character {sum(1 for _ in same)}"
    return None


def named(sessions: Iterable[AnnotatedSession], annotator: str) -> list[AnnotatedSession]:
    """The sessions under this annotator's name, whatever name they had."""
    return [replace(session, annotator=annotator) for session in sessions]


def _pair(
    annotators: tuple[str, str], both: Sequence[tuple[AnnotatedSession, AnnotatedSession]], draws: int, seed: int
) -> PairAgreement:
    def estimate(
        rows: Iterable[Sequence[float]], statistic: Callable[[Counts], Counts], *, draws: int = draws
    ) -> Estimate | None:
        return resampled(_table(rows), statistic, draws=draws, seed=seed)

    labels = {}
    for label in Label:
        cells = [_cells(one, other, label) for one, other in both]
        together, only_one, only_other, _ = np.sum(cells, axis=0).astype(int).tolist()
        spans = [[len(extents(version, label)) for version in pair] for pair in both]
        one, other = np.sum(spans, axis=0).tolist()
        labels[label] = LabelAgreement(
            utterances=(together + only_one, together + only_other),
            spans=(one, other),
            kappa=estimate(cells, _kappa),
            utterance_f1=estimate(cells, _f1),
            strict_f1=estimate((_spans(*pair, label, least=1) for pair in both), _f1),
            overlap_f1=estimate((_spans(*pair, label, least=HALF) for pair in both), _f1),
        )
    return PairAgreement(annotators, len(both), labels, estimate((_forms(*pair) for pair in both), _kappa))


def _cells(one: AnnotatedSession, other: AnnotatedSession, label: Label) -> tuple[int, int, int, int]:
    """Utterances that both marked, only the one, only the other, neither."""
    ours, theirs = utterances_with(one, label), utterances_with(other, label)
    both = len(ours & theirs)
    only_one, only_other = len(ours) - both, len(theirs) - both
    return both, only_one, only_other, len(_units(one, label)) - both - only_one - only_other


def _units(session: AnnotatedSession, label: Label) -> list[int]:
    """The utterances that can carry the label."""
    utterances = enumerate(session.transcript.utterances)
    return [index for index, each in utterances if label is Label.REVIEW or each.role is Role.THERAPIST]


def _spans(one: AnnotatedSession, other: AnnotatedSession, label: Label, *, least: float) -> tuple[int, int, int]:
    """Spans that match, and those of the one and of the other that do not."""
    ours, theirs = extents(one, label), extents(other, label)
    pairs = len(matched(ours, theirs, least=least))
    return pairs, len(ours) - pairs, len(theirs) - pairs


def _forms(one: AnnotatedSession, other: AnnotatedSession) -> tuple[int, int, int, int]:
    """Matched recommendations that both call structured, only the one, only the other, neither."""
    ours, theirs = extents(one, Label.RECOMMENDATION), extents(other, Label.RECOMMENDATION)
    counted = Counter(
        (one.recommendations[at].form is Form.STRUCTURED, other.recommendations[where].form is Form.STRUCTURED)
        for at, where in matched(ours, theirs, least=HALF)
    )
    return counted[True, True], counted[True, False], counted[False, True], counted[False, False]


def _values(versions: Sequence[AnnotatedSession], label: Label) -> tuple[float, int, int]:
    """What alpha is made of: the disagreement within utterances, and how often they were marked and not marked."""
    marked = Counter(index for version in versions for index in utterances_with(version, label))
    units = len(_units(versions[0], label))
    people = len(versions)
    apart = sum(count * (people - count) for count in marked.values()) / (people - 1)
    ones = sum(marked.values())
    return apart, ones, units * people - ones


def _kappa(sums: Counts) -> Counts:
    both, only_one, only_other, neither = sums.T
    whole = sums.sum(axis=1)
    observed = _divided(both + neither, whole)
    yes = _divided(both + only_one, whole) * _divided(both + only_other, whole)
    no = _divided(neither + only_other, whole) * _divided(neither + only_one, whole)
    return _divided(observed - yes - no, 1 - yes - no)


def _f1(sums: Counts) -> Counts:
    """From matched, only the one's and only the other's; a fourth column is not looked at."""
    both, only_one, only_other = sums.T[:3]
    return _divided(2 * both, 2 * both + only_one + only_other)


def _alpha(sums: Counts) -> Counts:
    """For two values: 1 - (n - 1) * disagreement / (ones * zeros)."""
    apart, ones, zeros = sums.T
    return 1 - _divided((ones + zeros - 1) * apart, ones * zeros)


def _divided(part: Counts, whole: Counts) -> Counts:
    """The quotient; not-a-number where the divisor is 0 (or would be, were it not for rounding)."""
    found: Counts = np.divide(part, whole, out=np.full(part.shape, np.nan), where=np.abs(whole) > TINY)
    return found


TINY = 1e-12


def _table(rows: Iterable[Sequence[float]]) -> Counts:
    return np.array(list(rows), dtype=float)


def _written(estimate: Estimate | None) -> dict[str, float] | None:
    return estimate.to_dict() if estimate else None


def shown(estimate: Estimate | None) -> str:
    """A figure as tables show it: "0.812 [0.701, 0.903]"."""
    if estimate is None:
        return "undefined"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
