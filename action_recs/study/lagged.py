"""What comes first: this session's review and the next score, and the other way round."""

from __future__ import annotations

import pandas as pd

from action_recs.errors import StudyError
from action_recs.study.gee import adjustments
from action_recs.study.linear import linear_gee
from action_recs.study.results import ModelRow


def fit_lagged(rows: pd.DataFrame) -> tuple[ModelRow, ...]:
    """Two models on the joined rows of one instrument, each with the earlier value of its outcome.

    "lagged": the score after the session on its review percentage and the last score before it. "lagged, reversed": the
    session's review percentage on the last score before it and the review percentage of the client's session before. An
    association in the second means that scores lead to reviews as well, so that the first cannot be read one way. Both
    hold session number and length fixed. Working independence, since an outcome's earlier value among the terms is tied
    to everything that stays about the client.

    Raises
    ------
    StudyError
        When too few sessions have an earlier score.
    """
    ordered = rows.sort_values(["client_id", "visit"], kind="stable")
    follows = ordered["visit"] - ordered.groupby("client_id")["visit"].shift(1) == 1
    earlier = ordered.groupby("client_id")["review_percentage"].shift(1).where(follows)
    design = pd.DataFrame(
        {
            "Intercept": 1.0,
            "review_percentage": ordered["review_percentage"],
            "previous score": ordered["previous"],
        }
    )
    reverse = design.drop(columns="review_percentage").assign(**{"previous review_percentage": earlier})
    return (
        *_fit("lagged", ordered, ordered["score"], design),
        *_fit("lagged, reversed", ordered, ordered["review_percentage"], reverse),
    )


def _fit(model: str, rows: pd.DataFrame, outcome: pd.Series, design: pd.DataFrame) -> tuple[ModelRow, ...]:
    known = design.notna().all(axis=1)
    if not known.any():
        raise StudyError("no session has a score before it, as well as one after")
    some = rows[known]
    fit = linear_gee(
        outcome[known].to_numpy(),
        design[known].join(adjustments(some)),
        some["client_id"].to_numpy(),
        working="independence",
    )
    instrument = rows["instrument"].iloc[0]
    return tuple(
        ModelRow(model, instrument, "all", term, *fit.of(term), fit.n_clusters, int(known.sum()))
        for term in fit.terms[1:]
    )
