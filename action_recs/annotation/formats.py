"""The form of a form: its name, how its content is told from others', how it is read, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.marks import MarkedSession
from action_recs.annotation.problems import Problem
from action_recs.annotation.zipped import hidden
from action_recs.errors import AnnotationError
from action_recs.readers.formats import Content
from action_recs.transcript import Role

if TYPE_CHECKING:
    from action_recs.annotation.schema import Schema

FAMILIES = (
    "refi_qda",  # told by their first bytes
    "spacy_docs",
    "table",
    "uima",
    "elan",
    "label_studio",  # JSON of a known shape
    "jsonl",
    "standoff_form",
    "prodigy",
    "doccano",
    "convokit",
    "brat",  # folders
    "inline",
    "conll",
)
"""Modules of this package with a tuple FORMATS, in the order in which they are asked whether a content is theirs."""

EVERYTHING = frozenset(
    {
        "speaker",  # the labels of speakers, beside their roles
        "times",  # when an utterance begins and ends
        "line_ends",  # inside an utterance
        "annotator",
        "client_id",
        "therapist_id",
        "organisation_id",
        "date",
        "group",
        "metadata",
        "form",  # of a recommendation
        "category",
        "id",
        "restates",
        "adherence",  # of a review
        "target",
        "of",
        "score",
        "spans",  # where in an utterance a recommendation stands
    }
)
"""What a session can hold besides its id, roles, texts and labels. A form says which of them it holds."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What the caller wants of a loader.

    Attributes
    ----------
    schema : Schema
        What labels are called. Most forms deliver labels as they are and never look at it; tables need to know which
        columns are labels.
    roles : mapping of str to Role or str
        Speaker's label -> role, where the label does not say it.
    annotator : str or None
        Who annotated, for forms that do not say.
    """

    schema: Schema
    roles: Mapping[str, Role | str] = field(default_factory=dict)
    annotator: str | None = None


@dataclass(frozen=True, slots=True)
class AnnotationFormat:
    """One form of annotated sessions.

    Attributes
    ----------
    name : str
        "label-studio": what ``--to`` and ``format=`` take.
    matches : callable
        Whether the content is of this form. Must be quick, and must not raise. Of a folder there is only the path, see
        :func:`is_folder`; of a large file (``content.whole`` is False) only the beginning.
    load : callable
        Yields every session with its marks, one after another, and a :class:`Problem` for what cannot be read. Raises
        AnnotationError or TranscriptError only where nothing at all can be read.
    write : callable or None
        Writes sessions to a path: a file, or an empty folder (see ``folder``). None where it is read only.
    suffix : str
        Of the files that are written: ".json".
    folder : bool
        Whether it is written as a folder.
    holds : frozenset of str
        What of ``EVERYTHING`` a written file holds; the rest is told to who writes.
    streams : bool
        Whether ``load`` reads files of any size from ``content.path``.
    """

    name: str
    matches: Callable[[Content], bool]
    load: Callable[[Content, LoadOptions], Iterator[MarkedSession | Problem]]
    write: Callable[[Iterable[AnnotatedSession], Path], None] | None = None
    suffix: str = ".json"
    folder: bool = False
    holds: frozenset[str] = EVERYTHING
    streams: bool = False


@cache
def formats() -> tuple[AnnotationFormat, ...]:
    """Every form. The modules are imported at the first call, so that importing the library stays quick."""
    modules = (import_module(f"action_recs.annotation.{family}") for family in FAMILIES)
    return tuple(each for module in modules for each in module.FORMATS)


def detect(content: Content) -> AnnotationFormat | None:
    """The form of a content: the first that claims it, or None."""
    return next((each for each in formats() if each.matches(content)), None)


def named_format(name: str) -> AnnotationFormat:
    """The form with this name.

    Raises
    ------
    AnnotationError
        When there is none; the message lists them.
    """
    known = {each.name: each for each in formats()}
    if name not in known:
        raise AnnotationError(f"unknown form; the forms are {', '.join(sorted(known))}")
    return known[name]


def is_export(folder: Path, suffix: str, beside: frozenset[str]) -> bool:
    """Whether a folder is one export of many files: those with the suffix lie in it, or in each folder in it.

    A folder that holds anything else, but for what tools put ``beside`` them (suffixes), is a folder of exports.
    """
    try:
        entries = [each for each in folder.iterdir() if not hidden(each)]
        files = [each for each in entries if each.is_file()]
        if any(each.suffix.lower() not in (suffix, *beside) for each in files):
            return False
        folders = [each for each in entries if each.is_dir()]
        if not all(any(inner.suffix.lower() == suffix for inner in each.iterdir()) for each in folders):
            return False
    except OSError:  # a folder that must not be looked into
        return False
    return bool(folders) or any(each.suffix.lower() == suffix for each in files)


def is_folder(content: Content) -> bool:
    """Whether a folder is being read, not a file."""
    return content.path is not None and not content.data and content.path.is_dir()
