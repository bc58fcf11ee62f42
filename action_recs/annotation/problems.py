"""What is wrong with annotated data, and where: every violation is one value, so that all can be told at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from action_recs.errors import AnnotationError


@dataclass(frozen=True, slots=True)
class Problem:
    """One violation. None of its fields ever holds a word of a transcript.

    Attributes
    ----------
    kind : str
        "overlap", "blank-at-end": one word for each way to be wrong, for reports and filters.
    what, remedy : str
        What is wrong and what to do about it, each a clause without a full stop.
    record : str
        The record in the file, as its tool counts: "task 12, annotation 3, region ab1". Empty for the file itself.
    offset : int or None
        Where in the record's text, in the unit of the form (UTF-16 code units in UIMA, code points in brat).
    file : str
        The file; forms may leave it empty, who loads fills it in.
    """

    kind: str
    what: str
    remedy: str
    record: str = ""
    offset: int | None = None
    file: str = ""

    def __str__(self) -> str:
        places = (self.file, self.record, "" if self.offset is None else f"offset {self.offset}")
        return f"{', '.join(place for place in places if place)}: {self.what}; {self.remedy}"

    def to_dict(self) -> dict[str, Any]:
        """The problem as a JSON report has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that ``--fix`` changed, in the words of a list of changes: never silently."""

    what: str
    record: str = ""
    offset: int | None = None
    file: str = ""

    def __str__(self) -> str:
        places = (self.file, self.record, "" if self.offset is None else f"offset {self.offset}")
        return f"{', '.join(place for place in places if place)}: {self.what}"

    def to_dict(self) -> dict[str, Any]:
        """The change as a JSON report has it."""
        return asdict(self)


def error_of(problems: Iterable[Problem]) -> AnnotationError:
    """One error that tells all of them, a line each, and has them as ``problems``."""
    problems = tuple(problems)
    return AnnotationError("\n".join(map(str, problems)), problems)
