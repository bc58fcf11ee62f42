"""Annotated sessions as the subcommands of ``annotations`` take them: one at a time, or all annotators' versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from action_recs.cli.roles import parse_roles

if TYPE_CHECKING:
    from action_recs.annotation.annotated import AnnotatedSession
    from action_recs.annotation.loading import Annotations

Source = Annotated[Path, typer.Argument(help="A file or folder in any form of annotations.")]
Form = Annotated[str, typer.Option("--format", help="The form that is read, when it is not to be told by the content.")]
Names = Annotated[Path | None, typer.Option("--schema", help="YAML that maps the annotators' labels to ours.")]
Extra = Annotated[
    str | None, typer.Option(help="Labels outside the schema: 'refuse' (a violation) or 'drop'.", metavar="refuse|drop")
]
Roles = Annotated[str | None, typer.Option(help="""JSON of speaker labels to roles: '{"Dr. Lee": "therapist"}'.""")]
Annotator = Annotated[str | None, typer.Option(help="Who annotated, where the file does not say.")]
Fix = Annotated[bool, typer.Option("--fix", help="Repair what needs no decision, and list what was changed.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON report in place of tables.")]


def named_apart(versions: dict[Path, list[AnnotatedSession]], *, keep: bool = False) -> list[AnnotatedSession]:
    """All sessions, each annotator under one name: the file's where data names nobody, or two files the same one.

    With ``keep``, who is not named stays so where nobody else marked the session.
    """
    names = Counter((session.id, session.annotator) for sessions in versions.values() for session in sessions)
    stems = Counter(path.stem for path in versions)
    found = []
    for path, sessions in versions.items():
        shown = path.stem if stems[path.stem] == 1 else str(path)
        for session in sessions:
            if session.annotator is None and not (keep and names[session.id, None] == 1):
                session = replace(session, annotator=shown)
            elif session.annotator is not None and names[session.id, session.annotator] > 1:
                session = replace(session, annotator=f"{shown}: {session.annotator}")
            found.append(session)
    return found


def versions_of(
    sources: list[Path], format: str, schema: Path | None, extra: str | None, roles: str | None
) -> list[AnnotatedSession]:
    """All annotators' versions, each annotator under one name. Problems of all files are told at once."""
    from action_recs.annotation.problems import error_of

    read, problems = {}, []
    for path in sources:
        found = stream(path, format, schema, extra, roles, None, collect=True)
        read[path] = list(with_progress(found))
        problems += found.problems
    if problems:
        raise error_of(problems)
    return named_apart(read)


def stream(
    source: Path,
    format: str,
    schema: Path | None,
    extra: str | None,
    roles: str | None,
    annotator: str | None,
    *,
    fix: bool = False,
    collect: bool = False,
) -> Annotations:
    """The sessions of a file or folder, read as they are taken."""
    from action_recs.annotation.loading import stream_annotations
    from action_recs.annotation.schema import load_schema

    return stream_annotations(
        source,
        format,
        schema=load_schema(schema, extra=extra),
        roles=parse_roles(roles),
        annotator=annotator,
        fix=fix,
        collect=collect,
    )


def with_progress(sessions: Iterable[AnnotatedSession]) -> Iterator[AnnotatedSession]:
    """The sessions, counted on standard error where that is a terminal."""
    from tqdm import tqdm

    yield from tqdm(sessions, unit=" sessions", disable=None, leave=False)


def counted(sessions: Iterable[AnnotatedSession]) -> dict[str, Any]:
    """How many sessions, utterances, recommendations and reviews, and how many sessions of each annotator."""
    counts: Counter[str] = Counter()
    annotators: Counter[str] = Counter()
    for session in sessions:
        counts["sessions"] += 1
        counts["utterances"] += len(session.transcript)
        counts["recommendations"] += len(session.recommendations)
        counts["reviews"] += len(session.reviews)
        annotators[session.annotator or "unnamed"] += 1
    names = ("sessions", "utterances", "recommendations", "reviews")
    return {**{name: counts[name] for name in names}, "annotators": dict(annotators)}
