"""How strong an unmeasured confounder would have to be: the E-value."""

from __future__ import annotations

import math

import pandas as pd

from action_recs.study.gee import slope_at
from action_recs.study.results import EValue, GeeFit


def e_value(risk_ratio: float) -> float:
    """The least risk ratio with exposure and outcome that a confounder needs to make a true ratio of 1 look like this.

    ``RR + sqrt(RR (RR - 1))`` for RR above 1, of 1 / RR below (VanderWeele & Ding 2017, Annals of Internal Medicine
    167, 268-274).

    Examples
    --------
    >>> round(e_value(3.9), 2), round(e_value(1 / 3.9), 2), e_value(1)
    (7.26, 7.26, 1.0)
    """
    ratio = max(risk_ratio, 1 / risk_ratio)
    return ratio + math.sqrt(ratio * (ratio - 1))


def of_difference(standardised: float, se: float) -> tuple[float, float]:
    """E-values of a standardised mean difference and of its interval's limit nearest 0; 1 where the interval holds 0.

    ``RR = exp(0.91 d)`` and ``exp(0.91 d -+ 1.78 se)``, as VanderWeele & Ding propose for outcomes that are measured.

    Examples
    --------
    >>> of_difference(0.0, 0.1)
    (1.0, 1.0)
    """
    size = abs(standardised)
    limit = math.exp(0.91 * size - 1.78 * se)
    return e_value(math.exp(0.91 * size)), e_value(max(limit, 1.0))


def e_value_of(fit: GeeFit, rows: pd.DataFrame) -> EValue:
    """Of one standard deviation of review percentage, at the mean baseline, in standard deviations of change."""
    slope = slope_at(fit, float(rows["baseline"].mean()))
    step = float(rows["review_percentage"].std())
    unit = step / float(rows["change"].std())
    value, limit = of_difference(slope.estimate * unit, slope.se * unit)
    contrast = (
        f"{step:.1f} percentage points more review (one standard deviation), baseline {rows['baseline'].mean():.1f}"
    )
    return EValue(fit.instrument, contrast, slope.estimate * unit, value, limit)
