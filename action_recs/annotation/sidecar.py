"""What our writers keep beside a text in JSON forms that carry any key along: who speaks where, and in whose session.

The key is ``action_recs``. Tools show it or ignore it, and export it again unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import Document, spans_document
from action_recs.annotation.held import IDENTIFIERS
from action_recs.transcript import Role, Transcript, Utterance

KEY = "action_recs"

SESSION_KEYS = ("session_id", "session", "conversation_id")
"""Under which a user's own records may name their session."""


def session_record(session: AnnotatedSession) -> dict[str, Any]:
    """The session's identifiers, group and metadata, without what is absent."""
    record: dict[str, Any] = {"id": session.id}
    record |= {name: value for name in IDENTIFIERS if (value := getattr(session.transcript, name)) is not None}
    record["group"] = session.group
    if session.metadata:
        record["metadata"] = dict(session.metadata)
    return record


def with_utterances(session: AnnotatedSession, document: Document) -> dict[str, Any]:
    """``session_record``, and the place, role, speaker and times of every utterance of the document."""
    utterances = []
    for start, utterance in zip(document.starts, session.transcript.utterances, strict=True):
        record: dict[str, Any] = {"start": start, "end": start + len(utterance.text), "role": utterance.role.value}
        extra = {"speaker": utterance.speaker, "from": utterance.start, "to": utterance.end}
        utterances.append(record | {name: value for name, value in extra.items() if value is not None})
    return session_record(session) | {"utterances": utterances}


def kept_document(record: Mapping[str, Any], text: str) -> Document | None:
    """The document that ``with_utterances`` described, or None when it did not, or the text was changed since.

    Anybody may edit an export: what does not fit is as if it were not there, and the text is read as any other.
    """
    kept = record.get(KEY)
    if not isinstance(kept, Mapping) or not isinstance(kept.get("utterances"), list):
        return None
    utterances, starts, position = [], [], 0
    try:
        for each in kept["utterances"]:
            start, end = each["start"], each["end"]
            if not (isinstance(start, int) and isinstance(end, int) and position <= start <= end <= len(text)):
                return None
            times = (each.get("from"), each.get("to"))
            if not all(time is None or isinstance(time, (int, float)) for time in times):
                return None
            utterances.append(Utterance(Role(each["role"]), text[start:end], each.get("speaker"), *times))
            starts.append(start)
            position = end
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    return spans_document(text, Transcript(tuple(utterances)), tuple(starts))


def identified(transcript: Transcript, record: Mapping[str, Any]) -> Transcript:
    """The transcript with client, therapist, organisation and date: as we kept them, or from the record's own keys."""
    kept = record.get(KEY)
    given = [kept, record] if isinstance(kept, Mapping) else [record]
    values: dict[str, Any] = {
        name: next(
            (str(each[name]) for each in given if isinstance(each.get(name), (str, int)) and each[name] != ""), None
        )
        for name in IDENTIFIERS
    }
    return replace(transcript, **values)


def session_facts(record: Mapping[str, Any], otherwise: str) -> dict[str, Any]:
    """Id, group and metadata of the session, for :class:`~action_recs.annotation.marks.MarkedSession`."""
    kept = record.get(KEY)
    if not isinstance(kept, Mapping):
        kept = {}
    named = (kept.get("id"), *(record.get(key) for key in SESSION_KEYS))
    metadata = kept.get("metadata")
    return {
        "id": next((str(name) for name in named if isinstance(name, (str, int)) and name != ""), otherwise),
        "group": str(kept.get("group") or ""),
        "metadata": {str(key): str(value) for key, value in metadata.items()} if isinstance(metadata, Mapping) else {},
    }
