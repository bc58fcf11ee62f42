"""The same session as another transcriber or recogniser would have written it.

Clinics' transcripts come clean, verbatim or from a speech recogniser. Each function returns a session with other
surface and the same labels, so that a model learns to read all of them alike.
"""

from __future__ import annotations

import random
from dataclasses import replace

from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedSession
from action_recs.transcript import Role, Utterance

KEPT_INSIDE_WORDS = "'’-"


def as_recognised(session: AnnotatedSession) -> AnnotatedSession:
    """Lower case, no punctuation: what a plain speech recogniser delivers."""
    texts = [_bare(utterance.text) for utterance in session.transcript.utterances]
    utterances = tuple(
        replace(utterance, text=text) for utterance, (text, _) in zip(session.transcript.utterances, texts, strict=True)
    )
    spans = tuple(_moved(span, *texts[span.utterance]) for span in session.recommendations)
    return replace(
        session,
        transcript=replace(session.transcript, utterances=utterances),
        recommendations=tuple(span for span in spans if span.start < span.end),
    )


def with_wrong_speakers(session: AnnotatedSession, *, share: float, draw: random.Random) -> AnnotatedSession:
    """Give some utterances to the other speaker, as diarisation does. Those that hold a recommendation are left
    alone."""
    held = {span.utterance for span in session.recommendations}
    other = {Role.THERAPIST: Role.CLIENT, Role.CLIENT: Role.THERAPIST}
    utterances = tuple(
        Utterance(other.get(utterance.role, utterance.role), utterance.text)
        if index not in held and draw.random() < share
        else utterance
        for index, utterance in enumerate(session.transcript.utterances)
    )
    return replace(session, transcript=replace(session.transcript, utterances=utterances))


def varied(
    session: AnnotatedSession, draw: random.Random, *, recognised: float, wrong_speakers: float
) -> AnnotatedSession:
    """Draw one variant: with these probabilities as a recogniser, or a diariser, would have delivered the session."""
    if draw.random() < recognised:
        session = as_recognised(session)
    if draw.random() < wrong_speakers:
        session = with_wrong_speakers(session, share=0.05, draw=draw)
    return session


def _bare(text: str) -> tuple[str, list[int]]:
    """The bare text, and for every character of the old text its position in the new one."""
    characters: list[str] = []
    places = []
    for at, character in enumerate(text):
        places.append(len(characters))
        inside = 0 < at < len(text) - 1 and text[at - 1].isalnum() and text[at + 1].isalnum()
        if character.isalnum() or character in "[]" or (character in KEPT_INSIDE_WORDS and inside):
            characters.append(character.lower()[:1])
        elif characters and characters[-1] != " ":
            characters.append(" ")
    if characters and characters[-1] == " ":
        characters.pop()
    places.append(len(characters))
    return "".join(characters), [min(place, len(characters)) for place in places]


def _moved(span: AnnotatedRecommendation, text: str, places: list[int]) -> AnnotatedRecommendation:
    start, end = places[span.start], places[span.end]
    while end > start and text[end - 1 : end] == " ":
        end -= 1
    while start < end and text[start] == " ":
        start += 1
    return replace(span, start=start, end=end, text=text[start:end])
