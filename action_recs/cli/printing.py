"""What a command prints: tables and lines on a terminal, JSON for a program."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from action_recs.cli.errors import close_stdout
from action_recs.errors import OutputError


@contextmanager
def printing() -> Iterator[Console]:
    """A console on standard output, also where that cannot show every character, or is a pipe that closes."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        yield Console()
        sys.stdout.flush()
    except BrokenPipeError:
        close_stdout()
    except OSError as error:
        raise OutputError(f"standard output cannot be written ({error.strerror})") from None


def print_json(report: Any) -> None:
    """Print one JSON document, in letters that every terminal and pipe can carry."""
    with printing():
        sys.stdout.write(json.dumps(report, indent=2) + "\n")


def print_line(text: str) -> None:
    """Print one line of text."""
    with printing():
        sys.stdout.write(f"{text}\n")
