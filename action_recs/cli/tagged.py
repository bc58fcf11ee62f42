"""Tagged sessions out of the JSON lines that ``tag`` wrote, one at a time, as often as needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from action_recs.cli.json_lines import json_lines
from action_recs.errors import TranscriptError
from action_recs.session import TaggedSession


class TaggedFiles:
    """The sessions of some files, in order; each pass reads the files anew.

    Parameters
    ----------
    paths : sequence of Path

    Raises
    ------
    TranscriptError
        On the way, with file and line, where a line is no tagged session.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths
        self._count: int | None = None

    def __len__(self) -> int:
        if self._count is None:
            self._count = sum(1 for _ in self._lines())
        return self._count

    def __iter__(self) -> Iterator[TaggedSession]:
        for path, number, line in self._lines():
            try:
                yield TaggedSession.from_dict(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                remedy = "give what action-recs tag -o FILE.jsonl wrote"
                raise TranscriptError(f"{path}, line {number}: not a tagged session; {remedy}") from None

    def _lines(self) -> Iterator[tuple[Path, int, bytes]]:
        return ((path, number, line) for path in self.paths for number, line in json_lines(path))
