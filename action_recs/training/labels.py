"""Annotated sessions -> one class for every token of every piece.

``recommendation``: every token of a therapist's utterance carries O, B- or I- and the form. Role markers and the
client's tokens do not count. ``review``: every token of an utterance, its role marker included, carries the class of
the utterance: O, B-REVIEW or I-REVIEW. One class at the marker alone would be enough to say the same, but teaches far
more slowly.
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
    for span in spans:
        inside = [at for at, (start, end) in enumerate(piece.offsets) if start < span.end and end > span.start]
        for at in inside:
            labels[at] = _RECOMMENDATION[f"I-{_name(span.form)}"]
        if inside and not _words_before(piece, inside[0], span):
            labels[inside[0]] = _RECOMMENDATION[f"B-{_name(span.form)}"]
    return [IGNORED, *labels]


def _review_labels(session: AnnotatedSession, pieces: Sequence[Piece]) -> list[list[int]]:
    classes = [_REVIEW["O"]] * len(session.transcript)
    for run in session.reviews:
        classes[run.first : run.last + 1] = [_REVIEW["B-REVIEW"]] + [_REVIEW["I-REVIEW"]] * (run.last - run.first)
    return [[classes[piece.utterance]] * len(piece.tokens) for piece in pieces]


def _words_before(piece: Piece, token: int, span: Recommendation) -> bool:
    """Whether the span began in an earlier piece: words of it, and not only blanks, stand before this token."""
    return bool(span.text[: max(0, piece.offsets[token][0] - span.start)].strip())


def _name(form: Form) -> str:
    return form.value.upper()
