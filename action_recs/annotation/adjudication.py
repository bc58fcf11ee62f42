"""Several annotators' versions of a session made one: by majority, union, intersection, or as a judge decides.

A judge is an annotator whose version of a session is the right one (``how="judge"``), or somebody who decided the
disagreements one by one on their page (``decisions``). :mod:`~action_recs.annotation.voting` is how the others merge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from action_recs.annotation.agreement import UNNAMED, by_session
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.decisions import Decision, Decisions, assigned, read_decisions
from action_recs.annotation.disagreements import Disagreement, disagreements
from action_recs.annotation.voting import (
    MOST,
    How,
    closest,
    merged_by_vote,
    merged_recommendation,
    merged_review,
)
from action_recs.errors import AnnotationError
from action_recs.evaluation.metrics import Extent, extents
from action_recs.session import Label


def adjudicate(
    sessions: Iterable[AnnotatedSession],
    how: How | None = None,
    *,
    judge: str | None = None,
    decisions: Decisions | str | Path | None = None,
) -> list[AnnotatedSession]:
    """Merge the annotators' versions of every session.

    Parameters
    ----------
    sessions : iterable of AnnotatedSession
        All annotators' versions.
    how : {"majority", "union", "intersection", "judge"}, optional
        More than half of the annotators (with two, both), any, or all of them; or the judge's version where there is
        one. Form, category and the like are what most annotators of the span say; where as many say one as another,
        what the first annotator in alphabetical order says. "majority" unless told; with ``decisions`` nothing unless
        told, so that every disagreement must be decided.
    decisions : Decisions or path, optional
        What a judge decided on the page of disagreements, one by one: the file that it saved. Each disagreement in it
        becomes what was decided; the others are merged as ``how`` says.
    judge : str, optional
        The annotator who decides; needed for ``"judge"``. Sessions that the judge did not mark are taken as they are
        where the annotators agree in every mark.

    Returns
    -------
    list of AnnotatedSession
        One a session, in the order in which they came first; ``annotator`` says how it was made ("majority of ann,
        bob"), the judge's versions keep the judge's name. With ``decisions`` it is who decided, or "adjudicated".

    Raises
    ------
    AnnotationError
        When transcripts differ between annotators, the judge is missing, or there are sessions that the judge did not
        mark and the annotators do not agree on, or disagreements that nobody decided, or decisions on what is no
        disagreement (all of them are listed).

    Examples
    --------
    >>> from action_recs import Form, Transcript
    >>> talk = Transcript.from_pairs([("therapist", "Maybe try walking daily.")])
    >>> def marked(who, start, end):
    ...     span = AnnotatedRecommendation(0, start, end, talk.utterances[0].text[start:end], Form.CASUAL)
    ...     return AnnotatedSession("s1", talk, (span,), annotator=who)
    >>> adjudicate([marked("ann", 0, 17), marked("bob", 6, 23)], "intersection")[0].recommendations[0].text
    'try walking'
    """
    if how not in (None, *MOST, "judge"):
        raise AnnotationError(f"no way to adjudicate; choose one of {', '.join((*MOST, 'judge'))}")
    if (how == "judge") != (judge is not None):
        raise AnnotationError("name the judge with judge=, and only when the judge decides")
    known = list(sessions)
    if decisions is not None:
        read = decisions if isinstance(decisions, Decisions) else read_decisions(decisions)
        return _decided(known, read, how, judge)
    return _all_merged(by_session(known), how or "majority", judge)


def _all_merged(
    versions: Mapping[str, Mapping[str, AnnotatedSession]], how: How, judge: str | None
) -> list[AnnotatedSession]:
    if judge is not None:
        return _judged(versions, judge)
    return [merged_by_vote(dict(sorted(marked.items())), how) for marked in versions.values()]


def _decided(
    sessions: Sequence[AnnotatedSession], decisions: Decisions, how: How | None, judge: str | None
) -> list[AnnotatedSession]:
    """What was decided, and all else merged without it."""
    versions = by_session(sessions)
    pairs = assigned(decisions, disagreements(sessions), every=how is None)
    taken: dict[str, list[Disagreement]] = defaultdict(list)
    given: dict[str, list[AnnotatedSession]] = defaultdict(list)
    problems = []
    for found, decision in pairs:
        taken[found.session].append(found)
        try:
            given[found.session].append(_as_decided(versions[found.session], found, decision))
        except AnnotationError as error:
            problems.append(str(error))
    if problems:
        raise AnnotationError("\n".join(problems))
    rest = {
        name: {who: _only(session, taken[name], inside=False) for who, session in marked.items()}
        for name, marked in versions.items()
    }
    merged = _all_merged(rest, how or "majority", judge)
    who = decisions.judge or "adjudicated"
    return [_together([session, *given[session.id]], who) for session in merged]


def _as_decided(versions: Mapping[str, AnnotatedSession], found: Disagreement, decision: Decision) -> AnnotatedSession:
    """A session with nothing but what was decided of one disagreement."""
    marked = {who: _only(session, [found], inside=True) for who, session in sorted(versions.items())}
    if decision.choice == "annotator":
        return marked[decision.annotator]
    if decision.choice == "union":
        return merged_by_vote(marked, "union")
    first = replace(next(iter(marked.values())), recommendations=(), reviews=())
    if decision.choice == "none":
        return first
    spans, runs = [], []
    for utterance, start, end, form in decision.spans:
        _check_inside(decision, first, utterance, start, end)
        own = _of_closest((utterance, start, end), marked, Label.RECOMMENDATION)
        told = [marked[who].recommendations[at] for who, at in own]
        text = first.transcript.utterances[utterance].text[start:end]
        plain = AnnotatedRecommendation(utterance, start, end, text, form)
        span = merged_recommendation((utterance, start, end), told, first, set()) if told else plain
        spans.append(replace(span, form=form))
    for start, end in decision.runs:
        own = _of_closest((0, start, end + 1), marked, Label.REVIEW)
        said = [marked[who].reviews[at] for who, at in own]
        runs.append(merged_review(start, end, said) if said else AnnotatedReview(start, end))
    try:
        return replace(first, recommendations=tuple(spans), reviews=tuple(runs))
    except AnnotationError as error:
        raise AnnotationError(f"decided, but cannot stand: {error}; decide it again on the page") from None


def _check_inside(decision: Decision, session: AnnotatedSession, utterance: int, start: int, end: int) -> None:
    utterances = session.transcript.utterances
    if not (0 <= utterance < len(utterances) and 0 <= start < end <= len(utterances[utterance].text)):
        remedy = "decide it again on the page"
        raise AnnotationError(f"decided, but outside of the text: {decision.where}; {remedy}")


def _of_closest(extent: Extent, marked: Mapping[str, AnnotatedSession], label: Label) -> list[tuple[str, int]]:
    """Of every annotator the mark that has most of the stretch in it, where one has any."""
    found = ((who, closest(extent, extents(session, label))) for who, session in marked.items())
    return [(who, at) for who, at in found if at is not None]


def _only(session: AnnotatedSession, found: Sequence[Disagreement], *, inside: bool) -> AnnotatedSession:
    """The session with those marks only that are part of these disagreements, or (not ``inside``) of none of them."""
    who = session.annotator or UNNAMED
    parts = {(each.label, mark) for each in found for mark in each.marks.get(who, ())}
    spans = zip(session.recommendations, extents(session, Label.RECOMMENDATION), strict=True)
    runs = zip(session.reviews, extents(session, Label.REVIEW), strict=True)
    return replace(
        session,
        recommendations=tuple(span for span, at in spans if ((Label.RECOMMENDATION, at) in parts) is inside),
        reviews=tuple(run for run, at in runs if ((Label.REVIEW, at) in parts) is inside),
    )


def _together(sessions: Sequence[AnnotatedSession], annotator: str) -> AnnotatedSession:
    """One session with the marks of all; ids that stand twice, or restate what is gone, are left out."""
    taken: set[str] = set()
    spans = []
    for span in sorted(
        (span for each in sessions for span in each.recommendations), key=lambda span: (span.utterance, span.start)
    ):
        spans.append(replace(span, id=None) if span.id in taken else span)
        taken.update({span.id} if span.id else ())
    runs = sorted((run for each in sessions for run in each.reviews), key=lambda run: run.first)
    kept = tuple(replace(span, restates=span.restates if span.restates in taken else None) for span in spans)
    try:
        return replace(sessions[0], recommendations=kept, reviews=tuple(runs), annotator=annotator)
    except AnnotationError as error:
        raise AnnotationError(f"decisions that cannot stand together: {error}; decide one of them again") from None


def _judged(versions: Mapping[str, Mapping[str, AnnotatedSession]], judge: str) -> list[AnnotatedSession]:
    undecided = [
        name
        for name, marked in versions.items()
        if judge not in marked and len({_marks(each) for each in marked.values()}) > 1
    ]
    if undecided:
        remedy = "have the judge mark them, or leave them out"
        raise AnnotationError(
            f"annotators disagree on sessions without the judge's marks: {', '.join(undecided)}; {remedy}"
        )
    return [marked.get(judge) or next(iter(marked.values())) for marked in versions.values()]


def _marks(session: AnnotatedSession) -> tuple[object, ...]:
    """What two versions that agree in everything have in common; ids of spans are names and no judgement."""
    spans = tuple(replace(span, id=None, restates=None, score=1.0) for span in session.recommendations)
    return spans, tuple(replace(run, score=1.0) for run in session.reviews)
