"""``action-recs study``: tagged sessions and scores in, a report out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from action_recs.cli.errors import one_line_errors
from action_recs.cli.options import AsJson, Overwrite
from action_recs.cli.places import check_new
from action_recs.cli.printing import print_json, print_line
from action_recs.errors import StudyError


def study(
    tagged: Annotated[Path, typer.Argument(help="Tagged sessions, as tag -o FILE.jsonl writes them.")],
    outcomes: Annotated[Path, typer.Argument(help="Scores: CSV with client_id, date, instrument, score.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for report.html and results.json.")],
    before: Annotated[int, typer.Option(help="Days before the first session that a baseline score may lie.")] = 30,
    after: Annotated[int, typer.Option(help="Days after a session within which its score must lie.")] = 30,
    baseline: Annotated[
        Literal["initial", "previous"],
        typer.Option(help="Count change from the client's first score, or from the last one before the session."),
    ] = "initial",
    cluster: Annotated[
        Literal["client", "therapist"], typer.Option(help="Whose sessions may depend on each other.")
    ] = "client",
    working: Annotated[
        Literal["exchangeable", "independence", "autoregressive"], typer.Option(help="Working correlation of the GEE.")
    ] = "exchangeable",
    rates: Annotated[
        Path | None, typer.Option(help="JSON with the tagger's precision and recall, to correct shares for its errors.")
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option(help="CSV with session_id and hand-labelled review_percentage, to correct slopes for its errors."),
    ] = None,
    threads: Annotated[
        Path | None,
        typer.Option(help="What became of recommendations: JSON lines, as follow-up -o FILE.jsonl writes them."),
    ] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Describe tagged sessions and relate their review percentage to PHQ-9 and GAD-7 scores.

    [bold]Example[/bold]

      action-recs study tagged.jsonl outcomes.csv -o study/ --baseline previous
    """
    with one_line_errors():
        files = {"report": str(output / "report.html"), "results": str(output / "results.json")}
        for each in files.values():
            check_new(Path(each), overwrite=overwrite)
        try:
            from action_recs.study.analysis import Choices
            from action_recs.study.join import Window
            from action_recs.study.run import study_files
        except ImportError as error:
            raise StudyError(f"{error.name} is missing: pip install 'action_recs[study]'") from None
        found = study_files(
            tagged,
            outcomes,
            output,
            window=Window(before, after, baseline),
            choices=Choices("client_id" if cluster == "client" else "therapist_id", working),
            rates=rates,
            validation=validation,
            threads=threads,
        )
        if as_json:
            print_json(files | {"notices": [asdict(notice) for notice in found.notices], "exit_code": 0})
            return
        for notice in found.notices:
            typer.echo(f"note: {notice.message}", err=True)
        print_line("\n".join(files.values()))
