"""From the tagged sessions of one client to their thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from action_recs.linking.adherence import evidence, read_adherence
from action_recs.linking.category import read_category
from action_recs.linking.features import Candidate, Table, link_features, same_features
from action_recs.linking.model import LinkingModel, shipped_linking_model
from action_recs.linking.order import one_clients
from action_recs.linking.passages import Passage, Spoken, read_session, recommendation_passage, review_passage
from action_recs.linking.phrase import phrase_of
from action_recs.linking.thread import Adherence, ClientThread, Item, LookBack, ReviewLink
from action_recs.linking.when import time_words
from action_recs.session import Form, Recommendation, TaggedSession


def follow_up(sessions: Iterable[TaggedSession], *, model: LinkingModel | None = None) -> ClientThread:
    """Say what became of each recommendation in the sessions of one client.

    Restatements of a session are merged into one item; each review is linked to the items of earlier sessions that it
    looks back to, or to none; and what the dialogue says of each is told.

    Parameters
    ----------
    sessions : sequence of TaggedSession
        All of one client, in the order in which they took place: that order counts. Dates are not needed; where there
        are some, they must not run backwards. A session that is missing in between makes no difference but for what was
        recommended in it. With a single session nothing can have been reviewed.
    model : LinkingModel, optional
        One of your own; by default the shipped one, loaded once.

    Returns
    -------
    ClientThread

    Raises
    ------
    ThreadError
        Without a session; with sessions of two clients, the same session twice, or dates that run backwards.

    Notes
    -----
    The same sessions give the same thread, and a longer sequence the same items and links for its first sessions.

    Examples
    --------
    >>> import action_recs
    >>> follow_up([action_recs.tag([("therapist", "Hello."), ("client", "Hello.")])])
    ClientThread(1 sessions, 0 items, 0 reviews)
    """
    thread = one_clients(sessions)
    if not any(session.recommendations or session.reviews for session in thread):
        return ClientThread(thread, (), ())
    model = model or shipped_linking_model()
    spoken = [read_session(model.checkpoint, model.meanings, model.in_context, session) for session in thread]
    drafts: list[Draft] = []
    links: list[Linked] = []
    for place, session in enumerate(thread):
        found = linked(drafts, place, session, spoken[place], model)
        for link in found:
            for number in link.targets:
                drafts[number].reviewed = True
        links += found
        drafts += merged(place, session, spoken[place], model)
    return _told(thread, spoken, drafts, links, model)


@dataclass(slots=True)
class Draft:
    """An item before its fate is known."""

    session: int
    numbers: tuple[int, ...]
    spans: tuple[Recommendation, ...]
    passage: Passage
    place: float
    reviewed: bool = False


@dataclass(frozen=True, slots=True)
class Linked:
    """A review with the items it looks back to, by index, and how sure each link is."""

    session: int
    review: int
    targets: dict[int, float]


def merged(place: int, session: TaggedSession, spoken: Spoken, model: LinkingModel) -> list[Draft]:
    """The recommendations of a session as items."""
    spans = session.recommendations
    passages = [recommendation_passage(session, spoken, [number]) for number in range(len(spans))]
    pairs, table = same_features(session, passages, model.rarity)
    scores = dict(zip(pairs, model.same(table).tolist(), strict=True)) if pairs else {}
    groups = grouped(len(spans), scores, model.same.threshold)
    return [
        Draft(
            place,
            tuple(group),
            tuple(spans[number] for number in group),
            recommendation_passage(session, spoken, group),
            order / max(len(groups) - 1, 1),
        )
        for order, group in enumerate(groups)
    ]


def grouped(count: int, scores: dict[tuple[int, int], float], threshold: float) -> list[list[int]]:
    """Group what belongs together: each joins the earlier one that it is most like, where it is like enough.

    Examples
    --------
    >>> grouped(3, {(0, 1): 0.2, (0, 2): 0.9, (1, 2): 0.6}, 0.5)
    [[0, 2], [1]]
    """
    group_of: list[list[int]] = []
    for second in range(count):
        best = max(range(second), key=lambda first: scores[first, second], default=None)
        if best is not None and scores[best, second] >= threshold:
            group = next(group for group in group_of if best in group)
            group.append(second)
        else:
            group_of.append([second])
    return group_of


def linked(
    drafts: Sequence[Draft], place: int, session: TaggedSession, spoken: Spoken, model: LinkingModel
) -> list[Linked]:
    """The reviews of a session with what they look back to."""
    if not session.reviews:
        return []
    if not drafts:
        return [Linked(place, number, {}) for number in range(len(session.reviews))]
    scores = model.link(link_table(drafts, place, session, spoken, model))
    return [
        Linked(
            place,
            number,
            {int(target): float(row[target]) for target in np.flatnonzero(row >= model.link.threshold)},
        )
        for number, row in enumerate(scores)
    ]


def link_table(
    drafts: Sequence[Draft], place: int, session: TaggedSession, spoken: Spoken, model: LinkingModel
) -> Table:
    """The features of every review of a session against every earlier item; see ``features.link_features``."""
    return link_features(
        [review_passage(session, spoken, run) for run in session.reviews],
        [len(run) for run in session.reviews],
        [
            Candidate(
                draft.passage,
                place - draft.session,
                draft.place,
                any(span.form is Form.STRUCTURED for span in draft.spans),
                len(draft.spans) - 1,
                sum(len(span.text) for span in draft.spans),
                draft.reviewed,
            )
            for draft in drafts
        ],
        model.rarity,
    )


def _told(
    thread: tuple[TaggedSession, ...],
    spoken: Sequence[Spoken],
    drafts: Sequence[Draft],
    links: Sequence[Linked],
    model: LinkingModel,
) -> ClientThread:
    """Put together what was found, with categories and adherence."""
    look_backs = []
    reviews_of: list[list[ReviewLink]] = [[] for _ in drafts]
    for link in links:
        session = thread[link.session]
        run = session.reviews[link.review]
        reading = read_adherence(model.adherence, session, spoken[link.session], link.review)
        shown = evidence(link.session, session, run, reading)
        targets = tuple(sorted(link.targets))
        look_backs.append(LookBack(link.session, link.review, targets, reading.adherence, shown))
        for target in targets:
            score = link.targets[target]
            reviews_of[target].append(ReviewLink(link.session, link.review, score, reading.adherence, shown))
    items = tuple(
        Item(
            session=draft.session,
            recommendation=draft.spans[0],
            restatements=draft.spans[1:],
            reviews=tuple(reviews),
            adherence=latest(reviews),
            category=read_category(model.category, thread[draft.session], spoken[draft.session], draft.numbers[0]),
            phrase=phrase_of(draft.spans[0].text),
            when=tuple(draft.spans[0].text[start:end] for start, end in time_words(draft.spans[0].text)),
        )
        for draft, reviews in zip(drafts, reviews_of, strict=True)
    )
    return ClientThread(thread, items, tuple(look_backs))


def latest(reviews: Sequence[ReviewLink]) -> Adherence | None:
    """What the last review that tells says; unclear when none tells, None without reviews."""
    if not reviews:
        return None
    tell = [link.adherence for link in reviews if link.adherence is not Adherence.UNCLEAR]
    return tell[-1] if tell else Adherence.UNCLEAR
