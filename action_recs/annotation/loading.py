"""Annotated sessions from files in any form, and back into them: one session after another, and every problem told."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.formats import EVERYTHING, AnnotationFormat, LoadOptions, detect, formats, named_format
from action_recs.annotation.held import held_facts
from action_recs.annotation.marks import MarkedSession
from action_recs.annotation.problems import Change, Problem, error_of
from action_recs.annotation.schema import Schema, load_schema
from action_recs.annotation.validation import AcrossSessions, check_session
from action_recs.annotation.zipped import hidden, is_zip, unpacked
from action_recs.errors import AnnotationError, OutputError, TranscriptError
from action_recs.readers.content import load_content
from action_recs.readers.formats import Content
from action_recs.transcript import Role

HALF = re.compile("[\ud800-\udfff]")
"""Half of a pair of surrogates: JSON can hold it, as an escape, and UTF-8 cannot."""


class Annotations:
    """Sessions as a stream: iterate over them once; afterwards the problems are known.

    Sound sessions are delivered as they come. Iterating ends in an AnnotationError that tells every problem, unless
    ``collect`` was set: then they are in ``problems``.

    Attributes
    ----------
    problems : list of Problem
        What is wrong, as far as was read.
    changes : list of Change
        What ``fix`` repaired.
    forms : dict of str to int
        Name of the form -> sessions delivered in it.
    unread : list of str
        Files of a folder that are of no known form.
    """

    def __init__(
        self, path: str | Path, form: AnnotationFormat | None, options: LoadOptions, *, fix: bool, collect: bool
    ) -> None:
        self.path = Path(path)
        self.problems: list[Problem] = []
        self.changes: list[Change] = []
        self.forms: Counter[str] = Counter()
        self.unread: list[str] = []
        self._form, self._options, self._fix, self._collect = form, options, fix, collect
        self._across = AcrossSessions()

    def __iter__(self) -> Iterator[AnnotatedSession]:
        for content, form in self._contents():
            yield from self._sessions(content, form)
        if not self.forms and not self.problems:
            remedy = "check that it was annotated and exported"
            self.problems.append(Problem("empty", "no annotated session", remedy, file=str(self.path)))
        if self.problems and not self._collect:
            raise error_of(self.problems)

    def _contents(self) -> Iterator[tuple[Content, AnnotationFormat]]:
        """The file, or what a folder or an archive of files holds, each with its form."""
        if self.path.is_dir():
            yield from self._in_folder(self.path)
        elif (content := self._content(self.path)) is not None:
            form = self._form or detect(content)
            if is_zip(content) and (form is None or not form.matches(content)):
                yield from self._in_archive(content)
            elif form:
                yield content, form
            else:
                known = ", ".join(each.name for each in formats())
                what = "no known form of annotations"
                self.problems.append(Problem("unknown-form", what, f"the forms are {known}", file=content.name))

    def _in_archive(self, content: Content) -> Iterator[tuple[Content, AnnotationFormat]]:
        """What an archive of files holds (doccano exports one), as if it were a folder in its place."""
        try:
            with unpacked(content) as (root, folder):
                try:
                    yield from self._in_folder(folder)
                finally:
                    self._rename(str(root), content.name)
        except TranscriptError as error:
            self.problems.append(_placed(str(error), content.name, ""))

    def _rename(self, folder: str, name: str) -> None:
        """Have problems and changes name the archive, and not where it was unpacked."""

        def named(text: str) -> str:
            return text.replace(folder, name)

        self.problems[:] = [
            replace(each, file=named(each.file), what=named(each.what), record=named(each.record))
            for each in self.problems
        ]
        self.changes[:] = [replace(each, file=named(each.file)) for each in self.changes]
        self.unread[:] = map(named, self.unread)

    def _in_folder(self, folder: Path) -> Iterator[tuple[Content, AnnotationFormat]]:
        """A folder that is one export, or what is in it and in the folders below."""
        content = Content(str(folder), b"", stem=folder.name, path=folder)
        if (form := self._form or detect(content)) and form.matches(content):
            yield content, form
            return
        for path in sorted(each for each in folder.iterdir() if not hidden(each)):
            if path.is_dir():
                yield from self._in_folder(path)
            elif (inner := self._content(path)) is not None:
                if (found := self._form or detect(inner)) and found.matches(inner):
                    yield inner, found
                else:
                    self.unread.append(str(path))

    def _content(self, path: Path) -> Content | None:
        try:
            return load_content(path)
        except TranscriptError as error:
            self.problems.append(_placed(str(error), str(path), ""))
            return None

    def _sessions(self, content: Content, form: AnnotationFormat) -> Iterator[AnnotatedSession]:
        if not content.whole and not form.streams:
            remedy = "divide it into smaller files"
            self.problems.append(Problem("too-large", f"too large for {form.name}", remedy, file=content.name))
            return
        try:
            for found in form.load(content, self._options):
                if isinstance(found, Problem):
                    self.problems.append(replace(found, file=found.file or content.name))
                elif (session := self._checked(found, content.name)) is not None:
                    self.forms[form.name] += 1
                    yield session
        except AnnotationError as error:
            self.problems.extend(error.problems or (_placed(str(error), content.name, ""),))
        except TranscriptError as error:
            self.problems.append(_placed(str(error), content.name, ""))
        except UnicodeDecodeError:  # in a part of a large file that was not looked at before
            self.problems.append(Problem("unreadable", "not UTF-8 text", "save it as UTF-8", file=content.name))
        except Exception as error:  # noqa: BLE001 (what a damaged file makes of a loader; its message may quote the file)
            what = f"{form.name} of an unexpected shape ({type(error).__name__})"
            self.problems.append(Problem("unreadable", what, "export it again", file=content.name))

    def _checked(self, found: MarkedSession, file: str) -> AnnotatedSession | None:
        if found.annotator is None and self._options.annotator is not None:
            found = replace(found, annotator=self._options.annotator)
        checked = check_session(found, self._options.schema, fix=self._fix)
        between = list(self._across.check(found, file))
        self.problems.extend(replace(each, file=each.file or file) for each in checked.problems)
        self.problems.extend(between)
        self.changes.extend(replace(each, file=file) for each in checked.changes)
        return None if between else checked.session


def stream_annotations(
    path: str | Path,
    format: str = "auto",
    *,
    schema: Schema | str | Path | None = None,
    roles: Mapping[str, Role | str] | None = None,
    annotator: str | None = None,
    fix: bool = False,
    collect: bool = False,
) -> Annotations:
    """Read annotated sessions one after another; the parameters are those of :func:`load_annotations`.

    Parameters
    ----------
    collect : bool
        Gather problems in ``problems`` instead of raising them at the end.
    """
    form = None if format == "auto" else named_format(format)
    used = schema if isinstance(schema, Schema) else load_schema(schema)
    options = LoadOptions(used, dict(roles or {}), annotator)
    return Annotations(path, form, options, fix=fix, collect=collect)


def load_annotations(
    path: str | Path,
    format: str = "auto",
    *,
    schema: Schema | str | Path | None = None,
    roles: Mapping[str, Role | str] | None = None,
    annotator: str | None = None,
    fix: bool = False,
) -> list[AnnotatedSession]:
    """Read annotated sessions from a file or folder in any form.

    Parameters
    ----------
    path : path
        A file, a folder that is one export (brat, ConvoKit), a folder of files, or a zip archive of either.
    format : str
        A form's name, or "auto": the content decides.
    schema : Schema or path, optional
        A YAML file that maps the annotators' names to ours; see :mod:`action_recs.annotation.schema`.
    roles : mapping, optional
        Speaker's label -> role, where the label does not say it: ``{"Dr. Lee": "therapist"}``.
    annotator : str, optional
        Who annotated, where the file does not say.
    fix : bool
        Repair what needs no decision (a blank at the end of a span); :func:`stream_annotations` lists what was.

    Returns
    -------
    list of AnnotatedSession
        One for every session and annotator, in the order of the file.

    Raises
    ------
    AnnotationError
        With every violation, its file, record and offset; also as ``error.problems``.
    """
    return list(stream_annotations(path, format, schema=schema, roles=roles, annotator=annotator, fix=fix))


def write_annotations(sessions: Iterable[AnnotatedSession], path: str | Path, format: str) -> dict[str, int]:
    """Write sessions in a form; the file, or folder, appears whole or not at all.

    Parameters
    ----------
    sessions : iterable of AnnotatedSession
        Written as they come, by forms that can.
    path : path
        A file, or for forms that are folders a folder that is not there yet.
    format : str
        The form's name.

    Returns
    -------
    dict of str to int
        What the form cannot hold, and how often the sessions had it: ``{"times": 42}``. Empty when nothing is lost.

    Raises
    ------
    AnnotationError
        When there is no such form, or it is only read.
    OutputError
        When the file cannot be written, or its form cannot hold half of a pair of surrogates, which a session has.
    """
    form, path = named_format(format), Path(path)
    if form.write is None:
        known = ", ".join(each.name for each in formats() if each.write)
        raise AnnotationError(f"{form.name} is only read; the forms that are written are {known}")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist; make it first")
    if path.is_dir() and (not form.folder or any(path.iterdir())):
        raise OutputError(f"{path}: a folder; name a {'folder that is empty' if form.folder else 'file in it'}")
    lost: Counter[str] = Counter()
    halves: list[str] = []
    temporary = path.with_name(f".{path.name}.part")
    try:
        if form.folder:
            shutil.rmtree(temporary, ignore_errors=True)  # of a run that was killed
            temporary.mkdir()
        form.write(_counted(sessions, EVERYTHING - form.holds, lost, halves), temporary)
        if path.is_dir():
            path.rmdir()
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
    except UnicodeEncodeError:
        where, remedy = "".join(halves[:1]), "take it out, or write jsonl"
        raise OutputError(f"{path}: {where}half a character, which {form.name} cannot hold; {remedy}") from None
    finally:
        with suppress(OSError):
            shutil.rmtree(temporary) if form.folder else temporary.unlink(missing_ok=True)
    return dict(lost)


def _counted(
    sessions: Iterable[AnnotatedSession], lost: frozenset[str], counts: Counter[str], halves: list[str]
) -> Iterator[AnnotatedSession]:
    """The sessions; what is lost of them is counted, and where half a character stands is kept."""
    for session in sessions:
        facts = held_facts(session)
        counts.update({fact: facts[fact] for fact in lost if facts[fact]})
        halves += [
            f"session {session.id}, utterance {index}: "
            for index, utterance in enumerate(session.transcript.utterances)
            if HALF.search(utterance.text)
        ]
        yield session


def _placed(message: str, file: str, record: str) -> Problem:
    """A reader's message, which begins with the file and ends with a remedy, as a problem."""
    what = message.removeprefix(file).lstrip(":, ")
    what, _, remedy = what.rpartition("; ")
    return Problem("unreadable", what or remedy, remedy if what else "export it again", record, file=file)
