"""Stands in until roles are told from what is said: labels and names only."""

from __future__ import annotations

from collections.abc import Mapping

from action_recs.errors import RoleError, TranscriptError
from action_recs.readers.conversation import Conversation
from action_recs.readers.labels import DECORATION, SPEAKER_WORDS
from action_recs.transcript import Role, Transcript, Utterance, label_key, named_roles


def assign_roles(conversation: Conversation, roles: Mapping[str, Role | str] | None) -> Transcript:
    named = named_roles(roles)
    utterances = []
    for segment in conversation.segments:
        key = label_key(segment.speaker or "")
        role = named.get(key) or SPEAKER_WORDS.get(DECORATION.sub("", key))
        if role is None:
            remedy = "map it with roles={'label': 'therapist', ...}"
            raise RoleError(f"{segment.place}: a speaker whose role is unknown; {remedy}")
        utterances.append(Utterance(role, segment.text, segment.speaker, segment.start, segment.end))
    if len({each.role for each in utterances}) == 1:
        remedy = "label both speakers, or map the labels with roles={'name': 'therapist', 'other name': 'client'}"
        raise TranscriptError(f"every turn is by the {utterances[0].role.value}; {remedy}")
    facts = ("session_id", "client_id", "therapist_id", "organisation_id", "date", "skipped")
    return Transcript(tuple(utterances), **{name: getattr(conversation, name) for name in facts})
