"""Who speaks: the labels that an export gives its speakers -> roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation, Segment
from action_recs.role_labels import role_of_label
from action_recs.roles import assign_roles
from action_recs.transcript import Role, Transcript, Utterance, label_key, named_roles


def with_roles(
    segments: Sequence[Segment], roles: Mapping[str, Role | str] | None = None, *, session_id: str | None = None
) -> Transcript:
    """The transcript of segments whose speakers are labels.

    Raises
    ------
    TranscriptError
        When a speaker's role is not known.
    """
    if not segments:
        raise TranscriptError("a session without utterances; leave it out")
    named = named_roles(roles)
    speakers = {each.speaker: each.speaker or "" for each in segments}
    known = {speaker: named.get(label_key(label)) or role_of_label(label) for speaker, label in speakers.items()}
    if all(known.values()):
        # One speaker only is no mistake here: excerpts are annotated, too.
        utterances = tuple(
            Utterance(known[each.speaker] or Role.OTHER, each.text, each.speaker, each.start, each.end)
            for each in segments
        )
        return Transcript(utterances, session_id=session_id)
    return assign_roles(Conversation(tuple(segments), session_id=session_id), roles)
