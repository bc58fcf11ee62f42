"""A tagged session as tables in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from action_recs.session import TaggedSession


def print_session(session: TaggedSession, console: Console) -> None:
    """Print what was recommended, what was reviewed, and the review percentage."""
    console.rule(Text(session.session_id or "session"))
    if session.recommendations:
        table = Table("Utterance", "Form", "Score", "Text", title="Recommendations", title_justify="left", expand=True)
        for found in session.recommendations:
            table.add_row(str(found.utterance), found.form.value, f"{found.score:.2f}", Text(found.text))
        console.print(table)
    if session.reviews:
        table = Table("Utterances", "Score", "Begins", title="Reviews", title_justify="left", expand=True)
        for run in session.reviews:
            opening = session.utterances[run.first].text
            table.add_row(f"{run.first} to {run.last}", f"{run.score:.2f}", Text(opening))
        console.print(table)
    console.print(
        f"{len(session)} utterances, {len(session.recommendations)} recommendations, {len(session.reviews)} reviews, "
        f"review percentage {session.review_percentage:.1f}",
        highlight=False,
    )
