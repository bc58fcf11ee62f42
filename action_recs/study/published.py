"""The figures of the published studies, for setting one's own beside them.

Spinrad et al. (2024), BMC Psychiatry 24, doi 10.1186/s12888-024-05570-0; Peretz et al. (2023), JMIR Formative Research
7, e45156, doi 10.2196/45156 (the share of sessions with structured homework, read by people in 100 sessions).
"""

from __future__ import annotations

N_SESSIONS = 2444
N_ORGANISATIONS = 14

PRECISION = {"recommendation": 0.76, "review": 0.711}
"""Of the published models."""

FIGURES = {
    "share_with_recommendation": "95 %",
    "share_with_structured": "61 %",
    "share_with_review": "about 50 %",
    "mean_recommendations": "4 to 5",
}
"""By label of ``describe.FIGURES``, as the papers word them. They give no median review percentage."""

P_VALUES = {
    ("PHQ-9", "review_percentage"): "0.032",
    ("PHQ-9", "review_percentage:baseline"): "0.045",
    ("GAD-7", "review_percentage"): "not significant",
    ("GAD-7", "review_percentage:baseline"): "not significant",
}
"""By instrument and term of the GEE; the direction is a larger fall in depression with more review."""

SUBGROUP_P_VALUES = {("PHQ-9", "mild"): "0.024", ("PHQ-9", "moderate to severe"): "not significant"}
"""Of review, by instrument and baseline severity."""
