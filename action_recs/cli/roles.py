"""The values of ``--roles`` and ``--columns``: JSON, or the name of a file that holds it."""

from __future__ import annotations

import json
from pathlib import Path

from action_recs.errors import TranscriptError
from action_recs.transcript import Role


def parse_roles(text: str | None) -> dict[str, str]:
    """Read the value of ``--roles``: who the speakers are."""
    if text is None:
        return {}
    roles = _mapping(text)
    if roles is not None and {role.value for role in Role}.issuperset(roles.values()):
        return roles
    raise TranscriptError(
        '--roles: write a JSON object of "therapist", "client" and "other", such as '
        """'{"Dr. Lee": "therapist"}', or name a file that holds one"""
    )


def parse_columns(text: str | None) -> dict[str, str]:
    """Read the value of ``--columns``: what a table calls our columns."""
    if text is None:
        return {}
    columns = _mapping(text)
    if columns is not None:
        return columns
    remedy = """write a JSON object such as '{"speaker": "who", "text": "said"}', or name a file that holds one"""
    raise TranscriptError(f"--columns: {remedy}")


def _mapping(text: str) -> dict[str, str] | None:
    """A JSON object whose values are strings, given as it is or in a file; None when it is neither."""
    try:
        if not text.lstrip().startswith("{"):
            text = Path(text).read_text(encoding="utf-8-sig")
        found = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and all(isinstance(each, str) for each in found.values()) else None
