"""What a session holds beside its text and labels: counted, so that a form can tell what it leaves out."""

from __future__ import annotations

from collections import Counter

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import one_line, shown_speaker
from action_recs.session import Form

IDENTIFIERS = ("client_id", "therapist_id", "organisation_id", "date")


def held_facts(session: AnnotatedSession) -> Counter[str]:
    """How often the session has each of :data:`~action_recs.annotation.formats.EVERYTHING`.

    Only what would be missed counts: a speaker's label that is its role, a casual form, or a group that is the
    session's own id are there again after reading.
    """
    transcript = session.transcript
    facts: Counter[str] = Counter()
    for utterance in transcript.utterances:
        facts["speaker"] += utterance.speaker not in (None, shown_speaker(utterance.speaker, utterance.role))
        facts["times"] += utterance.start is not None or utterance.end is not None
        facts["line_ends"] += one_line(utterance.text) != utterance.text
    facts["annotator"] += session.annotator is not None
    for name in IDENTIFIERS:
        facts[name] += getattr(transcript, name) is not None
    facts["group"] += session.group not in ("", transcript.client_id or session.id)
    facts["metadata"] += len(session.metadata)
    for span in session.recommendations:
        facts["spans"] += span.text.strip() != transcript.utterances[span.utterance].text.strip()
        facts["form"] += span.form is not Form.CASUAL
        facts["category"] += span.category is not None
        facts["id"] += span.id is not None
        facts["restates"] += span.restates is not None
        facts["score"] += span.score != 1
    for run in session.reviews:
        facts["adherence"] += run.adherence is not None
        facts["target"] += run.target is not None
        facts["of"] += bool(run.of)
        facts["score"] += run.score != 1
    return facts
