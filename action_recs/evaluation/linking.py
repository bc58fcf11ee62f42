"""How well threads are told: links, restatements, category and adherence against annotated courses, as counts.

Everything is told in the annotators' terms, so that the same figures hold for gold spans and for a tagger's: a link is
a review and an item of the annotators, and a predicted mark stands for the gold one that it overlaps by a half or more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from action_recs.annotation.courses import Course
from action_recs.evaluation.bootstrap import Estimate, clustered_interval, resampled
from action_recs.evaluation.metrics import Counts, extents, matched
from action_recs.linking.thread import Adherence, Category, ClientThread
from action_recs.session import Label, TaggedSession

Link = tuple[int, int, int, int]
"""Session and review, session and item: what looks back to what."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out for one course.

    Attributes
    ----------
    client : str
    links, same : Counts
        Of links, and of pairs of recommendations of a session that are one item.
    categories, adherences, link_adherences : tuple of (gold, predicted)
        Of items; of reviews; of the links that are right. None stands for what was not found, or is not there.
    broad : Counts
        Of reviews that look back to nothing of the thread.
    reachable : int
        Gold links of which both the review and the item were found: no linker can find more.
    """

    client: str
    links: Counts
    same: Counts
    broad: Counts
    categories: tuple[tuple[str | None, str | None], ...]
    adherences: tuple[tuple[str | None, str | None], ...]
    link_adherences: tuple[tuple[str | None, str | None], ...]
    reachable: int


def compare(course: Course, thread: ClientThread) -> Outcome:
    """A thread of the sessions of a course against what the annotators said of them."""
    places = [_gold_places(course, thread.sessions[place], place) for place in range(len(course.sessions))]
    item_of = {
        (place, number): at
        for place, items in enumerate(course.items)
        for at, group in enumerate(items)
        for number in group
    }
    own_item: dict[int, tuple[int, int] | None] = {}
    categories: list[tuple[str | None, str | None]] = []
    found_items: set[tuple[int, int]] = set()
    for number, item in enumerate(thread.items):
        spans, _ = places[item.session]
        at = spans.get(thread.sessions[item.session].recommendations.index(item.recommendation))
        gold = None if at is None else (item.session, item_of[item.session, at])
        own_item[number] = gold
        if gold is None or at is None:
            categories.append((None, item.category.value))
        elif gold not in found_items:
            found_items.add(gold)
            categories.append((course.sessions[item.session].recommendations[at].category, item.category.value))
    for place, items in enumerate(course.items):
        missed = [group for at, group in enumerate(items) if (place, at) not in found_items]
        categories += [(course.sessions[place].recommendations[group[0]].category, None) for group in missed]
    wanted: set[Link] = {(*review, *target) for review, targets in course.links.items() for target in targets}
    predicted: set[object] = set()
    adherences: list[tuple[str | None, str | None]] = []
    told: dict[Link, Adherence] = {}
    gold_broad = {review for review, targets in course.links.items() if not targets and review[0] > 0}
    found_broad: set[object] = set()
    seen_reviews: set[tuple[int, int]] = set()
    for order, look_back in enumerate(thread.reviews):
        at = places[look_back.session][1].get(look_back.review)
        if at is not None:
            seen_reviews.add((look_back.session, at))
            adherences.append((course.sessions[look_back.session].reviews[at].adherence, look_back.adherence.value))
        else:
            adherences.append((None, look_back.adherence.value))
        if look_back.broad and look_back.session > 0:
            found_broad.add((look_back.session, at) if at is not None else order)
        for target in look_back.targets:
            gold = own_item[target]
            if at is None or gold is None:
                predicted.add((order, target))
                continue
            link = (look_back.session, at, *gold)
            predicted.add(link)
            review_links = thread.items[target].reviews
            told[link] = next(
                each.adherence
                for each in review_links
                if (each.session, each.review) == (look_back.session, look_back.review)
            )
    adherences += [
        (course.sessions[place].reviews[review].adherence, None)
        for place, review in course.links
        if (place, review) not in seen_reviews
    ]
    return Outcome(
        course.client,
        _counts(wanted, predicted),
        _same_counts(course, thread, places),
        _counts(gold_broad, found_broad),
        tuple(categories),
        tuple(adherences),
        tuple(
            (course.sessions[link[0]].reviews[link[1]].adherence, told[link].value)
            for link in sorted(told)
            if link in wanted
        ),
        sum(link[:2] in seen_reviews and link[2:] in own_item.values() for link in wanted),
    )


def _gold_places(course: Course, session: TaggedSession, place: int) -> tuple[dict[int, int], dict[int, int]]:
    """For predicted recommendations and reviews of a session, the gold ones that they stand for, by index."""
    gold = course.sessions[place]
    found = []
    for label in (Label.RECOMMENDATION, Label.REVIEW):
        pairs = matched(extents(gold, label), extents(session, label), least=0.5)
        found.append({predicted: at for at, predicted in pairs})
    return found[0], found[1]


def _same_counts(
    course: Course, thread: ClientThread, places: Sequence[tuple[dict[int, int], dict[int, int]]]
) -> Counts:
    wanted: set[object] = {
        (place, *sorted((one, other)))
        for place, items in enumerate(course.items)
        for group in items
        for one in group
        for other in group
        if one < other
    }
    predicted: set[object] = set()
    for number, item in enumerate(thread.items):
        spans = thread.sessions[item.session].recommendations
        own = [spans.index(item.recommendation), *(spans.index(again) for again in item.restatements)]
        for first, one in enumerate(own):
            for other in own[first + 1 :]:
                at = sorted(places[item.session][0].get(each, -1) for each in (one, other))
                predicted.add((item.session, *at) if at[0] >= 0 else (number, one, other, "unmatched"))
    return _counts(wanted, predicted)


def _counts(wanted: Iterable[object], predicted: Iterable[object]) -> Counts:
    wanted, predicted = set(wanted), set(predicted)
    shared = len(wanted & predicted)
    return Counts(shared, len(predicted) - shared, len(wanted) - shared)


def counted(outcomes: Iterable[Outcome], what: str) -> dict[str, Counts]:
    """ "links", "same" or "broad", summed by client."""
    clients: dict[str, Counts] = defaultdict(Counts)
    for outcome in outcomes:
        clients[outcome.client] += getattr(outcome, what)
    return dict(clients)


def pairs_by_client(outcomes: Iterable[Outcome], what: str) -> dict[str, list[tuple[str | None, str | None]]]:
    """ "categories", "adherences" or "link_adherences", by client."""
    clients: dict[str, list[tuple[str | None, str | None]]] = defaultdict(list)
    for outcome in outcomes:
        clients[outcome.client] += getattr(outcome, what)
    return dict(clients)


def f1_of(clients: Mapping[str, Counts]) -> dict[str, object]:
    """F1 with its interval, precision, recall and how many there are."""
    total = sum(clients.values(), Counts())
    return {
        "f1": clustered_interval(clients).to_dict(),
        "precision": round(total.precision, 4),
        "recall": round(total.recall, 4),
        "gold": total.true_positives + total.false_negatives,
    }


def macro_f1_of(
    clients: Mapping[str, Sequence[tuple[str | None, str | None]]], classes: Sequence[str]
) -> dict[str, object]:
    """Macro F1 over classes with its interval clustered on clients, accuracy of what was found, and F1 by class.

    Parameters
    ----------
    clients : mapping of client to (gold, predicted)
        A gold class without a prediction counts as missed, a prediction without gold as wrong.

    Examples
    --------
    >>> macro_f1_of({"a": [("done", "done"), ("partial", "done")]}, ["done", "partial"])["f1"]["value"]
    0.3333
    """
    table = np.array([_class_counts(pairs, classes) for pairs in clients.values()], dtype=float)
    estimate = resampled(table, lambda sums: _class_f1(sums, len(classes)).mean(axis=1))
    by_class = _class_f1(table.sum(axis=0, keepdims=True), len(classes))[0]
    both = [pair for pairs in clients.values() for pair in pairs if None not in pair]
    gold = [one for pairs in clients.values() for one, _ in pairs if one is not None]
    return {
        "f1": (estimate or Estimate(0.0, 0.0, 0.0)).to_dict(),
        "accuracy": round(sum(one == other for one, other in both) / max(len(both), 1), 4),
        "by_class": {
            name: {"f1": round(float(value), 4), "gold": gold.count(name)}
            for name, value in zip(classes, by_class, strict=True)
        },
        "gold": len(gold),
    }


def _class_counts(pairs: Sequence[tuple[str | None, str | None]], classes: Sequence[str]) -> list[int]:
    counts = []
    for name in classes:
        counts.append(sum(pair == (name, name) for pair in pairs))
        counts.append(sum(other == name and one != name for one, other in pairs))
        counts.append(sum(one == name and other != name for one, other in pairs))
    return counts


def _class_f1(sums: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    hits, wrong, missed = (sums.reshape(-1, classes, 3)[..., at] for at in range(3))
    whole = 2 * hits + wrong + missed
    return np.divide(2 * hits, whole, out=np.zeros_like(hits), where=whole > 0)


CATEGORY_NAMES = tuple(each.value for each in Category)
ADHERENCE_NAMES = tuple(each.value for each in Adherence)


def figures(outcomes: Sequence[Outcome]) -> dict[str, dict[str, object]]:
    """All figures of outcomes, by name."""
    return {
        "links": f1_of(counted(outcomes, "links")) | {"reachable": sum(each.reachable for each in outcomes)},
        "broad": f1_of(counted(outcomes, "broad")),
        "same": f1_of(counted(outcomes, "same")),
        "category": macro_f1_of(pairs_by_client(outcomes, "categories"), CATEGORY_NAMES),
        "adherence": macro_f1_of(pairs_by_client(outcomes, "adherences"), ADHERENCE_NAMES),
        "link_adherence": macro_f1_of(pairs_by_client(outcomes, "link_adherences"), ADHERENCE_NAMES),
    }
