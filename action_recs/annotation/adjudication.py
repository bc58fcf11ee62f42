"""Several annotators' versions of a session made one: by majority, union, intersection, or as a judge has it.

Annotators vote on every character (for reviews on every utterance). What enough of them marked is kept, and two
neighbouring characters stay in one span when enough of them have both in one span: so that the extents are agreed on
piece by piece, and two adjacent actions stay two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeVar

from action_recs.annotation.agreement import by_session
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.errors import AnnotationError
from action_recs.evaluation.metrics import Extent, extents
from action_recs.session import Label

How = Literal["majority", "union", "intersection", "judge"]

MOST: Mapping[str, Callable[[int], int]] = {
    "majority": lambda people: people // 2 + 1,
    "union": lambda _: 1,
    "intersection": lambda people: people,
}
"""How many of the annotators must have marked a place."""

Value = TypeVar("Value")


def adjudicate(
    sessions: Iterable[AnnotatedSession], how: How = "majority", *, judge: str | None = None
) -> list[AnnotatedSession]:
    """Merge the annotators' versions of every session.

    Parameters
    ----------
    sessions : iterable of AnnotatedSession
        All annotators' versions.
    how : {"majority", "union", "intersection", "judge"}
        More than half of the annotators (with two, both), any, or all of them; or the judge's version where there is
        one. Form, category and the like are what most annotators of the span say; where as many say one as another,
        what the first annotator in alphabetical order says.
    judge : str, optional
        The annotator who decides; needed for ``"judge"``. Sessions that the judge did not mark are taken as they are
        where the annotators agree in every mark.

    Returns
    -------
    list of AnnotatedSession
        One a session, in the order in which they came first; ``annotator`` says how it was made ("majority of ann,
        bob"), the judge's versions keep the judge's name.

    Raises
    ------
    AnnotationError
        When transcripts differ between annotators, the judge is missing, or there are sessions that the judge did not
        mark and the annotators do not agree on (all of them are listed).

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
    if how not in (*MOST, "judge"):
        raise AnnotationError(f"no way to adjudicate; choose one of {', '.join((*MOST, 'judge'))}")
    if (how == "judge") != (judge is not None):
        raise AnnotationError("name the judge with judge=, and only when the judge decides")
    versions = by_session(sessions)
    if judge is not None:
        return _judged(versions, judge)
    return [_merged(dict(sorted(marked.items())), how) for marked in versions.values()]


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


def _merged(marked: Mapping[str, AnnotatedSession], how: str) -> AnnotatedSession:
    first = next(iter(marked.values()))
    least = MOST[how](len(marked))
    spans = {who: extents(session, Label.RECOMMENDATION) for who, session in marked.items()}
    runs = {who: extents(session, Label.REVIEW) for who, session in marked.items()}
    taken: set[str] = set()
    recommendations = []
    for voted in _voted(list(spans.values()), least):
        if (extent := _without_blanks(voted, first)) is None:
            continue
        own = [marked[who].recommendations[at] for who in marked if (at := _closest(extent, spans[who])) is not None]
        recommendations.append(_recommendation(extent, own, first, taken))
    known = {span.id for span in recommendations}
    reviews = []
    for _, start, end in _voted(list(runs.values()), least):
        own_runs = [
            marked[who].reviews[at] for who in marked if (at := _closest((0, start, end), runs[who])) is not None
        ]
        reviews.append(_review(start, end - 1, own_runs))
    return replace(
        first,
        recommendations=tuple(
            replace(span, restates=span.restates if span.restates in known else None) for span in recommendations
        ),
        reviews=tuple(reviews),
        annotator=f"{how} of {', '.join(marked)}",
    )


def _voted(versions: Sequence[Sequence[Extent]], least: int) -> list[Extent]:
    """The stretches that at least so many versions mark, divided where fewer have both sides in one mark."""
    marked: Counter[tuple[int, int]] = Counter()
    joined: Counter[tuple[int, int]] = Counter()
    for version in versions:
        for place, start, end in version:
            marked.update((place, at) for at in range(start, end))
            joined.update((place, at) for at in range(start + 1, end))
    found: list[Extent] = []
    for place, at in sorted(each for each, votes in marked.items() if votes >= least):
        if found and found[-1][0] == place and found[-1][2] == at and joined[place, at] >= least:
            found[-1] = (place, found[-1][1], at + 1)
        else:
            found.append((place, at, at + 1))
    return found


def _without_blanks(extent: Extent, session: AnnotatedSession) -> Extent | None:
    """The span without blanks at its ends; None when nothing else is in it."""
    utterance, start, end = extent
    text = session.transcript.utterances[utterance].text[start:end]
    if not text.strip():
        return None
    return utterance, start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())


def _closest(extent: Extent, own: Sequence[Extent]) -> int | None:
    """Which of an annotator's marks has most of the stretch in it; None when none has any."""
    shared = [min(extent[2], each[2]) - max(extent[1], each[1]) if each[0] == extent[0] else 0 for each in own]
    best = max(range(len(own)), key=lambda at: shared[at], default=None)
    return best if best is not None and shared[best] > 0 else None


def _recommendation(
    extent: Extent, own: Sequence[AnnotatedRecommendation], session: AnnotatedSession, taken: set[str]
) -> AnnotatedRecommendation:
    utterance, start, end = extent
    name = next((span.id for span in own if span.id is not None and span.id not in taken), None)
    taken.update({name} if name else ())
    return AnnotatedRecommendation(
        utterance=utterance,
        start=start,
        end=end,
        text=session.transcript.utterances[utterance].text[start:end],
        form=_most(span.form for span in own),
        id=name,
        category=_most(span.category for span in own),
        restates=_most(span.restates for span in own),
    )


def _review(first: int, last: int, own: Sequence[AnnotatedReview]) -> AnnotatedReview:
    return AnnotatedReview(
        first=first,
        last=last,
        of=_most(run.of for run in own),
        adherence=_most(run.adherence for run in own),
        target=_most(run.target for run in own),
    )


def _most(values: Iterable[Value]) -> Value:
    """The commonest value, the first of those that are as common; absent ones only when nothing else is there."""
    counted: dict[Value, int] = defaultdict(int)
    for value in values:
        counted[value] += 1
    said = {value: count for value, count in counted.items() if value} or counted
    return max(said, key=lambda value: said[value])
