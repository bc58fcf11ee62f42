"""Tagged sessions as pandas data frames: a row an utterance, a recommendation, or a review."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from action_recs.session import IDENTIFIERS, SCORE_DIGITS, TaggedSession, recommendation_record

if TYPE_CHECKING:
    import pandas as pd

RECOMMENDATION_COLUMNS = (*IDENTIFIERS, "utterance", "start", "end", "text", "form", "score")
REVIEW_COLUMNS = (*IDENTIFIERS, "first", "last", "utterances", "score")


def recommendations_frame(sessions: Iterable[TaggedSession]) -> pd.DataFrame:
    """One row a recommendation: the session's identifiers, utterance, start, end, text, form, score.

    ``utterance`` is a 0-based index, ``start`` and ``end`` are characters of its text, ``end`` exclusive.

    Raises
    ------
    ImportError
        Without pandas, which ``pip install 'action_recs[study]'`` brings.

    Examples
    --------
    >>> len(recommendations_frame([TaggedSession((), (), ())]))
    0
    """
    rows = [
        _identifiers(session) | recommendation_record(found)
        for session in sessions
        for found in session.recommendations
    ]
    return data_frame(rows, RECOMMENDATION_COLUMNS)


def reviews_frame(sessions: Iterable[TaggedSession]) -> pd.DataFrame:
    """One row a review: the session's identifiers, first, last, utterances, score.

    ``first`` and ``last`` are 0-based indices, both inclusive; ``utterances`` is how many lie in the run.

    Raises
    ------
    ImportError
        Without pandas, which ``pip install 'action_recs[study]'`` brings.

    Examples
    --------
    >>> len(reviews_frame([TaggedSession((), (), ())]))
    0
    """
    rows = [
        {
            **_identifiers(session),
            "first": run.first,
            "last": run.last,
            "utterances": len(run),
            "score": round(run.score, SCORE_DIGITS),
        }
        for session in sessions
        for run in session.reviews
    ]
    return data_frame(rows, REVIEW_COLUMNS)


def data_frame(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as a data frame that has its columns also without rows."""
    try:
        import pandas as pd
    except ImportError:
        raise ImportError("a data frame needs pandas: pip install 'action_recs[study]'") from None
    return pd.DataFrame.from_records(rows, columns=columns)


def _identifiers(session: TaggedSession) -> dict[str, str | None]:
    return {name: getattr(session, name) for name in IDENTIFIERS}
