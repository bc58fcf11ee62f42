"""From two files to a folder with the report: what ``action-recs study`` does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from action_recs.errors import OutputError
from action_recs.formulas import plain_cell
from action_recs.study.analysis import Choices, analyse, write_results
from action_recs.study.correction import read_rates
from action_recs.study.follow_up import describe_follow_up, read_items
from action_recs.study.join import Window, join
from action_recs.study.measurement import read_validation
from action_recs.study.report import write_report
from action_recs.study.results import Study
from action_recs.study.scores import read_scores
from action_recs.study.sessions import read_sessions


def study_files(
    tagged: str | Path,
    outcomes: str | Path,
    folder: str | Path,
    *,
    window: Window | None = None,
    choices: Choices | None = None,
    rates: str | Path | None = None,
    validation: str | Path | None = None,
    threads: str | Path | None = None,
) -> Study:
    """Read tagged sessions and scores, analyse them, and write ``report.html``, ``results.json`` and ``dropped.csv``.

    Parameters
    ----------
    tagged : path
        JSON Lines, as ``action-recs tag -o`` writes them.
    outcomes : path
        CSV of scores; see ``scores.collect``.
    folder : path
        Made where it does not exist; files of an earlier run are replaced.
    window : Window, optional
    choices : Choices, optional
    rates : path, optional
        JSON with the tagger's error rates; see ``correction.read_rates``.
    validation : path, optional
        CSV with hand-labelled review percentages; see ``measurement.read_validation``.
    threads : path, optional
        JSON Lines, as ``action-recs follow-up -o`` writes them: what became of each recommendation.

    Raises
    ------
    StudyError
        For input that cannot be read, joined or modelled at all.
    OutputError
        When the folder cannot be written.
    """
    sessions, scores = read_sessions(tagged), read_scores(outcomes)
    calibration, noticed = read_validation(validation, sessions.table) if validation else (None, [])
    known_rates = read_rates(rates) if rates else None
    followed = describe_follow_up(read_items(threads)) if threads else None
    joined = join(sessions.table, scores.table, window)
    study = analyse(
        sessions.table,
        joined,
        choices=choices,
        rates=known_rates,
        calibration=calibration,
        notices=(*sessions.notices, *scores.notices, *noticed),
    )
    study = replace(study, follow_up=followed)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        joined.dropped.map(plain_cell).to_csv(folder / "dropped.csv", index=False)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})") from None
    write_results(study, folder / "results.json")
    write_report(study, joined.table, folder)
    return study
