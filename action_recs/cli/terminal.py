"""Sessions to standard output, each as soon as it is done: for a person to read, or one JSON document."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Generic

import typer
from rich.console import Console

from action_recs.cli.blocks import Result, Turn, in_blocks
from action_recs.cli.errors import BAD_INPUT, FAILED_SOME, RunStopped
from action_recs.cli.inputs import Input
from action_recs.cli.items import Failure, Reading, read_items
from action_recs.cli.printing import printing


@dataclass(frozen=True, slots=True)
class Shown(Generic[Result]):
    """How results are printed.

    Attributes
    ----------
    name : str
        What the JSON document calls their list.
    record : callable
        A result -> what JSON can hold.
    show : callable
        Prints a result on a console.
    """

    name: str
    record: Callable[[Result], dict[str, Any]]
    show: Callable[[Result, Console], None]


def to_terminal(
    inputs: Sequence[Input], reading: Reading, turn: Turn[Result], shown: Shown[Result], *, workers: int, as_json: bool
) -> None:
    """Do all sessions and print them; ends with exit code 1 when some failed.

    Raises
    ------
    RunStopped
        When none could be done.
    """
    done = 0
    failures: list[Failure] = []
    blocks = in_blocks(read_items(inputs, reading, workers=workers), inputs, turn)
    with closing(blocks), printing() as console:
        for block in blocks:
            for result in block.results:
                if as_json:
                    opening = f'{{"{shown.name}": [\n' if not done else ",\n"
                    sys.stdout.write(opening + json.dumps(shown.record(result)))
                else:
                    shown.show(result, console)
                done += 1
            sys.stdout.flush()
            failures += block.failures
        if not done and failures:
            more = f" (and {len(failures) - 1} others failed)" if len(failures) > 1 else ""
            raise RunStopped(f"{failures[0].error}{more}", BAD_INPUT)
        if as_json:
            summary: dict[str, Any] = {"inputs": len(inputs), "sessions": done, "failures": len(failures)}
            summary |= {"failed": [each.error for each in failures], "exit_code": FAILED_SOME if failures else 0}
            sys.stdout.write("\n], " + json.dumps(summary)[1:] + "\n")
    for failure in failures:
        typer.echo(f"action-recs: {failure.error}", err=True)
    if failures:
        raise typer.Exit(FAILED_SOME)
