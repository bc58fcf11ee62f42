"""The command line: ``action-recs tag``, ``study``, ``annotations`` and ``demo``."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

import action_recs
from action_recs.annotation import commands
from action_recs.errors import ActionRecsError, OutputError, StudyError, TranscriptError
from action_recs.export import check_output, write_sessions
from action_recs.readers.source import read_sources
from action_recs.session import TaggedSession
from action_recs.tables import print_session
from action_recs.transcript import Role

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Find what a therapist recommends between sessions, and what was looked back at. Runs offline.",
)

app.add_typer(commands.app, name="annotations")

BAD_INPUT = 2
"""Exit code when nothing could be done."""

Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Write the tagged sessions here: .jsonl, .json, .csv or .html, by suffix."),
]
Device = Annotated[str, typer.Option(help="Where the models run: cpu, cuda or mps.")]


def print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(action_recs.__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=print_version)
    ] = False,
) -> None:
    """Options of the program itself; the help text stands where ``app`` is made."""


@app.command()
def tag(
    files: Annotated[list[Path], typer.Argument(help="Transcripts: text, subtitles, a recogniser's JSON, tables.")],
    output: Output = None,
    roles: Annotated[
        str | None,
        typer.Option(help="""JSON that maps speaker labels to roles: '{"Dr. Lee": "therapist", "Ann": "client"}'."""),
    ] = None,
    models: Annotated[
        Path | None, typer.Option(help="A folder with recommendation/ and review/ in place of the shipped models.")
    ] = None,
    device: Device = "cpu",
) -> None:
    """Tag transcripts: print a table, and write the tagged sessions with -o.

    [bold]Examples[/bold]

      action-recs tag session.txt

      action-recs tag session.vtt -o session.json --roles '{"Speaker 1": "therapist", "Speaker 2": "client"}'

      action-recs tag session.txt -o session.html

      action-recs tag monday.txt tuesday.txt -o week.jsonl --roles '{"Dr. Lee": "therapist"}'
    """
    with one_line_errors():
        if output:
            check_output(output, len(files))
        transcripts = list(read_sources(files, roles=parse_roles(roles)))
        if output:
            check_output(output, len(transcripts))
        tagger = action_recs.Tagger.from_pretrained(models, device=device)
        sessions = list(tagger.tag_many(transcripts, progress=len(transcripts) > 1))
        if output:
            write_sessions(sessions, output)
        print_sessions(sessions)


@app.command()
def study(
    tagged: Annotated[Path, typer.Argument(help="Tagged sessions, as tag -o FILE.jsonl writes them.")],
    outcomes: Annotated[Path, typer.Argument(help="Scores: CSV with client_id, date, instrument, score.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for report.html and results.json.")],
    before: Annotated[int, typer.Option(help="Days before the first session that a baseline score may lie.")] = 30,
    after: Annotated[int, typer.Option(help="Days after a session within which its score must lie.")] = 30,
    baseline: Annotated[
        Literal["initial", "previous"],
        typer.Option(help="Count change from the client's first score, or from the last one before the session."),
    ] = "initial",
    cluster: Annotated[
        Literal["client", "therapist"], typer.Option(help="Whose sessions may depend on each other.")
    ] = "client",
    working: Annotated[
        Literal["exchangeable", "independence", "autoregressive"], typer.Option(help="Working correlation of the GEE.")
    ] = "exchangeable",
    rates: Annotated[
        Path | None, typer.Option(help="JSON with the tagger's precision and recall, to correct shares for its errors.")
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option(help="CSV with session_id and hand-labelled review_percentage, to correct slopes for its errors."),
    ] = None,
) -> None:
    """Describe tagged sessions and relate their review percentage to PHQ-9 and GAD-7 scores.

    [bold]Example[/bold]

      action-recs study tagged.jsonl outcomes.csv -o report/
    """
    with one_line_errors():
        try:
            from action_recs.study.analysis import Choices
            from action_recs.study.join import Window
            from action_recs.study.run import study_files
        except ImportError as error:
            raise StudyError(f"{error.name} is missing: pip install 'action_recs[study]'") from None
        found = study_files(
            tagged,
            outcomes,
            output,
            window=Window(before, after, baseline),
            choices=Choices("client_id" if cluster == "client" else "therapist_id", working),
            rates=rates,
            validation=validation,
        )
        for notice in found.notices:
            typer.echo(f"note: {notice.message}", err=True)
        typer.echo(f"{output / 'report.html'}\n{output / 'results.json'}")


@app.command()
def demo() -> None:
    """Tag the example session that ships with the package."""
    with one_line_errors(), resources.as_file(resources.files("action_recs") / "examples" / "session.txt") as path:
        print_sessions([action_recs.tag(path)])


def print_sessions(sessions: Iterable[TaggedSession]) -> None:
    """Print tables, also to a terminal that cannot show every character, or a pipe that closes."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    console = Console()
    try:
        for session in sessions:
            print_session(session, console)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it exits
    except OSError as error:
        raise OutputError(f"the tables cannot be printed ({error.strerror})") from None


def parse_roles(text: str | None) -> dict[str, str]:
    """Read the value of ``--roles``."""
    if text is None:
        return {}
    try:
        roles = json.loads(text)
        known = {role.value for role in Role}
        if isinstance(roles, dict) and known.issuperset(roles.values()):
            return roles
    except (ValueError, TypeError, RecursionError):
        pass
    raise TranscriptError(
        """--roles: write a JSON object of "therapist", "client" and "other", such as '{"Dr. Lee": "therapist"}'"""
    )


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn the library's own errors into one line on standard error and exit code 2."""
    try:
        yield
    except ActionRecsError as error:
        typer.echo(f"action-recs: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
