"""``action-recs demo``: the example session, tagged."""

from __future__ import annotations

from importlib import resources

import action_recs
from action_recs.cli.errors import one_line_errors
from action_recs.cli.options import AsJson
from action_recs.cli.printing import print_json, printing
from action_recs.tables import print_session


def demo(as_json: AsJson = False) -> None:
    """Tag the example session that ships with the package.

    [bold]Examples[/bold]

      action-recs demo

      action-recs demo --json
    """
    with one_line_errors(), resources.as_file(resources.files("action_recs") / "examples" / "session.txt") as path:
        session = action_recs.tag(path)
        if as_json:
            print_json(session.to_dict())
        else:
            with printing() as console:
                print_session(session, console)
