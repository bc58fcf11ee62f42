"""What a form delivers: a transcript and the marks that were made in it, before the schema is applied to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.problems import Problem
from action_recs.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Mark:
    """A label on a stretch of the session, as the export has it.

    Attributes
    ----------
    label : str
        In the annotators' words: "Homework". The schema maps it to a label of ours.
    first, last : int
        0-based utterances, both inclusive, that the mark lies in.
    start, end : int or None
        Code points in utterance ``first`` and (exclusive) in ``last``; None where whole utterances are marked.
    attributes : mapping of str to str
        What is said of it: {"form": "casual", "category": "monitor"}. Lists are written with commas.
    covered : str or None
        The words that the tool says it covers, when it does: compared with the utterance's.
    score : float
        0 to 1; 1 for a person's mark.
    record, offset : str, int or None
        Where it stands in the file, for messages; see :class:`~action_recs.annotation.problems.Problem`.
    """

    label: str
    first: int
    last: int
    start: int | None = None
    end: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    covered: str | None = field(default=None, repr=False)
    score: float = 1.0
    record: str = ""
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class MarkedSession:
    """A transcript with the marks of one annotator.

    Attributes
    ----------
    id : str
    transcript : Transcript
    marks : tuple of Mark
        In any order.
    annotator : str or None
    group : str
        See :class:`~action_recs.annotation.annotated.AnnotatedSession`; the client's id or the session's when empty.
    metadata : mapping
    record : str
        "task 12, annotation 3".
    problems : tuple of Problem
        What could not be read of it. The session is then not delivered, but the rest of it is checked.
    """

    id: str
    transcript: Transcript
    marks: tuple[Mark, ...] = ()
    annotator: str | None = None
    group: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    record: str = ""
    problems: tuple[Problem, ...] = ()


def marked(session: AnnotatedSession, record: str = "") -> MarkedSession:
    """A session of ours as marks, for the forms that write every label the same way."""
    return MarkedSession(
        id=session.id,
        transcript=session.transcript,
        marks=(*span_marks(session.recommendations, record), *run_marks(session.reviews, record)),
        annotator=session.annotator,
        group=session.group,
        metadata=session.metadata,
        record=record,
    )


def span_marks(spans: Iterable[AnnotatedRecommendation], record: str = "") -> list[Mark]:
    """Recommendations as marks."""
    return [
        Mark(
            label="recommendation",
            first=span.utterance,
            last=span.utterance,
            start=span.start,
            end=span.end,
            attributes=_given(form=span.form.value, category=span.category, id=span.id, restates=span.restates),
            covered=span.text,
            score=span.score,
            record=record,
        )
        for span in spans
    ]


def run_marks(runs: Iterable[AnnotatedReview], record: str = "") -> list[Mark]:
    """Reviews as marks."""
    return [
        Mark(
            label="review",
            first=run.first,
            last=run.last,
            attributes=_given(adherence=run.adherence, target=run.target, of=",".join(run.of) or None),
            score=run.score,
            record=record,
        )
        for run in runs
    ]


def _given(**attributes: str | None) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value is not None}
