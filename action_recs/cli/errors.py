"""Errors as a person at a terminal should see them: one line, and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from action_recs.errors import ActionRecsError

FAILED_SOME = 1
"""Exit code when some sessions failed and the others were done."""

BAD_INPUT = 2
"""Exit code when nothing could be done."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

SHOW_TRACEBACK = "ACTION_RECS_TRACEBACK"
"""Set in the environment, an error that nobody foresaw is shown whole. A traceback may hold a transcript's words."""


class RunStopped(ActionRecsError):  # noqa: N818 - not always an error
    """A run that stopped before its end; what it wrote so far is whole.

    Attributes
    ----------
    exit_code : int
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn errors into one line on standard error, without a word of a transcript, and an exit code."""
    try:
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except ActionRecsError as error:
        raise _said(str(error), getattr(error, "exit_code", BAD_INPUT)) from None
    except KeyboardInterrupt:
        raise _said("stopped", INTERRUPTED) from None
    except BrokenPipeError:
        close_stdout()
        raise typer.Exit(FAILED_SOME) from None
    except Exception as error:
        if os.environ.get(SHOW_TRACEBACK):
            raise
        remedy = f"please report it; {SHOW_TRACEBACK}=1 shows all of it, perhaps with words of the transcript"
        raise _said(f"unforeseen error ({type(error).__name__}{_place(error)}); {remedy}", BAD_INPUT) from None


def close_stdout() -> None:
    """After a pipe was closed at the other end: or Python complains when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _said(message: str, code: int) -> typer.Exit:
    typer.echo(f"action-recs: {message}", err=True)
    return typer.Exit(code)


def _place(error: Exception) -> str:
    """The last line of ours that was running. The error's own message may quote a transcript and is never shown."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "action_recs" in Path(frame.filename).parts]
    return f" in {Path(ours[-1].filename).name}, line {ours[-1].lineno}" if ours else ""
