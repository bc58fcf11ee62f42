"""From many tagged sessions to findings: how often, how much, and what goes with it.

Needs the extra ``study`` (pandas, statsmodels). Nothing here is imported by ``import action_recs``.
"""
