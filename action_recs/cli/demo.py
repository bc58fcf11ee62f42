"""``action-recs demo``: the example session, tagged."""

from __future__ import annotations

from importlib import resources

import action_recs
from action_recs.cli.errors import one_line_errors
from action_recs.cli.printing import print_sessions


def demo() -> None:
    """Tag the example session that ships with the package."""
    with one_line_errors(), resources.as_file(resources.files("action_recs") / "examples" / "session.txt") as path:
        print_sessions([action_recs.tag(path)])
