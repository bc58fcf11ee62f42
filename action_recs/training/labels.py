"""Annotated sessions -> one class for every token of every piece.

``recommendation``: every token of a therapist's utterance carries O, B- or I- and the form; the utterance's role
marker carries the form of its first span, so that the marker learns to speak for the whole utterance. The client's
tokens do not count. ``review``: the role marker of every utterance carries O, B-REVIEW or I-REVIEW. The words do not
count.
"""

from __future__ import annotations

from collections.abc import Sequence

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Task
from action_recs.session import Form, Recommendation
from action_recs.transcript import Role
from action_recs.windows import Piece

IGNORED = -100
"""The class of tokens that take no part in the loss: PyTorch's own default."""

_RECOMMENDATION = {name: number for number, name in enumerate(Task.RECOMMENDATION.classes)}
_REVIEW = {name: number for number, name in enumerate(Task.REVIEW.classes)}


def piece_labels(session: AnnotatedSession, pieces: Sequence[Piece], task: Task) -> list[list[int]]:
    """The class of each token of each piece, the marker's first."""
    if task is Task.REVIEW:
        return _review_labels(session, pieces)
    spans: dict[int, list[Recommendation]] = {}
    for span in session.recommendations:
        spans.setdefault(span.utterance, []).append(span)
    return [_recommendation_labels(piece, spans.get(piece.utterance, ())) for piece in pieces]


def _recommendation_labels(piece: Piece, spans: Sequence[Recommendation]) -> list[int]:
    if piece.role is not Role.THERAPIST:
        return [IGNORED] * len(piece.tokens)
    labels = [_RECOMMENDATION["O"]] * len(piece.offsets)
    marker = _RECOMMENDATION["O"]
    for span in sorted(spans, key=lambda span: span.start, reverse=True):
        inside = [at for at, (start, end) in enumerate(piece.offsets) if start < span.end and end > span.start]
        for at in inside:
            labels[at] = _RECOMMENDATION[f"I-{_name(span.form)}"]
        if inside:
            marker = _RECOMMENDATION[f"B-{_name(span.form)}"]
            if inside[0] > 0 or piece.offsets[0][0] <= span.start:  # else the span began in an earlier piece
                labels[inside[0]] = marker
    return [marker, *labels]


def _review_labels(session: AnnotatedSession, pieces: Sequence[Piece]) -> list[list[int]]:
    classes = [_REVIEW["O"]] * len(session.transcript)
    for run in session.reviews:
        classes[run.first : run.last + 1] = [_REVIEW["B-REVIEW"]] + [_REVIEW["I-REVIEW"]] * (run.last - run.first)
    labels, seen = [], set()
    for piece in pieces:
        label = classes[piece.utterance]
        if label == _REVIEW["B-REVIEW"] and piece.utterance in seen:  # a later piece of a long first utterance
            label = _REVIEW["I-REVIEW"]
        seen.add(piece.utterance)
        labels.append([label] + [IGNORED] * len(piece.offsets))
    return labels


def _name(form: Form) -> str:
    return form.value.upper()
