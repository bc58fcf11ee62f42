"""Tagged sessions as tables on a terminal."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable

from rich.console import Console

from action_recs.errors import OutputError
from action_recs.session import TaggedSession
from action_recs.tables import print_session


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
