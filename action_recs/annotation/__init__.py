"""Annotated sessions: loaded from the tool that they were annotated in, checked, compared, and written for others."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
    from action_recs.annotation.loading import load_annotations, stream_annotations, write_annotations

_WHERE = {
    "AnnotatedRecommendation": "annotated",
    "AnnotatedReview": "annotated",
    "AnnotatedSession": "annotated",
    "load_annotations": "loading",
    "stream_annotations": "loading",
    "write_annotations": "loading",
}

__all__ = [
    "AnnotatedRecommendation",
    "AnnotatedReview",
    "AnnotatedSession",
    "load_annotations",
    "stream_annotations",
    "write_annotations",
]


def __getattr__(name: str) -> Any:
    """Import a name where it is first used: loading needs the extra ``formats``, the types do not."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
