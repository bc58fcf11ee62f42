"""Several annotators' versions of a session made one by vote.

Annotators vote on every character (for reviews on every utterance). What enough of them marked is kept, and two
neighbouring characters stay in one span when enough of them have both in one span: so that the extents are agreed on
piece by piece, and two adjacent actions stay two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeVar

from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
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


def merged_by_vote(marked: Mapping[str, AnnotatedSession], how: str) -> AnnotatedSession:
    first = next(iter(marked.values()))
    least = MOST[how](len(marked))
    spans = {who: extents(session, Label.RECOMMENDATION) for who, session in marked.items()}
    runs = {who: extents(session, Label.REVIEW) for who, session in marked.items()}
    taken: set[str] = set()
    recommendations = []
    for voted in _voted(list(spans.values()), least):
        if (extent := _without_blanks(voted, first)) is None:
            continue
        own = [marked[who].recommendations[at] for who in marked if (at := closest(extent, spans[who])) is not None]
        recommendations.append(merged_recommendation(extent, own, first, taken))
    known = {span.id for span in recommendations}
    reviews = []
    for _, start, end in _voted(list(runs.values()), least):
        own_runs = [
            marked[who].reviews[at] for who in marked if (at := closest((0, start, end), runs[who])) is not None
        ]
        reviews.append(merged_review(start, end - 1, own_runs))
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


def closest(extent: Extent, own: Sequence[Extent]) -> int | None:
    """Which of an annotator's marks has most of the stretch in it; None when none has any."""
    shared = [min(extent[2], each[2]) - max(extent[1], each[1]) if each[0] == extent[0] else 0 for each in own]
    best = max(range(len(own)), key=lambda at: shared[at], default=None)
    return best if best is not None and shared[best] > 0 else None


def merged_recommendation(
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


def merged_review(first: int, last: int, own: Sequence[AnnotatedReview]) -> AnnotatedReview:
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
