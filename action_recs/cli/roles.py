"""The value of ``--roles``: JSON that says who the speakers are."""

from __future__ import annotations

import json

from action_recs.errors import TranscriptError
from action_recs.transcript import Role


def parse_roles(text: str | None) -> dict[str, str]:
    """Read the value of ``--roles``."""
    if text is None:
        return {}
    try:
        roles = json.loads(text)
        known = {role.value for role in Role}
        if isinstance(roles, dict) and known.issuperset(roles.values()):
            return roles
    except (ValueError, TypeError, RecursionError):
        pass
    raise TranscriptError(
        """--roles: write a JSON object of "therapist", "client" and "other", such as '{"Dr. Lee": "therapist"}'"""
    )
