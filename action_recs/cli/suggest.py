"""``action-recs suggest``: unlabelled sessions in, those to annotate next out, with what the models find in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from action_recs.cli.errors import one_line_errors
from action_recs.cli.options import Overwrite
from action_recs.cli.places import check_new
from action_recs.cli.roles import parse_roles
from action_recs.errors import ConfigError


def suggest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Transcripts: files, or folders of them.")],
    count: Annotated[int, typer.Option("-n", "--count", help="How many sessions to suggest.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file of tasks to write.")],
    format: Annotated[
        str | None,
        typer.Option("--format", help="label-studio, doccano, prodigy or jsonl; else .json and .jsonl say it."),
    ] = None,
    annotated: Annotated[
        list[Path] | None, typer.Option("--annotated", help="What is annotated already, and not suggested again.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="A folder of both models, or of one checkpoint, in place of the shipped ones.")
    ] = None,
    roles: Annotated[str | None, typer.Option(help="JSON that maps speaker labels to roles.")] = None,
    random_share: Annotated[float, typer.Option("--random", help="The share that is drawn at random, 0 to 1.")] = 0.2,
    skip: Annotated[
        bool, typer.Option("--skip", help="Pass over sessions that cannot be read, and list them.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the random share.")] = 0,
    device: Annotated[str, typer.Option(help="Where the models run: cpu, cuda or mps.")] = "cpu",
    overwrite: Overwrite = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was suggested, and why, as JSON.")] = False,
) -> None:
    """Suggest which sessions to annotate next: those that the models are unsure of and that differ, and some at random.

    They are written as tasks that hold what the models find, to be corrected. Long sessions are suggested more often.

    [bold]Examples[/bold]

      action-recs suggest transcripts/ -n 20 -o tasks.json

      action-recs suggest transcripts/ -n 20 -o tasks.jsonl --format prodigy --annotated done.jsonl --model runs
    """
    with one_line_errors():
        check_new(output, overwrite=overwrite)
        try:
            from action_recs.suggest.run import suggest_files
        except ImportError as error:
            raise ConfigError(f"{error.name} is missing: pip install 'action_recs[formats]'") from None
        found = suggest_files(
            paths,
            count,
            output,
            form=format,
            annotated=annotated or [],
            models=model,
            roles=parse_roles(roles),
            skip=skip,
            random_share=random_share,
            seed=seed,
            device=device,
            progress=None,  # on a terminal
        )
        for place in found.skipped:
            typer.echo(f"passed over: {place}", err=True)
        if as_json:
            report = {
                "output": str(output),
                "sessions": found.sessions,
                "annotated": found.annotated,
                "skipped": list(found.skipped),
                "lost": dict(found.lost),
                "suggestions": [each.to_dict() for each in found.suggestions],
            }
            typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        console = Console()
        table = Table("Session", "Chosen as", "Reason", title=f"{len(found.suggestions)} of {found.sessions} sessions")
        for each in found.suggestions:
            table.add_row(*map(Text, (each.session, each.why.value, each.reason)))
        console.print(table)
        if found.annotated:
            console.print(Text(f"{found.annotated} sessions are annotated already and were left out"))
        for name, number in sorted(found.lost.items()):
            console.print(Text(f"the file cannot hold: {name.replace('_', ' ')} ({number})"))
        typer.echo(str(output))
