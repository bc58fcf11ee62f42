"""The command line: a module a command, listed in :mod:`action_recs.cli.commands`."""

from __future__ import annotations

from typing import Annotated

import typer

from action_recs.cli.commands import LazyCommands
from action_recs.version import __version__

app = typer.Typer(
    cls=LazyCommands,
    name="action-recs",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Find what a therapist recommends between sessions, and what was looked back at. Runs offline.",
)


def print_version(wanted: bool) -> None:
    """Print it and end, when it is asked for."""
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=print_version)
    ] = False,
) -> None:
    """Options of the program itself; the help text stands where ``app`` is made."""
