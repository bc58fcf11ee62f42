"""``action-recs read``: transcripts of any kind in, one form with everybody's role out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from action_recs.cli.bulk import Job, run_facts, run_job
from action_recs.cli.errors import one_line_errors
from action_recs.cli.inputs import find_inputs
from action_recs.cli.items import Reading
from action_recs.cli.options import AsJson, Columns, Format, Inputs, Overwrite, Quiet, Resume, Roles, Workers
from action_recs.cli.places import Places, check_start
from action_recs.cli.roles import parse_columns, parse_roles
from action_recs.cli.telling import tell
from action_recs.cli.terminal import Shown, to_terminal
from action_recs.cli.transcripts import ONE_SESSION, SUFFIXES, convert, text_lines, transcript_record
from action_recs.errors import OutputError
from action_recs.export import check_place
from action_recs.transcript import Transcript

Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", help="Write the transcripts here: .jsonl, .json, .csv, .parquet or .txt, by the name's end."
    ),
]


def read(
    inputs: Inputs,
    output: Output = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    roles: Roles = None,
    columns: Columns = None,
    format: Format = None,
    workers: Workers = 0,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Read transcripts without tagging them: see what a reader makes of a file, and who it takes for the therapist.

    With -o they are written in one form, whatever they came in; action-recs tag takes it. Text and JSON hold one
    session, the others many. Failures, --resume and exit codes are as for action-recs tag.

    [bold]Examples[/bold]

      action-recs read session.vtt --roles '{"Dr. Lee": "therapist", "Ann": "client"}'

      action-recs read transcripts/ -o transcripts.jsonl

      action-recs read transcripts/ -o transcripts.csv --workers 2

      action-recs read session.txt --json
    """
    with one_line_errors():
        reading = Reading(parse_roles(roles), parse_columns(columns), format)
        if output is None:
            if resume or overwrite:
                raise OutputError("--resume and --overwrite need an output: name it with -o")
            shown = Shown("transcripts", transcript_record, _show)
            to_terminal(find_inputs(inputs), reading, list, shown, workers=workers, as_json=as_json)
            return
        check_place(output, SUFFIXES)
        places = Places(output)
        check_start(places, resume=resume, overwrite=overwrite)
        found = find_inputs(inputs, leave_out=places.all())
        job = Job(
            inputs=found,
            reading=reading,
            turn=_lines,
            run=lambda: run_facts("read", found, reading),
            output=output,
            convert=None if places.lines == output else convert,
            one_session=output.suffix.lower() in ONE_SESSION,
        )
        tell(run_job(job, resume=resume, workers=workers, quiet=quiet), "read", quiet=quiet, as_json=as_json)


def _lines(transcripts: list[Transcript]) -> list[str]:
    return [json.dumps(transcript_record(each), ensure_ascii=False) for each in transcripts]


def _show(transcript: Transcript, console: Console) -> None:
    console.rule(Text(transcript.session_id or "session"))
    sys.stdout.writelines(text_lines(transcript_record(transcript)))
