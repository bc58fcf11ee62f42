"""The arguments of a command -> the files that are read, each with the id that its session gets."""

from __future__ import annotations

import glob
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from action_recs.cli.places import FAILURES, Places
from action_recs.errors import TranscriptError
from action_recs.readers.content import bytes_content
from action_recs.readers.formats import Content
from action_recs.readers.reading import files_in
from action_recs.transcript import Transcript

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Input:
    """A file to read.

    Attributes
    ----------
    name : str
        What messages call it.
    path : Path or None
        None for standard input.
    stem : str
        What the reader makes of its name: the session's id when nothing else says.
    session_id : str
        The id in its place, where other files of the run have that stem too.
    content : Content or None
        Standard input, read.
    problem : str or None
        Why there is nothing to read.
    """

    name: str
    path: Path | None
    stem: str
    session_id: str
    content: Content | None = field(default=None, repr=False)
    problem: str | None = None

    def named(self, transcript: Transcript) -> Transcript:
        """The transcript under an id that no other file of the run gives."""
        if self.session_id == self.stem or transcript.session_id != self.stem:
            return transcript
        return replace(transcript, session_id=self.session_id)


def find_inputs(arguments: Iterable[Path], *, leave_out: Iterable[Path] = ()) -> list[Input]:
    """The files that files, folders, patterns and "-" name, in order; a folder's in the order of their names.

    A file that is named twice is read once. The outputs of runs, which may lie in a folder that is read, are left out.
    What names nothing comes as an input with a problem, so that it costs no other file its turn.

    Where several files have one stem, the id of each is its path from the folder that all inputs share, with suffix:
    ``monday/s1.txt`` and ``tuesday/s1.txt``.
    """
    seen = {os.path.realpath(path) for path in leave_out}
    found: list[Input] = []
    for argument in arguments:
        if str(argument) == STDIN:
            if STDIN not in seen:
                found.append(_stdin())
            seen.add(STDIN)
            continue
        for path, problem in _files(argument):
            real = os.path.realpath(path)
            if real not in seen:
                found.append(Input(str(path), path, path.stem, path.stem, problem=problem))
            seen.add(real)
    return _told_apart(found)


def inputs_digest(inputs: Sequence[Input]) -> str:
    """A fingerprint of which files are read, in which order; of standard input, a short one of what it holds."""
    known = hashlib.sha256()
    for each in inputs:
        place = os.path.abspath(each.path) if each.path else hashlib.sha256(each.content.data).hexdigest()[:8]  # type: ignore[union-attr] # noqa: PTH100 - links stay
        known.update(os.fsencode(f"{place}\n{each.session_id}\n"))
    return known.hexdigest()


def _files(argument: Path) -> Iterator[tuple[Path, str | None]]:
    if argument.is_dir():
        try:
            yield from ((path, None) for path in files_in(argument) if not _is_output(path))
        except TranscriptError as error:
            yield argument, str(error)
    elif glob.has_magic(str(argument)) and not argument.exists():
        matches = sorted(Path(each) for each in glob.glob(str(argument), recursive=True))  # noqa: PTH207 - absolute too
        files = [path for path in matches if path.is_file() and not _is_output(path)]
        yield from ((path, None) for path in files)
        if not files:
            yield argument, f"{argument}: no file matches the pattern"
    else:
        yield argument, None


def _is_output(path: Path) -> bool:
    """Whether a run of ours wrote it, and so no transcript: its ledger lies beside it."""
    output = path.with_name(path.name.removesuffix(FAILURES))
    return Places(output).ledger.exists()


def _stdin() -> Input:
    name, stem = "standard input", "stdin"
    try:
        return Input(name, None, stem, stem, content=bytes_content(sys.stdin.buffer.read(), name, stem))
    except TranscriptError as error:
        return Input(name, None, stem, stem, content=Content(name, b""), problem=str(error))


def _told_apart(inputs: list[Input]) -> list[Input]:
    stems = Counter(each.stem for each in inputs)
    if stems.total() == len(stems):
        return inputs
    folders = [os.path.abspath(each.path.parent) for each in inputs if each.path]  # noqa: PTH100 - links stay
    shared = os.path.commonpath(folders)
    return [
        replace(each, session_id=Path(os.path.relpath(each.path, shared)).as_posix())
        if each.path and stems[each.stem] > 1
        else each
        for each in inputs
    ]
