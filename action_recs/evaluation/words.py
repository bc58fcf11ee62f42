"""What is measured, in words: for tables and pages."""

from __future__ import annotations

from collections.abc import Mapping

from action_recs.session import Label

NAMES = {
    "utterance": "utterances",
    "span": "spans (overlap of a half or more)",
    "span_strict": "spans, strict",
    "span_exact": "spans, exact",
    "span_partial": "spans, partial",
    "span_type": "spans, type",
    "span_casual": "casual spans",
    "span_structured": "structured spans",
    "session_with": "sessions that hold one",
}
"""The measures with F1, in words."""

A_SESSION = {
    "prevalence": "share of sessions that hold one",
    "count": "number in a session",
    "review_percentage": "review percentage",
}


def names_of(label: Label) -> dict[str, str]:
    """The measures with F1, in words, for a label: what is a span of a recommendation is a run of a review."""
    if label is Label.RECOMMENDATION:
        return NAMES
    return {name: words.replace("spans", "runs") for name, words in NAMES.items()}


def interval(estimate: Mapping[str, float | None] | None, digits: int = 2) -> str:
    """A figure as "0.66 [0.46, 0.80]": without brackets where there is no interval, a dash where it is undefined.

    Examples
    --------
    >>> interval({"value": 0.657, "low": 0.46, "high": 0.8}), interval(None)
    ('0.66 [0.46, 0.80]', '–')
    """
    if estimate is None:
        return "–"
    value, low, high = (estimate[name] for name in ("value", "low", "high"))
    if low is None or high is None:
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
