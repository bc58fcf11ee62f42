"""``action-recs tag``: transcripts in, tagged sessions out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import action_recs
from action_recs.cli.errors import one_line_errors
from action_recs.cli.printing import print_sessions
from action_recs.cli.roles import parse_roles
from action_recs.export import check_output, write_sessions
from action_recs.readers.source import read_sources

Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Write the tagged sessions here: .jsonl, .json, .csv or .html, by suffix."),
]
Device = Annotated[str, typer.Option(help="Where the models run: cpu, cuda or mps.")]


def tag(
    files: Annotated[list[Path], typer.Argument(help="Transcripts: text, subtitles, a recogniser's JSON, tables.")],
    output: Output = None,
    roles: Annotated[
        str | None,
        typer.Option(help="""JSON that maps speaker labels to roles: '{"Dr. Lee": "therapist", "Ann": "client"}'."""),
    ] = None,
    models: Annotated[
        Path | None, typer.Option(help="A folder with recommendation/ and review/ in place of the shipped models.")
    ] = None,
    device: Device = "cpu",
) -> None:
    """Tag transcripts: print a table, and write the tagged sessions with -o.

    [bold]Examples[/bold]

      action-recs tag session.txt

      action-recs tag session.vtt -o session.json --roles '{"Speaker 1": "therapist", "Speaker 2": "client"}'

      action-recs tag session.txt -o session.html

      action-recs tag monday.txt tuesday.txt -o week.jsonl --roles '{"Dr. Lee": "therapist"}'
    """
    with one_line_errors():
        if output:
            check_output(output, len(files))
        transcripts = list(read_sources(files, roles=parse_roles(roles)))
        if output:
            check_output(output, len(transcripts))
        tagger = action_recs.Tagger.from_pretrained(models, device=device)
        sessions = list(tagger.tag_many(transcripts, progress=len(transcripts) > 1))
        if output:
            write_sessions(sessions, output)
        print_sessions(sessions)
