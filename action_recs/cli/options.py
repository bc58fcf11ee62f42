"""Options that more than one command has, with what ``--help`` says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Inputs = Annotated[
    list[Path],
    typer.Argument(
        help="Transcripts: files, folders with their subfolders, patterns such as 'week/*.vtt', or - for standard "
        "input.",
        allow_dash=True,
    ),
]
Roles = Annotated[
    str | None,
    typer.Option(
        help="""Who the speakers are, as JSON or a file of it: '{"Dr. Lee": "therapist", "Ann": "client"}'.""",
        metavar="JSON",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        help="""What a table calls our columns, as JSON or a file of it: '{"speaker": "who", "text": "said"}'.""",
        metavar="JSON",
    ),
]
Format = Annotated[
    str | None, typer.Option("--format", help="The transcripts' format, where it is not to be told by their content.")
]
Models = Annotated[
    Path | None,
    typer.Option(help="A folder with recommendation/ and review/, or of one checkpoint, in place of the shipped ones."),
]
Device = Annotated[str, typer.Option(help="Where the models run: cpu, cuda, mps or xpu.")]
Workers = Annotated[
    int, typer.Option(help="Processes that read transcripts ahead of the models; what comes out is the same.", min=0)
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with a run that was stopped or killed; what is done is kept.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an output that exists.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no summary; errors still.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON in place of text and tables.")]
