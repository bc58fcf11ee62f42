"""``action-recs annotations check | convert | agree | adjudicate | split``: tables for a person, JSON for a program.

The command line imports this module at its start; what a command needs is imported when it runs.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from action_recs.cli.annotated import (
    Annotator,
    AsJson,
    Extra,
    Fix,
    Form,
    Names,
    Roles,
    Source,
    counted,
    named_apart,
    stream,
    versions_of,
    with_progress,
)
from action_recs.cli.errors import one_line_errors
from action_recs.cli.options import Overwrite
from action_recs.cli.places import check_new
from action_recs.errors import AnnotationError, OutputError

if TYPE_CHECKING:
    from action_recs.annotation.loading import Annotations

app = typer.Typer(
    no_args_is_help=True,
    help="Annotated sessions of any tool: check them, convert them, compare annotators, split them.",
)

BROKEN = 1
"""Exit code of ``check`` when the data has violations."""


@app.command()
def check(
    source: Source,
    format: Form = "auto",
    schema: Names = None,
    extra: Extra = None,
    roles: Roles = None,
    annotator: Annotator = None,
    fix: Fix = False,
    as_json: AsJson = False,
) -> None:
    """Report every violation: file, record, offset, and what to do. Exit code 1 when there is one.

    With --fix, list what 'convert --fix' would change; the file itself is never touched.

    [bold]Examples[/bold]

      action-recs annotations check project-3.json

      action-recs annotations check project-3.json --fix --json
    """
    with one_line_errors():
        found = stream(source, format, schema, extra, roles, annotator, fix=fix, collect=True)
        counts = counted(with_progress(found))
        report = {
            "file": str(source),
            "forms": dict(found.forms),
            **counts,
            "problems": [problem.to_dict() for problem in found.problems],
            "changes": [change.to_dict() for change in found.changes],
            "unread": found.unread,
        }
        if as_json:
            _print_json(report)
        else:
            _print_check(found, counts)
        if found.problems:
            raise typer.Exit(BROKEN)


@app.command()
def convert(
    source: Source,
    to: Annotated[str, typer.Option("--to", help="The form to write: jsonl, label-studio, brat, ...")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The file, or for brat and corpora the folder, to write.")
    ],
    format: Form = "auto",
    schema: Names = None,
    extra: Extra = None,
    roles: Roles = None,
    annotator: Annotator = None,
    fix: Fix = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Write annotations in another form, and say what that form cannot hold. Nothing is written where data is broken.

    [bold]Example[/bold]

      action-recs annotations convert project-3.json --to brat -o for_brat
    """
    with one_line_errors():
        from action_recs.annotation.loading import write_annotations

        check_new(output, overwrite=overwrite)
        found = stream(source, format, schema, extra, roles, annotator, fix=fix)
        lost = write_annotations(with_progress(found), output, to)
        sessions = sum(found.forms.values())
        changes = [change.to_dict() for change in found.changes]
        if as_json:
            _print_json(
                {
                    "output": str(output),
                    "sessions": sessions,
                    "lost": lost,
                    "changes": changes,
                    "unread": found.unread,
                }
            )
            return
        console = Console()
        _print_changes(found, console)
        _print_unread(found, console)
        console.print(Text(f"{sessions} sessions written to {output}"))
        for name, count in sorted(lost.items()):
            console.print(Text(f"  {to} cannot hold: {name.replace('_', ' ')} ({count})"))


