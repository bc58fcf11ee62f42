"""How change runs along review percentage: restricted cubic splines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from action_recs.errors import StudyError
from action_recs.study.gee import adjustments
from action_recs.study.linear import linear_gee
from action_recs.study.results import DoseCurve, Prediction

POINTS = 41


def spline_basis(values: np.ndarray, knots: Sequence[float]) -> np.ndarray:
    """Restricted cubic spline: straight before the first knot and after the last.

    The first column is the value itself; with knots k_1 < ... < k_m, column j + 1 is, for j = 1 to m - 2 and ``(x)+``
    for ``max(x, 0)``, ``[(x - k_j)+^3 - (x - k_m-1)+^3 (k_m - k_j) / (k_m - k_m-1) + (x - k_m)+^3 (k_m-1 - k_j) /
    (k_m - k_m-1)] / (k_m - k_1)^2`` (Harrell 2015, Regression Modeling Strategies, section 2.4.5).

    Returns
    -------
    array, shape (n, m - 1)

    Examples
    --------
    >>> spline_basis(np.array([0.0, 1.0, 2.0]), [0, 1, 2])
    array([[0.  , 0.  ],
           [1.  , 0.25],
           [2.  , 1.5 ]])
    """
    values = np.asarray(values, dtype=float)
    *inner, before, last = map(float, knots)

    def cube(knot: float) -> np.ndarray:
        return np.maximum(values - knot, 0) ** 3

    columns = [values]
    for knot in inner:
        tail = (cube(before) * (last - knot) - cube(last) * (before - knot)) / (last - before)
        columns.append((cube(knot) - tail) / (last - inner[0]) ** 2)
    return np.column_stack(columns)


def choose_knots(percentages: np.ndarray) -> tuple[float, ...]:
    """0 and the 25th, 60th and 95th percentile of the sessions that review at all: half of all sessions lie at 0.

    Raises
    ------
    StudyError
        When fewer than three of them differ.
    """
    positive = percentages[percentages > 0]
    if len(positive) == 0:
        raise StudyError("no variation in review percentage: every session has the same")
    knots = np.unique([0.0, *np.percentile(positive, [25, 60, 95])])
    if len(knots) < 3:
        raise StudyError("too few different review percentages for a curve")
    return tuple(map(float, knots))


def dose_curve(rows: pd.DataFrame) -> DoseCurve:
    """The curve on the joined rows of one instrument, adjusted for baseline, session number and length (GEE by client).

    The points are differences in expected change from a session without review; the interval at 0 has no width.

    Raises
    ------
    StudyError
        When the rows do not carry a curve.
    """
    percentages = rows["review_percentage"].to_numpy(dtype=float)
    knots = choose_knots(percentages)
    basis = spline_basis(percentages, knots)
    names = [f"dose {column}" for column in range(1, basis.shape[1] + 1)]
    design = pd.DataFrame(basis, columns=names, index=rows.index)
    design.insert(0, "Intercept", 1.0)
    design = design.assign(baseline=rows["baseline"]).join(adjustments(rows))
    fit = linear_gee(rows["change"].to_numpy(), design, rows["client_id"].to_numpy())
    grid = np.linspace(0, np.percentile(percentages, 99), POINTS)
    instrument, baseline = rows["instrument"].iloc[0], float(rows["baseline"].mean())
    points = []
    for percentage, weights in zip(grid, spline_basis(grid, knots), strict=True):
        others = [0.0] * (len(fit.terms) - 1 - len(names))
        estimate, _, low, high, _ = fit.contrast([0.0, *weights, *others])
        points.append(Prediction(instrument, baseline, float(percentage), estimate, low, high))
    return DoseCurve(instrument, knots, tuple(points), fit.wald(names), fit.wald(names[1:]))
