"""Models against annotated sessions: everything that is measured, and what the report is drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Checkpoint, Task
from action_recs.errors import AnnotationError, ModelError
from action_recs.evaluation.bootstrap import cluster_weights, estimated
from action_recs.evaluation.calibration import calibration
from action_recs.evaluation.comparison import compared
from action_recs.evaluation.curves import Curve, Threshold, precision_recall, threshold_for
from action_recs.evaluation.measures import Case, Measure, cluster_of, measures_of
from action_recs.evaluation.metrics import utterances_with
from action_recs.evaluation.mistakes import Mistake, mistakes
from action_recs.evaluation.reading import read_transcripts
from action_recs.evaluation.slicing import columns_of, sliced
from action_recs.session import Label
from action_recs.transcript import Role

VERSION = "1"
"""Of the form of ``metrics.json``."""

FEW_CLIENTS = 10
"""Under so many, a bootstrap over clients gives intervals that are too narrow (Cameron, Gelbach & Miller 2008)."""

SLICED = ("utterance", "span", "session_with")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured.

    Attributes
    ----------
    results : dict
        Lists, strings and numbers: what ``metrics.json`` holds. No transcript text.
    cases : mapping of Label to sequence of Case
    curves, other_curves : mapping of Label to Curve
        Of the model, and of the one that it is compared with.
    mistakes : mapping of Label to list of Mistake
        All of the model's.
    """

    results: dict[str, Any]
    cases: Mapping[Label, Sequence[Case]] = field(repr=False)
    curves: Mapping[Label, Curve] = field(repr=False)
    other_curves: Mapping[Label, Curve] = field(repr=False)
    mistakes: Mapping[Label, Sequence[Mistake]] = field(repr=False)


def evaluate(
    models: Mapping[Task, Checkpoint],
    sessions: Sequence[AnnotatedSession],
    *,
    other: Mapping[Task, Checkpoint] | None = None,
    precision: float | None = None,
    columns: Sequence[str] = (),
    seed: int = 0,
    progress: bool | None = False,
) -> Evaluation:
    """Read annotated sessions with trained models, and measure how right they are.

    Parameters
    ----------
    models : mapping of Task to Checkpoint
        One or both.
    sessions : sequence of AnnotatedSession
        A transcript that several annotators marked is read once and compared with each of them.
    other : mapping of Task to Checkpoint, optional
        Models to compare with, on the same sessions.
    precision : float, optional
        Between 0 and 1: look for the threshold that reaches it.
    columns : sequence of str
        What to slice by; see ``slicing.columns_of``.
    seed : int
        Of the bootstrap and the permutations.
    progress : bool or None
        Show progress; None shows it on a terminal.

    Raises
    ------
    AnnotationError
        When there is no session, or none of what the models find is marked in any.
    ModelError
        When the two share no task.
    ConfigError
        For a column that no session has.
    """
    if not sessions:
        raise AnnotationError("no annotated session: nothing to measure against")
    shared = [task for task in models if other is None or task in other]
    if not shared:
        own, others = (" and ".join(task.value for task in some) for some in (models, other or {}))
        raise ModelError(f"the two models find different things ({own}; {others}): compare two of one task")
    notes: list[str] = []
    measured = [task for task in models if _is_marked(task, sessions, notes)]
    if not measured:
        absent = " and no ".join(task.value for task in models)
        remedy = "annotate some, or export the sessions that are annotated"
        raise AnnotationError(f"no {absent} is marked in any of {len(sessions)} sessions; {remedy}")
    sliced_by = columns_of(sessions, columns)
    clusters = list(dict.fromkeys(map(cluster_of, sessions)))
    _note_few(clusters, notes)
    weights = cluster_weights(len(clusters), seed=seed)
    results: dict[str, Any] = {"version": VERSION, "data": _counted(sessions, clusters), "notes": notes}
    cases: dict[Label, list[Case]] = {}
    curves: dict[Label, Curve] = {}
    other_curves: dict[Label, Curve] = {}
    for task in measured:
        label = Label(task.value)
        cases[label] = _cases(models[task], sessions, progress)
        curves[label], results[task.value] = _one_model(models[task], label, cases[label], clusters, weights, precision)
        results[task.value]["slices"] = {name: _slices(cases[label], label, name, seed) for name in sliced_by}
        if other is not None and task in other:
            theirs = _cases(other[task], sessions, progress)
            other_curves[label], results[task.value]["other"] = _one_model(
                other[task], label, theirs, clusters, weights, precision
            )
            results[task.value]["comparison"] = _compared(cases[label], theirs, label, clusters, weights, seed)
        elif other is not None:
            notes.append(f"the other model finds no {task.value}s: nothing to compare there")
    wrong = {label: list(mistakes(some, label)) for label, some in cases.items()}
    for label, some in wrong.items():
        results[label.value]["mistakes"] = {
            cause: sum(each.cause == cause for each in some) for cause in ("missed", "spurious", "boundary", "form")
        }
    return Evaluation(results, cases, curves, other_curves, wrong)


def _is_marked(task: Task, sessions: Sequence[AnnotatedSession], notes: list[str]) -> bool:
    if any(utterances_with(session, Label(task.value)) for session in sessions):
        return True
    notes.append(f"no {task.value} is marked in any of {len(sessions)} sessions: {task.value}s are not measured")
    return False


