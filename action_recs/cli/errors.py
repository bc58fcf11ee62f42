"""Errors as a person at a terminal should see them: one line, and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from action_recs.errors import ActionRecsError

BAD_INPUT = 2
"""Exit code when nothing could be done."""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn the library's own errors into one line on standard error and exit code 2."""
    try:
        yield
    except ActionRecsError as error:
        typer.echo(f"action-recs: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
