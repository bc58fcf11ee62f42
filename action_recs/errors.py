"""The exceptions of the library, in one place.

Every message says what is wrong, where (file, line or utterance index) and what to do about it. None of them ever
quotes the transcript: its text is health information, and messages end up in logs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from action_recs.annotation.problems import Problem


class ActionRecsError(Exception):
    """Base class: catch this to catch everything the library raises on purpose."""


class TranscriptError(ActionRecsError):
    """A transcript that cannot be read, or whose speakers cannot be told apart."""


class RoleError(TranscriptError):
    """Speakers whose roles nobody says and that cannot be told with enough certainty: give them with ``roles=``."""


class ModelError(ActionRecsError):
    """A model folder that is missing, incomplete, or not one of ours."""


class AnnotationError(ActionRecsError):
    """Annotated data that breaks its format or the guidelines' constraints.

    Attributes
    ----------
    problems : tuple of Problem
        Every violation with its file, record and offset, where annotations were loaded; the message tells them all.
    """

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class ConfigError(ActionRecsError):
    """A training or evaluation setting that is unknown or out of range."""


class OutputError(ActionRecsError):
    """An output file that cannot be written, or whose suffix names no format."""


class ThreadError(ActionRecsError):
    """Sessions that cannot be one client's, in order; names places in the sequence, never a client."""


class StudyError(ActionRecsError):
    """Study data that cannot be read, joined or modelled; names files and lines, never a client."""
