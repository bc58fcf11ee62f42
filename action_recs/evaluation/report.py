"""Tag annotated sessions and say how right the tags are: every metric, for every set, with intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.evaluation.bootstrap import clustered_interval
from action_recs.evaluation.metrics import METRICS, Counts, Labelled, total
from action_recs.session import Label
from action_recs.transcript import Transcript

TagMany = Callable[[Sequence[Transcript]], Sequence[Labelled]]


def tagged_once(tag_many: TagMany) -> TagMany:
    """The same tagger with a memory, so that a slice of sessions that were tagged before costs nothing."""
    known: dict[Transcript, Labelled] = {}

    def lookup(transcripts: Sequence[Transcript]) -> list[Labelled]:
        new = [transcript for transcript in transcripts if transcript not in known]
        if new:
            known.update(zip(new, tag_many(new), strict=True))
        return [known[transcript] for transcript in transcripts]

    return lookup


def evaluate_sessions(sessions: Sequence[AnnotatedSession], tag_many: TagMany) -> dict[str, Any]:
    """Every metric over the sessions, with 95 % intervals clustered by group.

    A transcript that several annotators marked is tagged once and compared with each of them.

    Returns
    -------
    dict
        ``sessions``, ``utterances``, ``annotators``, the number of gold positives, and for each metric F1, precision
        and recall (for forms: accuracy).
    """
    transcripts = {session.id: session.transcript for session in sessions}
    tagged = dict(zip(transcripts, tag_many(list(transcripts.values())), strict=True))
    counts: dict[str, dict[str, Counts]] = {name: defaultdict(Counts) for name in METRICS}
    for session in sessions:
        for name, metric in METRICS.items():
            counts[name][session.group] += metric(session, tagged[session.id])
    return {
        "sessions": len(transcripts),
        "groups": len({session.group for session in sessions}),
        "utterances": sum(map(len, transcripts.values())),
        "annotators": len({session.annotator for session in sessions}),
        "metrics": {name: _figures(name, clusters) for name, clusters in counts.items()},
    }


def _figures(name: str, clusters: Mapping[str, Counts]) -> dict[str, Any]:
    summed = total(clusters.values())
    if name == "recommendation_form":
        return {
            "accuracy": clustered_interval(clusters, "precision").to_dict(),
            "spans": summed.true_positives + summed.false_positives,
        }
    return {
        "f1": clustered_interval(clusters).to_dict(),
        "precision": round(summed.precision, 4),
        "recall": round(summed.recall, 4),
        "gold": summed.true_positives + summed.false_negatives,
    }


def label_counts(sessions: Sequence[AnnotatedSession]) -> dict[str, int]:
    """Annotated spans and runs, for the model card's account of the data."""
    return {
        Label.RECOMMENDATION.value: sum(len(session.recommendations) for session in sessions),
        Label.REVIEW.value: sum(len(session.reviews) for session in sessions),
    }


def slices(sessions: Sequence[AnnotatedSession], tag_many: TagMany) -> dict[str, dict[str, Any]]:
    """Utterance F1 and gold positives by what the sessions' own headers say of them: style, quality of the
    interview."""
    found: dict[str, dict[str, Any]] = {}
    for field in SLICED_BY:
        for value in sorted({session.metadata.get(field, "") for session in sessions} - {""}):
            members = [session for session in sessions if session.metadata.get(field) == value]
            metrics = evaluate_sessions(members, tag_many)["metrics"]
            found[f"{field}: {value}"] = {
                name: {"f1": metrics[name]["f1"], "gold": metrics[name]["gold"]} for name in SLICED_METRICS
            }
    return found


SLICED_BY = ("style", "mi_quality")
SLICED_METRICS = ("recommendation_utterance", "review_utterance")
