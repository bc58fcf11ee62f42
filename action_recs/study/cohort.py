"""A simulated study: its tables, and its sessions spelled out as the tagger would write them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from action_recs.session import Form, Label, Recommendation, Review, TaggedSession, TaggedUtterance
from action_recs.study.design import Design
from action_recs.study.scores import INSTRUMENTS
from action_recs.transcript import Role

Ints = npt.NDArray[np.int64]

WORD = "simulated"
"""Stands in place of every word."""


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """A simulated study.

    Attributes
    ----------
    sessions : data frame
        ``SESSION_COLUMNS`` and ``true_review_percentage``, one row a session.
    outcomes : data frame
        ``client_id``, ``date``, ``instrument``, ``score``, ``session``: one row a score. A client's first is the
        baseline, on the day of the first session; the others follow the session (a row of ``sessions``, -1 for a
        baseline) by one to six days.
    places : data frame
        ``session`` (row of ``sessions``), ``utterance``, ``structured``: one row a recommendation.
    design : Design
    """

    sessions: pd.DataFrame
    outcomes: pd.DataFrame
    places: pd.DataFrame
    design: Design

    def __repr__(self) -> str:
        return f"Cohort({len(self.sessions)} simulated sessions, {self.sessions['client_id'].nunique()} clients)"

    def paired(self, instrument: str) -> pd.DataFrame:
        """The sessions with the baseline and the score that were drawn for them: what a perfect join would give.

        Of ``JOINED_COLUMNS`` those of the session and ``instrument, baseline, baseline_band, score, change``.
        """
        scores = self.outcomes[self.outcomes["instrument"] == instrument]
        start, after = scores[scores["session"] < 0], scores[scores["session"] >= 0].sort_values("session")
        rows = self.sessions.iloc[after["session"].to_numpy()].reset_index(drop=True)
        score = after["score"].to_numpy()
        baseline = rows["client_id"].map(start.set_index("client_id")["score"]).to_numpy(dtype=float)
        bands = INSTRUMENTS[instrument].bands
        names = np.array([name for _, name in bands], dtype=object)
        place = np.searchsorted([lowest for lowest, _ in bands], baseline, side="right") - 1
        return rows.assign(
            instrument=instrument,
            baseline=baseline,
            baseline_band=names[place],
            score=score,
            change=score - baseline,
        )

    def tagged_sessions(self) -> Iterator[TaggedSession]:
        """The sessions as the tagger would write them, with the word "simulated" in place of all words."""
        found = {index: part.to_numpy() for index, part in self.places.groupby("session")[["utterance", "structured"]]}
        for index, row in enumerate(self.sessions.to_dict("records")):
            yield _tagged(row, found.get(index, _NO_PLACES))


_NO_PLACES = np.empty((0, 2), dtype=np.int64)


def _tagged(row: dict[Hashable, Any], places: Ints) -> TaggedSession:
    """One row of the table, and its recommendations, spelled out utterance by utterance."""
    n, found, words = row["utterances"], row["review_utterances"], row["words"] // row["utterances"]
    text, seconds = " ".join([WORD] * words), 60 * row["minutes"] / n
    recommendations = []
    for number, (utterance, structured) in enumerate(places.tolist()):
        start = (len(WORD) + 1) * (number % words)
        form = Form.STRUCTURED if structured else Form.CASUAL
        recommendations.append(Recommendation(utterance, start, start + len(WORD), WORD, form))
    first = round(row["review_position"] / 100 * (n - 1) - (found - 1) / 2) if found else 0
    reviewed, recommending = range(first, first + found), {span.utterance for span in recommendations}
    utterances = []
    for index in range(n):
        holds = {Label.RECOMMENDATION: index in recommending, Label.REVIEW: index in reviewed}
        utterances.append(
            TaggedUtterance(
                index=index,
                role=(Role.THERAPIST, Role.CLIENT)[index % 2],
                text=text,
                labels=frozenset(label for label in Label if holds[label]),
                scores={label: float(held) for label, held in holds.items()},
                start=round(index * seconds, 3),
                end=round((index + 1) * seconds, 3),
            )
        )
    return TaggedSession(
        utterances=tuple(utterances),
        recommendations=tuple(recommendations),
        reviews=(Review(first, first + found - 1),) if found else (),
        date=f"{row['date']:%Y-%m-%d}",
        **{name: row[name] for name in ("session_id", "client_id", "therapist_id", "organisation_id")},
    )
