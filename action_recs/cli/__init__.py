"""The command line: a module a command, registered here."""

from __future__ import annotations

from typing import Annotated

import typer

import action_recs
from action_recs.cli.annotations import app as annotation_forms
from action_recs.cli.demo import demo
from action_recs.cli.study import study
from action_recs.cli.tag import tag

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Find what a therapist recommends between sessions, and what was looked back at. Runs offline.",
)

app.command()(tag)
app.command()(study)
app.add_typer(annotation_forms, name="annotations")
app.command()(demo)


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
