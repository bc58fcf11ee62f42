"""Sessions and scores brought together by client and date window, with an account of who was left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from action_recs.errors import StudyError
from action_recs.study.columns import JOINED_COLUMNS
from action_recs.study.results import Flow, Notice
from action_recs.study.scores import INSTRUMENTS

Baseline = Literal["initial", "previous"]

LONGEST = 36_500
"""Days of a window: a century. Much more is no time span that tables hold."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which scores belong to a session, in days.

    Attributes
    ----------
    before : int
        A baseline lies at most so long before the client's first session ("initial") or the session ("previous").
    after : int
        The score that a session is followed by lies 1 to so many days after it. A score of the session's own day was
        filled in before it, as a rule, and is no outcome of it.
    baseline : {"initial", "previous"}
        Change is counted from the client's earliest score, as the published study does, or from the last one before.
    """

    before: int = 30
    after: int = 30
    baseline: Baseline = "initial"

    def __post_init__(self) -> None:
        if not (0 <= self.before <= LONGEST and 1 <= self.after <= LONGEST):
            raise StudyError(f"the window before a session is 0 to {LONGEST} days, the one after it 1 to {LONGEST}")
        if self.baseline not in ("initial", "previous"):
            raise StudyError('the baseline is "initial" or "previous"')


@dataclass(frozen=True, slots=True)
class Joined:
    """Sessions with their scores.

    Attributes
    ----------
    table : data frame
        ``JOINED_COLUMNS``, a row a session and instrument.
    dropped : data frame
        ``line, session_id, instrument, reason``: a row for every session that an instrument's analysis lacks.
    flow : tuple of Flow
    notices : tuple of Notice
    """

    table: pd.DataFrame
    dropped: pd.DataFrame
    flow: tuple[Flow, ...]
    notices: tuple[Notice, ...]

    def of(self, instrument: str) -> pd.DataFrame:
        """The rows of one instrument."""
        return self.table[self.table["instrument"] == instrument]

    @property
    def instruments(self) -> tuple[str, ...]:
        """Those with any row, depression first."""
        present = set(self.table["instrument"])
        return tuple(name for name in INSTRUMENTS if name in present)


def join(sessions: pd.DataFrame, scores: pd.DataFrame, window: Window | None = None) -> Joined:
    """Give each session its baseline and the score that follows it.

    Parameters
    ----------
    sessions : data frame with ``SESSION_COLUMNS``
        Further columns are carried along.
    scores : data frame with ``SCORE_COLUMNS``
    window : Window, optional

    Raises
    ------
    StudyError
        When not one session has both scores.

    Notes
    -----
    ``change = score - baseline``. Sessions closer together than scores share the score that follows them; their errors
    depend on each other, which is one more reason for errors clustered by client.
    """
    window = window or Window()
    flow = [_step("in the file", "sessions", sessions)]
    dropped: list[pd.DataFrame] = []
    kept = sessions
    for column, what in (("client_id", "a client"), ("date", "a date")):
        kept = _keep(kept, kept[column].notna(), f"with {what}", f"no {what[2:]}", "", flow, dropped)
    if kept.empty:
        raise StudyError("no session has both a client_id and a date, without which no score can be found for it")
    scores, notices = _checked(kept, scores, window)
    tables = []
    for instrument in INSTRUMENTS:
        own = scores[scores["instrument"] == instrument]
        if own.empty:
            continue
        flow.append(_step("scores that can be used", "scores", own, instrument=instrument))
        rows = _with_scores(kept, own, window)
        for column, step, reason in (
            ("_scored", "of a client with a score", "the client has no score"),
            ("baseline", "with a baseline score", _no_baseline(window)),
            ("score", "with a score after it", f"no score 1 to {window.after} days after the session"),
        ):
            rows = _keep(rows, rows[column].notna(), step, reason, instrument, flow, dropped)
        followed = rows.drop_duplicates(["client_id", "score_date"])
        if len(followed) < len(rows):
            notices.append(
                Notice(
                    "shared-scores",
                    f"{instrument}: {len(rows)} sessions are followed by {len(followed)} scores; sessions of a client "
                    "share the score that comes after them, which errors clustered by client allow for.",
                )
            )
        tables.append(rows.assign(instrument=instrument))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(JOINED_COLUMNS))
    if table.empty:
        raise StudyError(
            "no session has a baseline and a score after it; check that client_id is the same in both files, and the "
            f"dates (now {window.before} days before and {window.after} after)"
        )
    table = table.assign(
        change=table["score"] - table["baseline"],
        baseline_band=[
            INSTRUMENTS[name].band(score) for name, score in zip(table["instrument"], table["baseline"], strict=True)
        ],
        days=(table["score_date"] - table["date"]).dt.days,
    )
    further = [column for column in sessions.columns if column not in JOINED_COLUMNS]
    return Joined(
        table[[*JOINED_COLUMNS, *further]],
        pd.concat(dropped, ignore_index=True),
        tuple(flow),
        tuple(notices),
    )


def _checked(sessions: pd.DataFrame, scores: pd.DataFrame, window: Window) -> tuple[pd.DataFrame, list[Notice]]:
    """The scores of clients with sessions, none from long before the first."""
    notices = []
    first = sessions.groupby("client_id")["date"].min()
    known = scores["client_id"].isin(first.index)
    if not known.all():
        notices.append(
            Notice(
                "scores-without-sessions", f"{int((~known).sum())} scores of clients without a session were left out."
            )
        )
    scores = scores[known]
    early = scores["date"] < scores["client_id"].map(first) - pd.Timedelta(days=window.before)
    if early.any():
        notices.append(
            Notice(
                "scores-before-first-session",
                f"{int(early.sum())} scores from more than {window.before} days before the client's first session were "
                "left out.",
            )
        )
    return scores[~early], notices


def _with_scores(sessions: pd.DataFrame, scores: pd.DataFrame, window: Window) -> pd.DataFrame:
    """The sessions with columns ``baseline``, ``previous``, ``score`` and their dates, missing where there is none."""
    same = {"client_id": object, "date": "datetime64[s]"}  # whatever the tables were made with
    sessions = sessions.astype(same).sort_values(["date", "line"], kind="stable")
    scores = scores[["client_id", "date", "score"]].astype(same).sort_values("date", kind="stable")
    rows = pd.merge_asof(
        sessions,
        scores.assign(score_date=scores["date"]),
        on="date",
        by="client_id",
        direction="forward",
        allow_exact_matches=False,
        tolerance=pd.Timedelta(days=window.after),
    )
    rows = pd.merge_asof(
        rows,
        scores.rename(columns={"score": "previous"}).assign(_previous_date=scores["date"]),
        on="date",
        by="client_id",
        tolerance=pd.Timedelta(days=window.before),
    )
    initial = scores.groupby("client_id").first()
    rows["_scored"] = rows["client_id"].map(initial["score"])
    if window.baseline == "previous":
        rows["baseline"], rows["baseline_date"] = rows["previous"], rows["_previous_date"]
    else:
        since = rows["client_id"].map(initial["date"])
        usable = since <= rows["date"]
        rows["baseline"] = rows["_scored"].where(usable)
        rows["baseline_date"] = since.where(usable)
    return rows


def _keep(
    rows: pd.DataFrame,
    which: pd.Series,
    step: str,
    reason: str,
    instrument: str,
    flow: list[Flow],
    dropped: list[pd.DataFrame],
) -> pd.DataFrame:
    """The rows to keep; those left out go to ``dropped`` and the count to ``flow``."""
    dropped.append(rows.loc[~which, ["line", "session_id"]].assign(instrument=instrument, reason=reason))
    kept = rows[which]
    flow.append(_step(step, "sessions", kept, len(rows) - len(kept), reason, instrument))
    return kept


def _step(step: str, unit: str, rows: pd.DataFrame, n_dropped: int = 0, reason: str = "", instrument: str = "") -> Flow:
    return Flow(
        step, unit, len(rows), int(rows["client_id"].nunique()), n_dropped, reason if n_dropped else "", instrument
    )


def _no_baseline(window: Window) -> str:
    if window.baseline == "initial":
        return "the client's first score is later than the session"
    return f"no score on the session's day or up to {window.before} days before"
