"""``action-recs tag``: transcripts in, tagged sessions out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from action_recs.checkpoint import SHIPPED
from action_recs.cli.bulk import Job, run_facts, run_job
from action_recs.cli.errors import one_line_errors
from action_recs.cli.inputs import find_inputs
from action_recs.cli.items import Reading
from action_recs.cli.models import models_digest, tagger_loader
from action_recs.cli.options import (
    AsJson,
    Columns,
    Device,
    Format,
    Inputs,
    Models,
    Overwrite,
    Quiet,
    Resume,
    Roles,
    Workers,
)
from action_recs.cli.places import Places, check_start
from action_recs.cli.roles import parse_columns, parse_roles
from action_recs.cli.tagged import TaggedFiles
from action_recs.cli.telling import tell
from action_recs.cli.terminal import Shown, to_terminal
from action_recs.cli.thresholds import parse_thresholds, thresholds_for
from action_recs.errors import ConfigError, OutputError
from action_recs.export import check_output, write_sessions
from action_recs.redaction import redacted
from action_recs.session import TaggedSession
from action_recs.tables import print_session
from action_recs.tagger import BATCH_TOKENS

if TYPE_CHECKING:
    from action_recs.tagger import Tagger
    from action_recs.transcript import Transcript

LEAST_BATCH_TOKENS = 512
"""Below it, memory runs out for another reason than the batch."""

Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", help="Write the sessions here: .jsonl, .json, .csv, .parquet or .html, by the name's end."
    ),
]
Threshold = Annotated[
    list[str] | None,
    typer.Option(
        help="Find what reaches this probability: a number, or LABEL=NUMBER once for each label. The checkpoints' own "
        "when left out.",
        metavar="[LABEL=]NUMBER",
    ),
]
Precision = Annotated[
    float | None,
    typer.Option(
        help="Take the thresholds at which this share of findings was right, by the curves that lie in "
        "metrics.json beside the checkpoints."
    ),
]


Redact = Annotated[
    bool,
    typer.Option(
        "--redact",
        help="Replace all text by marks of the same length, in every output. Labels, places, scores, identifiers and "
        "dates stay.",
    ),
]


def tag(
    inputs: Inputs,
    output: Output = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    roles: Roles = None,
    columns: Columns = None,
    format: Format = None,
    models: Models = None,
    device: Device = "cpu",
    threshold: Threshold = None,
    precision: Precision = None,
    redact: Redact = False,
    workers: Workers = 0,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Find recommendations and reviews: print tables, or write the tagged sessions with -o.

    A .jsonl file gets one session a line, as soon as it is done. A session that cannot be read or tagged never stops
    the others: with -o all.jsonl it is listed in all.jsonl.failures.jsonl. After a kill, a power cut or a full disk the
    same command with --resume goes on, and gives the same bytes as an unbroken run.

    A session's id is what the transcript says, otherwise the file's name without its end. Files that share that name
    get their path from the folder that all inputs share: monday/s1.txt and tuesday/s1.txt.

    Exit codes: 0 all done; 1 some sessions failed, or it was stopped on the way; 2 nothing done; 130 Ctrl-C.

    [bold]Examples[/bold]

      action-recs tag session.txt

      action-recs tag session.txt -o session.html

      action-recs tag session.vtt -o session.json --roles '{"Dr. Lee": "therapist", "Ann": "client"}'

      action-recs tag transcripts/ 'more/*.txt' -o all.jsonl --workers 2

      action-recs tag transcripts/ 'more/*.txt' -o all.jsonl --workers 2 --resume

      action-recs tag transcripts/ -o sure.csv --threshold recommendation=0.9 --threshold review=0.8

      cat session.txt | action-recs tag - --json
    """
    with one_line_errors():
        reading = Reading(parse_roles(roles), parse_columns(columns), format)
        thresholds = _thresholds(threshold, precision, models)
        turn = partial(tag_block, tagger_loader(models, device, thresholds), redact=redact)
        if output is None:
            if resume or overwrite:
                raise OutputError("--resume and --overwrite need an output: name it with -o")
            shown = Shown("tagged", TaggedSession.to_dict, print_session)
            to_terminal(find_inputs(inputs), reading, turn, shown, workers=workers, as_json=as_json)
            return
        check_output(output)
        places = Places(output)
        check_start(places, resume=resume, overwrite=overwrite)
        found = find_inputs(inputs, leave_out=places.all())

        def run() -> dict[str, str]:
            models_are = {"models": models_digest(models), "device": device.partition(":")[0]}
            return run_facts("tag", found, reading, thresholds, redact, **models_are)

        job = Job(
            inputs=found,
            reading=reading,
            turn=lambda transcripts: [session.to_json() for session in turn(transcripts)],
            run=run,
            output=output,
            convert=None if places.lines == output else _convert,
            one_session=output.suffix.lower() == ".json",
        )
        totals = run_job(job, resume=resume, workers=workers, quiet=quiet)
        tell(totals, "tagged", quiet=quiet, as_json=as_json)


def tag_block(
    load: Callable[[], Tagger], transcripts: Sequence[Transcript], *, redact: bool = False
) -> list[TaggedSession]:
    """Tag some sessions together; where memory runs out, in smaller batches."""
    tokens = BATCH_TOKENS
    while True:
        try:
            sessions = list(load().tag_many(transcripts, batch_tokens=tokens))
            return [redacted(session) for session in sessions] if redact else sessions
        except (MemoryError, RuntimeError) as error:
            if not isinstance(error, MemoryError) and type(error).__name__ != "OutOfMemoryError":  # torch's
                raise
            tokens //= 2
            if tokens < LEAST_BATCH_TOKENS:
                raise
            typer.echo(f"action-recs: out of memory; going on with batches of {tokens} tokens", err=True)


def _thresholds(values: list[str] | None, precision: float | None, models: Path | None) -> dict[Any, float]:
    if values and precision is not None:
        raise ConfigError("--threshold and --precision exclude each other: both say when something is found")
    if precision is not None:
        return dict(thresholds_for(precision, models or SHIPPED))
    return dict(parse_thresholds(values or []))


def _convert(lines: Path, output: Path) -> None:
    write_sessions(TaggedFiles([lines]), output)