def _note_few(clusters: Sequence[str], notes: list[str]) -> None:
    if len(clusters) == 1:
        notes.append("all sessions are of one client: no interval and no p-value can be given")
    elif len(clusters) < FEW_CLIENTS:
        notes.append(f"the sessions are of {len(clusters)} clients only: intervals are likely to be too narrow")


def _counted(sessions: Sequence[AnnotatedSession], clusters: Sequence[str]) -> dict[str, Any]:
    transcripts = {session.transcript for session in sessions}
    return {
        "sessions": len(transcripts),
        "clients": len(clusters),
        "utterances": sum(map(len, transcripts)),
        "annotators": len({session.annotator for session in sessions}),
        "recommendations": sum(len(session.recommendations) for session in sessions),
        "reviews": sum(len(session.reviews) for session in sessions),
    }


def _cases(checkpoint: Checkpoint, sessions: Sequence[AnnotatedSession], progress: bool | None) -> list[Case]:
    transcripts = list(dict.fromkeys(session.transcript for session in sessions))
    read = dict(zip(transcripts, read_transcripts(checkpoint, transcripts, progress=progress), strict=True))
    return [Case(session, read[session.transcript]) for session in sessions]


def curve_of(checkpoint: Checkpoint, sessions: Sequence[AnnotatedSession]) -> Curve:
    """Precision by threshold of one checkpoint on annotated sessions, of which at least one holds its label."""
    label = Label(checkpoint.settings.task.value)
    _, decisive, gold = scored_utterances(_cases(checkpoint, sessions, progress=None), label)
    return precision_recall(decisive, gold)


def _one_model(
    checkpoint: Checkpoint,
    label: Label,
    cases: Sequence[Case],
    clusters: Sequence[str],
    weights: NDArray[np.float64],
    precision: float | None,
) -> tuple[Curve, dict[str, Any]]:
    scores, decisive, gold = scored_utterances(cases, label)
    curve = precision_recall(decisive, gold)
    found = {
        "decoding": asdict(checkpoint.settings.decoding),
        "measures": {
            name: figures(measure, measure.table(cases, clusters), weights)
            for name, measure in measures_of(label).items()
        },
        "curve": curve.to_dict(),
        "calibration": calibration(scores, gold).to_dict(),
    }
    if precision is not None:
        found["threshold"] = reaching(curve, checkpoint, precision).to_dict()
    return curve, found


def _compared(
    cases: Sequence[Case],
    others: Sequence[Case],
    label: Label,
    clusters: Sequence[str],
    weights: NDArray[np.float64],
    seed: int,
) -> dict[str, Any]:
    """Every figure of two models; what the annotators marked is the same for both and left out."""
    differences: dict[str, Any] = {}
    for name, measure in measures_of(label).items():
        own, other = (measure.table(some, clusters) for some in (cases, others))
        found = {
            figure: compared(own, other, statistic, weights, seed=seed)
            for figure, statistic in measure.figures.items()
            if figure != "gold"
        }
        differences[name] = {figure: None if each is None else each.to_dict() for figure, each in found.items()}
    return differences


def reaching(curve: Curve, checkpoint: Checkpoint, precision: float) -> Threshold:
    """The threshold of a checkpoint that reaches a precision of utterances."""
    decoding = checkpoint.settings.decoding
    return threshold_for(curve, precision, floor=min(decoding.floor, decoding.threshold))


def figures(measure: Measure, table: NDArray[np.float64], weights: NDArray[np.float64]) -> dict[str, Any]:
    """A measure's figures, each with its interval (None where it is undefined), and the sums that they come from."""
    found: dict[str, Any] = {}
    for name, statistic in measure.figures.items():
        estimate = estimated(table, statistic, weights)
        found[name] = None if estimate is None else estimate.to_dict()
    if "gold_squared" not in measure.columns:
        found["counts"] = dict(zip(measure.columns, map(int, table.sum(axis=0)), strict=True))
    return found


def scored_utterances(
    cases: Iterable[Case], label: Label
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Score, decisive score and gold label of every utterance that can carry the label.

    For recommendations the therapist's: no other can hold one, and easy zeros would flatter the calibration.
    """
    scores, decisive, gold = [], [], []
    for case in cases:
        held = utterances_with(case.gold, label)
        for index, utterance in enumerate(case.gold.transcript.utterances):
            if label is Label.REVIEW or utterance.role is Role.THERAPIST:
                scores.append(case.found.scores[index])
                decisive.append(case.found.decisive[index])
                gold.append(index in held)
    return np.array(scores, dtype=float), np.array(decisive, dtype=float), np.array(gold, dtype=bool)


def _slices(cases: Sequence[Case], label: Label, column: str, seed: int) -> dict[str, Any]:
    measures = measures_of(label)
    found = {}
    for value, members in sliced(cases, column).items():
        clusters = list(dict.fromkeys(cluster_of(case.gold) for case in members))
        weights = cluster_weights(len(clusters), seed=seed)
        found[value] = {
            "sessions": len({case.gold.transcript for case in members}),
            "clients": len(clusters),
            **{name: figures(measures[name], measures[name].table(members, clusters), weights) for name in SLICED},
        }
    return found
