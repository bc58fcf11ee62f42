"""How long something takes that for some has not happened yet: the estimator of Kaplan and Meier (1958)."""

from __future__ import annotations

import numpy as np

from action_recs.study.results import Lag


def waited(unit: str, time: np.ndarray, event: np.ndarray) -> Lag:
    """The share of those who wait that have seen the event, after each time at which somebody saw it.

    Parameters
    ----------
    unit : str
        Of the times; it is passed on.
    time : array of shape (n,)
        Until the event, or as long as it was waited for in vain.
    event : bool array of shape (n,)
        Whether it came. Where it did not, the wait is censored at its time.

    Examples
    --------
    >>> lag = waited("visits", np.array([1.0, 1.0, 2.0, 3.0]), np.array([True, False, True, False]))
    >>> lag.times, lag.reviewed, lag.median
    ((1.0, 2.0), (0.25, 0.625), 2.0)
    """
    steps = np.unique(time[event])
    at_risk = np.array([(time >= step).sum() for step in steps])
    ended = np.array([(event & (time == step)).sum() for step in steps])
    seen = 1 - np.cumprod(1 - ended / at_risk) if len(steps) else np.array([])
    half = steps[seen >= 0.5]
    median = float(half[0]) if len(half) else float("nan")
    return Lag(unit, median, tuple(map(float, steps)), tuple(map(float, seen)), len(time), int(event.sum()))
