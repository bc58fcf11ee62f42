"""The commands, each a module that is imported when it is run, or when ``--help`` lists it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import typer
from typer.core import TyperGroup

from action_recs.cli.errors import BAD_INPUT, FAILED_SOME

UsageError: Any = typer.BadParameter.__base__
"""An option or argument that is not to be understood. No name of it is the same in all versions of typer."""

COMMANDS = {
    "tag": "tag:tag",
    "read": "read:read",
    "report": "report:report",
    "follow-up": "follow_up:follow_up",
    "study": "study:study",
    "annotations": "annotations:app",
    "suggest": "suggest:suggest",
    "train": "train:train",
    "evaluate": "evaluate:evaluate",
    "export": "export:export",
    "demo": "demo:demo",
    "info": "info:info",
}
"""Name -> module and function (or app of subcommands) in this package, in the order of ``--help``."""


class LazyCommands(TyperGroup):
    """A group of commands that imports no more of them than it needs."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line. A wrong option is told in one line, as every other error is."""
        run = partial(super().main, args, prog_name, complete_var, False, windows_expand_args, **extra)
        if not standalone_mode:
            return run()
        try:
            code = run()
        except UsageError as error:
            _tell(error)
            code = BAD_INPUT
        except typer.Abort:
            code = FAILED_SOME
        sys.exit(code or 0)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 (typer's signature)
        """The commands that there are."""
        return [name for name, place in COMMANDS.items() if find_spec(_module(place))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        place = COMMANDS[cmd_name]
        found = getattr(import_module(_module(place)), place.partition(":")[2])
        return _command(cmd_name, found)


def _tell(error: Any) -> None:
    if type(error).__name__ == "NoArgsIsHelpError":  # no error: a group by its bare name shows its help
        error.show()
        return
    where = error.ctx.command_path if error.ctx else "action-recs"
    message = " ".join(error.format_message().split()).rstrip(".")
    typer.echo(f"action-recs: {message}; see {where} --help", err=True)


def _command(name: str, found: Any) -> Any:
    app = found
    if not isinstance(found, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode="rich")
        app.command(name)(found)
    command = typer.main.get_command(app)
    command.name = name
    for each in (command, *getattr(command, "commands", {}).values()):
        each.help = "\n\n".join(map(_reflowed, (each.help or "").split("\n\n")))
    return command


def _reflowed(paragraph: str) -> str:
    """A paragraph on one line, which the terminal breaks where it ends; an example, which is indented, as it is."""
    return paragraph if paragraph.startswith(" ") else paragraph.replace("\n", " ")


def _module(place: str) -> str:
    return f"action_recs.cli.{place.partition(':')[0]}"
