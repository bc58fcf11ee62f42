"""``action-recs evaluate``: a model and annotated sessions in, figures and a report out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from action_recs.cli.errors import one_line_errors
from action_recs.cli.options import Overwrite
from action_recs.cli.places import check_new
from action_recs.cli.roles import parse_roles
from action_recs.errors import ConfigError
from action_recs.session import Label

if TYPE_CHECKING:
    from rich.console import Console


def evaluate(
    data: Annotated[list[Path], typer.Option("--data", help="Annotated sessions in any form: files or folders.")],
    more: Annotated[list[Path] | None, typer.Argument(metavar="[PATH...]", help="More of --data.")] = None,
    model: Annotated[
        str, typer.Option(help="A folder with recommendation/ and review/, the folder of one checkpoint, or 'shipped'.")
    ] = "shipped",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for metrics.json and report.html.")
    ] = None,
    compare: Annotated[
        str | None, typer.Option(help="Another model, or 'shipped': differences on the same sessions.")
    ] = None,
    precision: Annotated[
        float | None, typer.Option(help="Print the threshold that reaches this precision of utterances.")
    ] = None,
    slice_by: Annotated[
        list[str] | None,
        typer.Option("--slice", help="A column to divide sessions by: therapist_id, style, ... Can be given again."),
    ] = None,
    no_text: Annotated[
        bool, typer.Option("--no-text", help="Leave the words of the mistakes out of the report.")
    ] = False,
    overwrite: Overwrite = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON in place of tables.")] = False,
    format: Annotated[
        str, typer.Option("--format", help="The form of the annotations, if the content is not to tell.")
    ] = "auto",
    schema: Annotated[Path | None, typer.Option(help="YAML that maps the annotators' labels to ours.")] = None,
    roles: Annotated[str | None, typer.Option(help="JSON that maps speaker labels to roles.")] = None,
    device: Annotated[str, typer.Option(help="Where the models run: cpu, cuda or mps.")] = "cpu",
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap, and of the mistakes that are shown.")] = 0,
) -> None:
    """Measure models against annotated sessions: utterances, spans, sessions, calibration, slices, and mistakes.

    [bold]Examples[/bold]

      action-recs evaluate --data annotated.jsonl

      action-recs evaluate --model runs --data export.json --output evaluation --compare shipped

      action-recs evaluate --model runs/review --data export.json --precision 0.85 --json
    """
    with one_line_errors():
        if output:
            for name in ("metrics.json", "report.html"):
                check_new(output / name, overwrite=overwrite)
        try:
            from action_recs.evaluation.run import check_output, evaluate_files, write_evaluation

            if output:
                import matplotlib  # noqa: F401 (so that its absence is told before the models read for minutes)

                check_output(output)
            found = evaluate_files(
                model,
                [*data, *(more or [])],
                other=compare,
                precision=precision,
                columns=slice_by or [],
                form=format,
                schema=schema,
                roles=parse_roles(roles),
                device=device,
                seed=seed,
                progress=None,  # on a terminal
            )
        except ImportError as error:
            raise ConfigError(f"{error.name} is missing: pip install 'action_recs[formats,train]'") from None
        written = write_evaluation(found, output, with_text=not no_text) if output else ()
        if as_json:
            typer.echo(json.dumps(found.results, ensure_ascii=False, indent=1))
            return
        _print(found.results)
        for path in written:
            typer.echo(str(path))


def _print(results: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from action_recs.evaluation.words import A_SESSION, interval, names_of

    console = Console()
    data = results["data"]
    console.print(Text(f"{data['sessions']} sessions of {data['clients']} clients, {data['utterances']} utterances"))
    for note in results["notes"]:
        console.print(Text(f"note: {note}"))
    for task in (name for name in ("recommendation", "review") if name in results):
        measures = results[task]["measures"]
        table = Table("", "F1 [95 % interval]", "Precision", "Recall", title=task)
        for name, words in names_of(Label(task)).items():
            if name in measures:
                table.add_row(words, *(interval(measures[name][each]) for each in ("f1", "precision", "recall")))
        console.print(table)
        table = Table("", "Marked", "Found", "Error")
        for name, words in A_SESSION.items():
            if name in measures:
                table.add_row(words, *(interval(measures[name][each]) for each in ("gold", "found", "error")))
        console.print(table)
        _print_threshold(task, results[task].get("threshold"), console)
        _print_comparison(results, task, console)


def _print_threshold(task: str, chosen: dict[str, Any] | None, console: Console) -> None:
    from rich.text import Text

    if chosen is None:
        return
    rates = f"precision {chosen['precision']:.2f}, recall {chosen['recall']:.2f}"
    if chosen["threshold"] is None:
        words = f"{task}: no threshold reaches a precision of {chosen['wanted_precision']}; the best has {rates}"
    else:
        words = f"{task}: threshold {chosen['threshold']} reaches a precision of {chosen['wanted_precision']} ({rates})"
    console.print(Text(words))


def _print_comparison(results: dict[str, Any], task: str, console: Console) -> None:
    from rich.table import Table

    from action_recs.evaluation.words import interval, names_of

    compared = results[task].get("comparison")
    if not compared:
        return
    table = Table("F1", "Model", "Other", "Difference", "p", title=f"{task}: compared with {results['compared_with']}")
    for name, words in names_of(Label(task)).items():
        if name in compared and (row := compared[name]["f1"]):
            p = "" if row["p"] is None else f"{row['p']:.3f}"
            table.add_row(words, f"{row['own']:.3f}", f"{row['other']:.3f}", interval(row["difference"], 3), p)
    console.print(table)
