"""``python -m action_recs``: the command line, where its script is not on the path."""

from action_recs.cli import app

app()
