"""What a run over many sessions says at its end."""

from __future__ import annotations

import typer

from action_recs.cli.bulk import Totals
from action_recs.cli.printing import print_json, print_line


def tell(totals: Totals, done: str, *, quiet: bool, as_json: bool) -> None:
    """Say what a run did, and end with its exit code."""
    if totals.failures:
        failed = f"{totals.failures} of {totals.sessions + totals.failures} sessions failed"
        typer.echo(f"action-recs: {failed}, see {totals.failures_file}", err=True)
    if totals.repeated_ids:
        remedy = "the ids are as the transcripts have them"
        typer.echo(f"action-recs: {totals.repeated_ids} sessions have the id of another one; {remedy}", err=True)
    if as_json:
        print_json(totals.to_dict())
    elif not quiet:
        before = f" ({totals.sessions - totals.new} of them before)" if totals.new < totals.sessions else ""
        print_line(f"{totals.sessions} sessions {done}{before}, {totals.failures} failed: {totals.output}")
    if totals.exit_code:
        raise typer.Exit(totals.exit_code)