@app.command()
def agree(
    sources: Annotated[
        list[Path], typer.Argument(help="One file with several annotators, or a file for each of them.")
    ],
    format: Form = "auto",
    schema: Names = None,
    extra: Extra = None,
    roles: Roles = None,
    html: Annotated[Path | None, typer.Option(help="Write the disagreements here, a page to adjudicate from.")] = None,
    with_gamma: Annotated[
        bool, typer.Option("--gamma", help="The gamma measure, too (needs pygamma-agreement; seconds a session).")
    ] = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Compare annotators: Cohen's kappa, F1 of utterances and spans, Krippendorff's alpha, each with its interval.

    The JSON report lists every disagreement, too: where, and what each annotator marked there.

    [bold]Example[/bold]

      action-recs annotations agree anna.json ben.json --html disagreements.html
    """
    with one_line_errors():
        from action_recs.annotation.agreement import agreement, shown
        from action_recs.annotation.disagreements import disagreements
        from action_recs.annotation.gamma import gamma
        from action_recs.session import Label

        if html:
            check_new(html, overwrite=overwrite)
        found = versions_of(sources, format, schema, extra, roles)
        compared = agreement(found)
        unitised = {label: gamma(found, label) for label in Label} if with_gamma else {}
        if html:
            from action_recs.annotation.disagreements_page import write_page

            write_page(found, html)
        listed = disagreements(found)
        if as_json:
            report = compared.to_dict()
            if with_gamma:
                report["gamma"] = {label.value: value and value.to_dict() for label, value in unitised.items()}
            _print_json({**report, "disagreements": [each.to_dict() for each in listed]})
            return
        table = Table("Label", "Figure", "Annotators", "Value [95 % interval]", title=f"{compared.sessions} sessions")
        gammas = [(label.value, "gamma", "all", shown(value)) for label, value in unitised.items()]
        for row in (*compared.rows(), *gammas):
            table.add_row(*map(Text, row))
        console = Console()
        console.print(table)
        console.print(Text(f"{len(listed)} disagreements" + (f", on the page {html}" if html else "")))
        if compared.alone:
            console.print(Text(f"{len(compared.alone)} sessions were marked by one annotator only, and are left out"))


@app.command()
def adjudicate(
    sources: Annotated[
        list[Path], typer.Argument(help="The files of 'agree', as they were given there: their names are annotators'.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The merged sessions, as JSON lines.")],
    decisions: Annotated[
        Path | None, typer.Option(help="What was decided on the page of 'agree --html': the file that it saved.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="How to merge what is not decided.", metavar="majority|union|intersection|judge"),
    ] = None,
    judge: Annotated[str | None, typer.Option(help="The annotator who decides, for --by judge.")] = None,
    format: Form = "auto",
    schema: Names = None,
    extra: Extra = None,
    roles: Roles = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Merge the annotators' versions into one: as was decided on the page of disagreements, or by a rule, or both.

    [bold]Examples[/bold]

      action-recs annotations adjudicate anna.json ben.json --decisions decisions.json -o merged.jsonl

      action-recs annotations adjudicate anna.json ben.json --by union -o merged.jsonl
    """
    with one_line_errors():
        from action_recs.annotation.adjudication import adjudicate as merge
        from action_recs.annotation.loading import write_annotations

        if decisions is None and by is None:
            raise AnnotationError("say how to merge: --decisions with the file from the page, --by, or both")
        check_new(output, overwrite=overwrite)
        found = versions_of(sources, format, schema, extra, roles)
        merged = merge(found, by, judge=judge, decisions=decisions)  # type: ignore[arg-type] # it checks
        write_annotations(merged, output, "jsonl")
        counts = counted(merged)
        if as_json:
            _print_json({"output": str(output), **counts})
            return
        shown = ", ".join(f"{counts[name]} {name}" for name in ("sessions", "recommendations", "reviews"))
        Console().print(Text(f"{shown}, written to {output}"))


@app.command()
def split(
    sources: Annotated[list[Path], typer.Argument(help="Files or folders in any form of annotations.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder that the sets are written to.")],
    shares: Annotated[str, typer.Option(help="The sets, and the share of each.")] = "train=0.8,validation=0.1,test=0.1",
    seed: Annotated[int, typer.Option(help="The same seed and sessions give the same sets.")] = 0,
    format: Form = "auto",
    schema: Names = None,
    extra: Extra = None,
    roles: Roles = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Divide sessions into sets by client, balanced by label, and report near-duplicates between the sets.

    The folder gets a file of JSON lines a set, and split.json with the groups of each.

    [bold]Example[/bold]

      action-recs annotations split merged.jsonl -o splits --shares train=0.7,test=0.3
    """
    with one_line_errors():
        from action_recs.annotation.dataset import COUNTED, split_sessions
        from action_recs.annotation.loading import write_annotations

        wanted = _shares(shares)
        check_new(output, overwrite=overwrite)
        found = named_apart(
            {path: list(with_progress(stream(path, format, schema, extra, roles, None))) for path in sources}, keep=True
        )
        divided = split_sessions(found, wanted, seed=seed)
        try:
            output.mkdir(exist_ok=True)
            for name, sessions in divided.sets.items():
                write_annotations(sessions, output / f"{name}.jsonl", "jsonl")
            (output / "split.json").write_text(json.dumps(divided.to_dict(), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{output}: cannot be written ({error.strerror})") from None
        if as_json:
            _print_json(divided.to_dict())
            return
        console = Console()
        table = Table("Set", "Groups", *(name.capitalize() for name in COUNTED))
        for row in divided.rows():
            table.add_row(*map(Text, row))
        console.print(table)
        for leak in divided.leaks:
            one, other = (f"{session} ({name})" for session, name in zip(leak.sessions, leak.sets, strict=True))
            console.print(Text(f"nearly the same: {one} and {other}, {leak.shared:.0%} of the shorter one"))


def _shares(text: str) -> dict[str, float]:
    """Read the value of ``--shares``."""
    try:
        shares = {name.strip(): float(share) for name, share in (each.split("=") for each in text.split(","))}
    except ValueError:
        shares = {}
    if not shares or not all(re.fullmatch(r"\w+", name) for name in shares):
        raise AnnotationError("--shares: write names and numbers, such as 'train=0.8,test=0.2'")
    return shares


def _print_check(found: Annotations, counts: dict[str, Any]) -> None:
    console = Console()
    if found.problems:
        table = Table(
            "File", "Record", "Offset", "What is wrong", "What to do", title=f"{len(found.problems)} violations"
        )
        for problem in found.problems:
            offset = "" if problem.offset is None else str(problem.offset)
            cells = (Path(problem.file).name, problem.record, offset, problem.what, problem.remedy)
            table.add_row(*map(Text, cells))
        console.print(table)
    _print_changes(found, console)
    _print_unread(found, console)
    shown = ", ".join(f"{counts[name]} {name}" for name in ("sessions", "utterances", "recommendations", "reviews"))
    by = ", ".join(f"{name} ({count})" for name, count in counts["annotators"].items())
    console.print(Text(f"sound: {shown}" + (f"; annotators: {by}" if by else "")))


def _print_unread(found: Annotations, console: Console) -> None:
    for name in found.unread:
        console.print(Text(f"not read, of no known form: {name}"))


def _print_changes(found: Annotations, console: Console) -> None:
    if found.changes:
        table = Table("File", "Record", "What was changed", title=f"{len(found.changes)} changes")
        for change in found.changes:
            table.add_row(*map(Text, (Path(change.file).name, change.record, change.what)))
        console.print(table)


def _print_json(report: dict[str, Any]) -> None:
    typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
