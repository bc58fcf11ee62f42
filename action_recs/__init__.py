"""Find what a therapist recommends between sessions, and what was looked back at, in session transcripts.

>>> import action_recs
>>> session = action_recs.tag([
...     ("therapist", "Maybe try going back to cooking this week, that was good for you."),
...     ("client", "Okay."),
... ])
>>> session.recommendations
(Recommendation(utterance=0, start=0, end=41, form=casual, score=0.99),)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from action_recs.errors import (
    ActionRecsError,
    AnnotationError,
    ConfigError,
    ModelError,
    OutputError,
    RoleError,
    ThreadError,
    TranscriptError,
)
from action_recs.frames import recommendations_frame, reviews_frame
from action_recs.linking import ClientThread, follow_up
from action_recs.readers import read, read_many
from action_recs.readers.source import Source
from action_recs.redaction import redacted
from action_recs.render import sessions_html
from action_recs.session import Form, Label, Recommendation, Review, TaggedSession, TaggedUtterance
from action_recs.tagger import Tagger
from action_recs.transcript import Role, Transcript, Utterance
from action_recs.version import __version__

__all__ = [
    "ActionRecsError",
    "AnnotationError",
    "ClientThread",
    "ConfigError",
    "Form",
    "Label",
    "ModelError",
    "OutputError",
    "Recommendation",
    "Review",
    "Role",
    "RoleError",
    "TaggedSession",
    "TaggedUtterance",
    "Tagger",
    "ThreadError",
    "Transcript",
    "TranscriptError",
    "Utterance",
    "__version__",
    "follow_up",
    "read",
    "read_many",
    "recommendations_frame",
    "redacted",
    "reviews_frame",
    "sessions_html",
    "tag",
    "tag_many",
]


def tag(
    source: Source,
    *,
    roles: Mapping[str, Role | str] | None = None,
    tagger: Tagger | None = None,
    model: str | Path | None = None,
) -> TaggedSession:
    """Tag one session.

    Parameters
    ----------
    source : Transcript, path, str, table, or iterable of (role, text)
        A file or a text in any format that :func:`read` takes, a pandas or polars frame or datasets.Dataset, or pairs
        with the roles "therapist", "client" and "other".
    roles : mapping, optional
        Speaker name to role, where the labels do not say it: ``{"Dr. Lee": "therapist", "Ann": "client"}``.
    tagger : Tagger, optional
        Models of your own; by default the shipped ones, loaded once.
    model : path, optional
        In place of ``tagger``, the folder of a checkpoint, or of both, that ``action-recs train`` wrote; loaded at
        every call, so make a tagger for many sessions.

    Returns
    -------
    TaggedSession
        One tagged utterance for each that went in, in order, text unchanged.

    Raises
    ------
    TranscriptError
        When the source cannot be read as a transcript of one session.
    ModelError
        When ``model`` is no folder of a checkpoint.
    """
    if model is not None:
        if tagger is not None:
            raise ModelError("tag: give a tagger or a model's folder, not both")
        tagger = Tagger.from_pretrained(model)
    return (tagger or shipped_tagger()).tag(source, roles=roles)


def tag_many(
    sources: Iterable[Source] | str | Path,
    *,
    roles: Mapping[str, Role | str] | None = None,
    tagger: Tagger | None = None,
    progress: bool = False,
) -> Iterator[TaggedSession]:
    """Tag many sessions as a stream, in order; parameters as for :func:`tag`.

    ``sources`` may also be one folder, or one file with many sessions: see :func:`read_many`.
    """
    return (tagger or shipped_tagger()).tag_many(sources, roles=roles, progress=progress)


@cache
def shipped_tagger() -> Tagger:
    """The tagger with the models that come with the package, on the CPU; loaded at the first call."""
    return Tagger.from_pretrained()
