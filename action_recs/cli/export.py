"""``action-recs export``: both models as ONNX graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from action_recs.cli.errors import one_line_errors
from action_recs.cli.options import AsJson
from action_recs.cli.printing import print_json


def export(
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write, which must be new or empty.")],
    models: Annotated[
        Path | None,
        typer.Option(
            help="A folder with recommendation/ and review/, or of one checkpoint, in place of the shipped ones."
        ),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Multiply in 8-bit integers: smaller, and faster on most processors.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the models for ONNX Runtime, and compare them with what they were made from.

    [bold]Example[/bold]

      action-recs export -o exported --int8

      action-recs tag session.txt --models exported
    """
    with one_line_errors():
        from action_recs.onnx_export import export_models

        compared = export_models(output, models, int8=int8)
    if as_json:
        figures = {"utterances": compared.utterances, "largest_difference": compared.largest_difference}
        print_json({"output": str(output), **figures, "exit_code": 0})
        return
    typer.echo(
        f"{output}: the same labels on the example's {compared.utterances} utterances; "
        f"scores differ by at most {compared.largest_difference:.5f}"
    )
