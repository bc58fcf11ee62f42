"""Tagged sessions as data frames of pandas or polars: a row an utterance, a recommendation, or a review."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any, Literal

from action_recs.session import IDENTIFIERS, SCORE_DIGITS, TaggedSession, recommendation_record

Library = Literal["pandas", "polars"]

RECOMMENDATION_COLUMNS = (*IDENTIFIERS, "utterance", "start", "end", "text", "form", "score")
REVIEW_COLUMNS = (*IDENTIFIERS, "first", "last", "utterances", "score")


def recommendations_frame(sessions: TaggedSession | Iterable[TaggedSession], *, library: Library = "pandas") -> Any:
    """One row a recommendation: the session's identifiers, utterance, start, end, text, form, score.

    ``utterance`` is a 0-based index, ``start`` and ``end`` are characters of its text, ``end`` exclusive.

    Parameters
    ----------
    sessions : TaggedSession, or iterable of them
    library : {"pandas", "polars"}

    Raises
    ------
    ImportError
        Without the library: ``pip install 'action_recs[study]'`` brings pandas, ``pip install polars`` polars.
    ValueError
        For another library.

    Examples
    --------
    >>> len(recommendations_frame([TaggedSession((), (), ())]))
    0
    """
    rows = [
        _identifiers(session) | recommendation_record(found)
        for session in _all(sessions)
        for found in session.recommendations
    ]
    return data_frame(rows, RECOMMENDATION_COLUMNS, library)


def reviews_frame(sessions: TaggedSession | Iterable[TaggedSession], *, library: Library = "pandas") -> Any:
    """One row a review: the session's identifiers, first, last, utterances, score.

    ``first`` and ``last`` are 0-based indices, both inclusive; ``utterances`` is how many lie in the run.

    Parameters
    ----------
    sessions : TaggedSession, or iterable of them
    library : {"pandas", "polars"}

    Raises
    ------
    ImportError
        Without the library: ``pip install 'action_recs[study]'`` brings pandas, ``pip install polars`` polars.
    ValueError
        For another library.

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
        for session in _all(sessions)
        for run in session.reviews
    ]
    return data_frame(rows, REVIEW_COLUMNS, library)


def data_frame(rows: Sequence[dict[str, Any]], columns: Sequence[str], library: Library = "pandas") -> Any:
    """Rows as a data frame that has its columns also without rows."""
    if library not in _INSTALLED_BY:
        raise ValueError(f"unknown library of data frames; take one of {', '.join(_INSTALLED_BY)}")
    try:
        frames = import_module(library)
    except ImportError:
        raise ImportError(f"a data frame needs {library}: pip install {_INSTALLED_BY[library]}") from None
    if library == "polars":
        return frames.DataFrame(rows, schema=list(columns), orient="row", infer_schema_length=None)
    return frames.DataFrame.from_records(rows, columns=columns)


_INSTALLED_BY = {"pandas": "'action_recs[study]'", "polars": "polars"}


def _all(sessions: TaggedSession | Iterable[TaggedSession]) -> Iterable[TaggedSession]:
    return (sessions,) if isinstance(sessions, TaggedSession) else sessions


def _identifiers(session: TaggedSession) -> dict[str, str | None]:
    return {name: getattr(session, name) for name in IDENTIFIERS}
