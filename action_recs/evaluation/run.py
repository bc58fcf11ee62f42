"""From a model folder and annotation files to a folder with the report: what ``action-recs evaluate`` does."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.errors import ConfigError, OutputError
from action_recs.evaluation.measure import Evaluation, evaluate
from action_recs.evaluation.reading import load_models
from action_recs.transcript import Role
from action_recs.version import __version__

METRICS, REPORT = "metrics.json", "report.html"


def evaluate_files(
    model: str | Path,
    data: Sequence[str | Path],
    *,
    other: str | Path | None = None,
    precision: float | None = None,
    columns: Sequence[str] = (),
    form: str = "auto",
    schema: str | Path | None = None,
    roles: Mapping[str, Role | str] | None = None,
    device: str = "cpu",
    seed: int = 0,
    progress: bool | None = False,
) -> Evaluation:
    """Load models and annotations, and measure.

    Parameters
    ----------
    model, other : path
        A folder of both models, the folder of one checkpoint, or "shipped".
    data : sequence of path
        Annotations in any form.
    precision, columns, seed
        See :func:`~action_recs.evaluation.measure.evaluate`.
    form, schema, roles
        See :func:`~action_recs.annotation.load_annotations`.
    device : str
        Where the models run: "cpu", "cuda", "mps".
    progress : bool or None
        Show progress; None shows it on a terminal.

    Raises
    ------
    ActionRecsError
        For data, models or settings that cannot be used; before any model reads a session where that can be told.
    """
    from action_recs.annotation.loading import load_annotations
    from action_recs.annotation.schema import load_schema

    if precision is not None and not 0 < precision <= 1:
        raise ConfigError(f"--precision: give a share above 0 and up to 1, such as 0.85, not {precision}")
    if not data:
        raise ConfigError("--data: name at least one file or folder of annotated sessions")
    labels = load_schema(schema)
    sessions: list[AnnotatedSession] = []
    for path in data:
        sessions += load_annotations(path, form, schema=labels, roles=roles)
    models = load_models(model, device=device)
    others = None if other is None else load_models(other, device=device)
    found = evaluate(models, sessions, other=others, precision=precision, columns=columns, seed=seed, progress=progress)
    tell(found, model, data, other=other)
    return found


def tell(evaluation: Evaluation, model: str | Path, data: Sequence[str | Path], *, other: str | Path | None) -> None:
    """Add to the results what was measured, on what: the report says it."""
    about: dict[str, Any] = {
        "action_recs": __version__,
        "model": str(model),
        "compared_with": None if other is None else str(other),
        "files": [str(path) for path in data],
    }
    evaluation.results.update(about)


def check_output(folder: Path) -> None:
    """Refuse, before any work is done, a place where no folder can be.

    Raises
    ------
    OutputError
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: a file; name a folder")
    above = next(each for each in folder.absolute().parents if each.exists())
    if not above.is_dir():
        raise OutputError(f"{folder}: {above.name} is a file; name another folder")


def write_evaluation(evaluation: Evaluation, folder: str | Path, *, with_text: bool = True) -> tuple[Path, Path]:
    """Write ``metrics.json`` and ``report.html``, both or neither.

    Both are written beside the folder first; files of an earlier run are replaced.

    Raises
    ------
    OutputError
        When the folder cannot be written.
    """
    from action_recs.evaluation.page import evaluation_html

    folder = Path(folder)
    check_output(folder)
    contents = {
        METRICS: json.dumps(evaluation.results, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        REPORT: evaluation_html(evaluation, with_text=with_text),
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for name, text in contents.items():
                (beside / name).write_text(text, encoding="utf-8", errors="backslashreplace")
            folder.mkdir(exist_ok=True)
            for name in contents:
                (beside / name).replace(folder / name)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})") from None
    return folder / METRICS, folder / REPORT
