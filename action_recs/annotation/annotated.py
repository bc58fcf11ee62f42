"""A session with what an annotator marked in it: the one type that every loader returns."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

from action_recs.errors import AnnotationError
from action_recs.session import Recommendation, Review
from action_recs.transcript import Role, Transcript


@dataclass(frozen=True, slots=True, repr=False)
class AnnotatedRecommendation(Recommendation):
    """A recommendation as annotated: a span, and what the guidelines have an annotator say of it.

    Attributes
    ----------
    id : str or None
        Names the span within its session ("r1").
    category : str or None
        One of the guidelines' six categories.
    restates : str or None
        The ``id`` of the recommendation of the same session that this one repeats.
    """

    id: str | None = None
    category: str | None = None
    restates: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class AnnotatedReview(Review):
    """A review as annotated.

    Attributes
    ----------
    of : tuple of str
        The recommendations looked back at, as "s1.r2" (session, id); empty for a broad look-back.
    adherence, target : str or None
        What the dialogue says of the earlier task, and the task in a few words.
    """

    of: tuple[str, ...] = ()
    adherence: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class AnnotatedSession:
    """A transcript with one annotator's recommendations and reviews.

    Attributes
    ----------
    id : str
        Unique within a data set.
    transcript : Transcript
    recommendations : tuple of AnnotatedRecommendation
        In order of utterance and start.
    reviews : tuple of AnnotatedReview
        In order.
    annotator : str or None
        Who marked it; two annotators of one transcript make two annotated sessions with the same ``id``.
    group : str
        What must never be divided between training and development: the client, the transcript, or the set of contrast
        excerpts.
    metadata : mapping
        Whatever else the source says of the session (modality, setting, topic, style).

    Raises
    ------
    AnnotationError
        When a span or a run breaks the guidelines' constraints; see :func:`violations`.
    """

    id: str
    transcript: Transcript
    recommendations: tuple[AnnotatedRecommendation, ...] = ()
    reviews: tuple[AnnotatedReview, ...] = ()
    annotator: str | None = None
    group: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False, repr=False)

    def __post_init__(self) -> None:
        problems = violations(self)
        if problems:
            raise AnnotationError(f"session {self.id}: " + "; ".join(problems))


def violations(session: AnnotatedSession) -> list[str]:
    """What breaks the constraints of the guidelines, all of it, each with its place; empty when nothing does.

    A recommendation is a non-empty span inside one utterance of the therapist, and overlaps no other. A review is a
    run of utterances of the session, and overlaps no other.
    """
    utterances = session.transcript.utterances
    problems = []
    for span in session.recommendations:
        place = f"recommendation at utterance {span.utterance}, characters {span.start} to {span.end}"
        if not 0 <= span.utterance < len(utterances):
            problems.append(f"{place}: the session has {len(utterances)} utterances")
        elif not 0 <= span.start < span.end <= len(utterances[span.utterance].text):
            problems.append(f"{place}: outside the text of {len(utterances[span.utterance].text)} characters")
        elif utterances[span.utterance].role is not Role.THERAPIST:
            problems.append(f"{place}: not an utterance of the therapist")
        elif utterances[span.utterance].text[span.start : span.end] != span.text:
            problems.append(f"{place}: the span's own text differs from the utterance's")
    ordered = sorted(session.recommendations, key=lambda span: (span.utterance, span.start))
    for before, after in itertools.pairwise(ordered):
        if before.utterance == after.utterance and after.start < before.end:
            problems.append(f"recommendations overlap at utterance {after.utterance}, character {after.start}")
    for run in session.reviews:
        if not 0 <= run.first <= run.last < len(utterances):
            problems.append(
                f"review of utterances {run.first} to {run.last}: not a run of {len(utterances)} utterances"
            )
    runs = sorted(session.reviews, key=lambda run: run.first)
    for earlier, later in itertools.pairwise(runs):
        if later.first <= earlier.last:
            problems.append(f"reviews overlap at utterance {later.first}")
    return problems
