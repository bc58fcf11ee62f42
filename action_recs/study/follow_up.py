"""What became of recommendations: how many were ever reviewed, how soon, and how many of those were done.

A row is an item of a client's thread: a recommendation with its restatements (see ``action_recs.follow_up``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from action_recs.errors import StudyError
from action_recs.linking.thread import Adherence, ClientThread
from action_recs.study.describe import cluster_codes
from action_recs.study.intervals import mean_intervals
from action_recs.study.kaplan_meier import waited
from action_recs.study.results import FollowUp, FollowUpFigure, Lag
from action_recs.study.sessions import day

ITEM_STUDY_COLUMNS = (
    "session_id",
    "client_id",
    "therapist_id",
    "organisation_id",
    "date",  # datetime64, of the session that recommends
    "form",
    "category",
    "sessions_after",  # of the client, that could have reviewed it
    "days_after",  # to the client's last session; NaN without dates
    "reviewed",  # 1 when a later session looks back to it
    "sessions_to_review",  # NaN without a review
    "days_to_review",
    "adherence",  # of the last review that tells; None without a review
)
"""One row an item."""

GROUPS = ("form", "category", "therapist_id", "client_id")

CLUSTERS = ("therapist_id", "client_id")
"""Intervals are clustered by the first of them that a figure's items have two of; else each item stands alone."""


def tabulate_items(threads: Iterable[ClientThread]) -> pd.DataFrame:
    """The items of threads at hand, as a table with ``ITEM_STUDY_COLUMNS``."""
    return _table(row for thread in threads for row in _rows(thread.to_dict()))


def read_items(path: str | Path) -> pd.DataFrame:
    """The items of a file that ``action-recs follow-up -o FILE.jsonl`` wrote.

    Raises
    ------
    StudyError
        With file and line, when it cannot be read or a line is no thread.
    """
    path = Path(path)
    rows: list[dict[str, Any]] = []
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    rows.extend(_rows(json.loads(line)))
                except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
                    remedy = "write the file with action-recs follow-up -o FILE.jsonl"
                    raise StudyError(f"{path}, line {number}: not a client's thread; {remedy}") from None
    except UnicodeDecodeError:
        raise StudyError(f"{path}: not UTF-8 text; write it with action-recs follow-up -o FILE.jsonl") from None
    except OSError as error:
        raise StudyError(f"{path}: cannot be read ({error.strerror})") from None
    return _table(rows)


def _rows(thread: Mapping[str, Any]) -> list[dict[str, Any]]:
    sessions = thread["sessions"]
    days = [day(session["date"]) for session in sessions]
    last = len(sessions) - 1
    rows = []
    for item in thread["items"]:
        place = item["session"]
        first = min((review["session"] for review in item["reviews"]), default=None)
        rows.append(
            {
                **{
                    name: sessions[place][name]
                    for name in ("session_id", "client_id", "therapist_id", "organisation_id")
                },
                "date": days[place],
                "form": item["recommendation"]["form"],
                "category": item["category"],
                "sessions_after": last - place,
                "days_after": _days(days, place, last),
                "reviewed": int(first is not None),
                "sessions_to_review": np.nan if first is None else first - place,
                "days_to_review": np.nan if first is None else _days(days, place, first),
                "adherence": item["adherence"],
            }
        )
    return rows


def _days(days: list[Any], first: int, last: int) -> float:
    one, other = days[first], days[last]
    return float((other - one).days) if one is not None and other is not None else np.nan


def _table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame.from_records(list(rows), columns=ITEM_STUDY_COLUMNS)
    table["date"] = pd.to_datetime(table["date"])
    return table


def describe_follow_up(items: pd.DataFrame) -> FollowUp:
    """All figures of a table of items.

    Parameters
    ----------
    items : data frame with ``ITEM_STUDY_COLUMNS``

    Examples
    --------
    >>> describe_follow_up(tabulate_items([])).n_items
    0
    """
    figures = [
        figure
        for by in ("all", *GROUPS)
        for label in ("reviewed", "done", "done or partly")
        for figure in _figures(items, label, by)
    ]
    return FollowUp(
        len(items),
        int(items["reviewed"].sum()),
        int(items["client_id"].nunique()),
        tuple(figures),
        tuple(lag for unit in ("sessions", "days") if (lag := time_to_review(items, unit))),
    )


def _figures(items: pd.DataFrame, label: str, by: str) -> list[FollowUpFigure]:
    if label == "reviewed":
        some = items[items["sessions_after"] > 0]
        values = some["reviewed"]
    else:
        some = items[items["adherence"].notna() & (items["adherence"] != Adherence.UNCLEAR.value)]
        counted = [Adherence.DONE.value] if label == "done" else [Adherence.DONE.value, Adherence.PARTIAL.value]
        values = some["adherence"].isin(counted)
    if by != "all":
        known = some[by].notna()
        some, values = some[known], values[known]
    if some.empty:
        return []
    named = some[by].astype(str) if by != "all" else pd.Series("all", index=some.index)
    groups, names = pd.factorize(named, sort=True)
    cluster = next((name for name in CLUSTERS if some[name].nunique() > 1), "item")
    shares = mean_intervals(values.to_numpy(dtype=float), groups, cluster_codes(some, cluster), share=True)
    for finer in ("client_id", "item"):  # where a group lies within one cluster
        if (shares["n_clusters"] < 2).any():
            other = mean_intervals(values.to_numpy(dtype=float), groups, cluster_codes(some, finer), share=True)
            shares = shares.where(shares["n_clusters"] >= 2, other)
    return [
        FollowUpFigure(
            label,
            float(row.estimate),
            float(row.ci_low),
            float(row.ci_high),
            int(row.n_sessions),
            int(row.n_clusters),
            by,
            str(name),
        )
        for name, row in zip(names, shares.itertuples(), strict=True)
    ]


def time_to_review(items: pd.DataFrame, unit: str) -> Lag | None:
    """From an item to its first review, by Kaplan and Meier; None where no item could be reviewed.

    Parameters
    ----------
    unit : {"sessions", "days"}
    """
    to, after = items[f"{unit}_to_review"], items[f"{unit}_after"]
    could = (items["sessions_after"] > 0) & after.notna() & (to.notna() | (items["reviewed"] == 0))
    if not could.any():
        return None
    event = to[could].notna().to_numpy()
    time = to[could].fillna(after[could]).to_numpy(dtype=float)
    return waited(unit, time, event)


def with_items(sessions: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """A table of sessions with what became of their recommendations: ``items, items_reviewed, items_done``.

    Sessions are matched by ``session_id``; where the threads hold nothing of a session, the columns are 0.
    """
    done = items["adherence"] == Adherence.DONE.value
    counts = (
        pd.DataFrame({"items": 1, "items_reviewed": items["reviewed"], "items_done": done.astype(int)})
        .groupby(items["session_id"])
        .sum()
    )
    joined = sessions.join(counts, on="session_id")
    columns = ["items", "items_reviewed", "items_done"]
    joined[columns] = joined[columns].fillna(0).astype(int)
    return joined
