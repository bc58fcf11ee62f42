"""``action-recs train``: annotated sessions in, a checkpoint out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from action_recs.cli.errors import one_line_errors
from action_recs.cli.options import AsJson
from action_recs.cli.printing import print_json
from action_recs.errors import ConfigError


def train(
    config: Annotated[
        str, typer.Argument(help="A YAML file of settings, or a recipe of the package: recommendation, review.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder of the run.")],
    more: Annotated[list[Path] | None, typer.Argument(hidden=True)] = None,  # what follows the first path of --data
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Annotated sessions, files or folders, in any form that annotations check reads."),
    ] = None,
    development: Annotated[
        list[Path] | None, typer.Option(help="Annotated sessions to measure on; by default some clients of --data.")
    ] = None,
    unlabelled: Annotated[
        list[Path] | None, typer.Option(help="Transcripts that nobody annotated, for the set of that name.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="What to start from: shipped, a folder, or a hub name.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a setting; several times.")
    ] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="The project's annotations folder, for its sets in the mix.")
    ] = None,
    annomi: Annotated[Path | None, typer.Option(help="AnnoMI-full.csv, for the set annomi.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    resume_step: Annotated[
        int | None, typer.Option(help="Go on from the checkpoint of this step instead of the last one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a model on your own annotated sessions, or go on with a shipped one.

    [bold]Examples[/bold]

      action-recs train review --data annotated/ --output runs/review

      action-recs train my.yaml --data monday.jsonl tuesday.jsonl --from shipped --set passes=2 --output runs/mine

      accelerate launch -m action_recs train my.yaml --data annotated/ --output runs/mine
    """
    with one_line_errors():
        if more and not data:
            raise ConfigError(f"{more[0]}: name annotated sessions with --data")
        try:
            from action_recs.training.config import load_config
            from action_recs.training.data import Sources
            from action_recs.training.run import train as run
        except ImportError as error:
            raise ConfigError(f"{error.name} is missing: pip install 'action_recs[train]'") from None
        overrides = [*(set_ or ()), *([f"base={start}"] if start else [])]
        sources = Sources(
            own=(*(data or ()), *(more or ())),
            development=tuple(development or ()),
            unlabelled=tuple(unlabelled or ()),
            annotations=annotations,
            annomi=annomi,
        )
        run(load_config(config, overrides), sources, output, resume=resume if resume_step is None else resume_step)
    if as_json:
        print_json({"output": str(output), "card": str(output / "README.md"), "exit_code": 0})
        return
    typer.echo(f"{output}\n{output / 'README.md'}")
