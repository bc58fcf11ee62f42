"""The columns of the three tables of a study: sessions, scores, and both joined.

Every analysis takes one of these tables; whoever makes one (the readers, the simulation) makes it with these columns.
Text columns hold ``None`` where nothing is known, number columns NaN.
"""

SESSION_COLUMNS = (
    "line",  # 1-based line of the file, or place in the sequence, that the session came from
    "session_id",
    "client_id",
    "therapist_id",
    "organisation_id",
    "modality",  # such as "individual" or "group"; None unless the input says
    "date",  # datetime64, the session's day
    "visit",  # 1 for the client's first session in the table, by date; NaN without client or date
    "utterances",
    "words",  # runs of non-blanks
    "minutes",  # last end minus first start of the timed utterances; NaN when a time is missing
    "recommendations",  # spans
    "structured",  # spans of the structured form
    "reviews",  # runs
    "review_utterances",
    "review_words",
    "review_minutes",
    "review_percentage",  # 100 * review_utterances / utterances: the published measure
    "review_percentage_words",
    "review_percentage_minutes",
    "recommendation_position",  # mean place of the recommendations, 0 (first utterance) to 100 (last)
    "review_position",  # mean place of the reviewing utterances, same unit
)
"""One row a session."""

SCORE_COLUMNS = (
    "line",  # 1-based line of the file, the header being line 1
    "client_id",
    "date",  # datetime64
    "instrument",  # "PHQ-9" or "GAD-7"
    "score",
    "band",  # "none", "mild", "moderate", "moderately severe", "severe"
)
"""One row a score."""

JOINED_COLUMNS = (
    *SESSION_COLUMNS,
    "instrument",
    "baseline",  # the score that change is counted from
    "baseline_date",
    "baseline_band",
    "score",  # the first score after the session, within the window
    "score_date",
    "change",  # score - baseline: negative is improvement
    "previous",  # the client's last score on or before the session's day, within its window; NaN without one
    "days",  # from the session to the score
)
"""One row a session and instrument: what the models are fitted to."""
