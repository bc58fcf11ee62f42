"""Tagged sessions as HTML: a page for one session, a page for many, and the cell of a notebook.

The markup lies in ``templates/``: ``page.html`` is the frame of these pages, ``session.html`` how a session looks,
``one.html`` and ``many.html`` the two pages, ``cell.html`` the cell, ``page.css`` and ``page.js`` style and behaviour.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

from action_recs.pages import environment, frame
from action_recs.session import IDENTIFIERS, Form, Label, Recommendation, Review, TaggedSession, TaggedUtterance
from action_recs.transcript import Role, label_key

CELL_UTTERANCES = 1000
"""Utterances that a notebook's cell shows: the notebook's file holds a copy of every cell, and a page has no limit."""


def session_html(session: TaggedSession, *, back: str | None = None) -> str:
    """One session as a whole HTML page, with a link ``back`` where it is one of many.

    Examples
    --------
    >>> session_html(TaggedSession((), (), ())).splitlines()[0]
    '<!DOCTYPE html>'
    """
    template = environment().get_template("one.html")
    return template.render(view=view_session(session), cell=False, back=back, **_frame())


def sessions_html(sessions: Iterable[TaggedSession]) -> str:
    """Many sessions as one HTML page: a table that leads to each of them."""
    return "".join(sessions_html_parts(sessions))


def sessions_html_parts(sessions: Iterable[TaggedSession]) -> Iterator[str]:
    """The page of :func:`sessions_html` in parts, to write without holding it whole.

    Sessions that can be gone through more than once, such as those of a file, are laid out one at a time.
    """
    views = Views(list(sessions) if iter(sessions) is sessions else sessions)
    template = environment().get_template("many.html")
    return template.generate(views=views, means=means(views.sessions), cell=False, apart=False, **_frame())


def index_html_parts(sessions: Iterable[TaggedSession]) -> Iterator[str]:
    """A table that leads to each session in a page of its own: ``sessions/000001.html`` and so on."""
    views = Views(sessions)
    template = environment().get_template("index.html")
    return template.generate(views=views, means=means(views.sessions), cell=False, apart=True, **_frame())


def session_cell(session: TaggedSession, *, utterances: int = CELL_UTTERANCES) -> str:
    """One session for a notebook's cell: its page in a frame of its own, which shares nothing with the notebook.

    Parameters
    ----------
    session : TaggedSession
    utterances : int
        How many utterances are shown, from the first.
    """
    view = view_session(session, utterances=utterances)
    page = environment().get_template("one.html").render(view=view, cell=True, back=None, **_frame())
    return environment().get_template("cell.html").render(page=page, height=cell_height(view))


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an utterance's text, and the recommendations it lies in: mostly none, rarely more than one."""

    text: str = field(repr=False)
    found: tuple[Recommendation, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """An utterance as it is shown; ``aside`` has the role, where the speaker's name is another, and the time."""

    index: int
    role: Role
    name: str
    aside: str
    pieces: tuple[Piece, ...]
    found: tuple[Recommendation, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring utterances that lie in one review, or in none."""

    review: Review | None
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """Where a recommendation lies on the strip, in utterances from the session's start."""

    at: float
    found: Recommendation


@dataclass(frozen=True, slots=True)
class SessionView:
    """What the templates show of a session. ``prefix`` keeps the ids of several sessions on a page apart."""

    session: TaggedSession
    prefix: str
    stretches: tuple[Stretch, ...]
    ticks: tuple[Tick, ...]
    shown: int

    @property
    def total(self) -> int:
        return len(self.session)

    @property
    def identifiers(self) -> dict[str, str]:
        """The identifiers it has, session id apart: ``{"client": "c1"}``."""
        known = {name.removesuffix("_id"): getattr(self.session, name) for name in IDENTIFIERS[1:]}
        return {name: value for name, value in known.items() if value is not None}

    @property
    def forms(self) -> dict[Form, int]:
        """How many recommendations there are of each form."""
        return {form: sum(found.form is form for found in self.session.recommendations) for form in Form}

    @property
    def filters(self) -> dict[str, int]:
        """How many of the utterances shown pass each filter."""
        turns = [turn for stretch in self.stretches for turn in stretch.turns]
        by_label = {label.value: sum(label in turn.labels for turn in turns) for label in Label}
        by_role = {role.value: sum(turn.role is role for turn in turns) for role in (Role.THERAPIST, Role.CLIENT)}
        return {"all": len(turns), **by_label, **by_role}


def view_session(session: TaggedSession, *, prefix: str = "", utterances: int | None = None) -> SessionView:
    """Lay out a session for the templates: all of it, or the first ``utterances``."""
    shown = session.utterances[:utterances]
    found = by_utterance(session.recommendations)
    turns = [lay_out(index, utterance, found.get(index, ())) for index, utterance in enumerate(shown)]
    return SessionView(
        session=session,
        prefix=prefix,
        stretches=tuple(stretches(turns, session.reviews)),
        ticks=tuple(ticks(found, len(session))),
        shown=len(shown),
    )


def by_utterance(recommendations: Iterable[Recommendation]) -> dict[int, tuple[Recommendation, ...]]:
    """Recommendations by the index of their utterance."""
    found: dict[int, tuple[Recommendation, ...]] = {}
    for each in recommendations:
        found[each.utterance] = (*found.get(each.utterance, ()), each)
    return found


def lay_out(index: int, utterance: TaggedUtterance, found: tuple[Recommendation, ...]) -> Turn:
    """One utterance with the recommendations that lie in it."""
    name = (utterance.speaker or "").strip() or utterance.role.value.title()
    role = "" if label_key(name) == utterance.role.value else utterance.role.value
    timed = utterance.start is not None and math.isfinite(utterance.start) and utterance.start >= 0
    return Turn(
        index=index,
        role=utterance.role,
        name=name,
        aside=" ".join(filter(None, (role, clock(int(utterance.start or 0)) if timed else ""))),
        pieces=tuple(pieces(utterance.text, found)),
        found=found,
        labels=tuple(label for label in Label if label in utterance.labels),
    )


def pieces(text: str, found: Sequence[Recommendation]) -> Iterator[Piece]:
    """Cut a text where a recommendation begins or ends; joined, the pieces are the text again.

    Examples
    --------
    >>> walk = Recommendation(0, 4, 8, "walk", Form.CASUAL)
    >>> [(piece.text, len(piece.found)) for piece in pieces("Try walking", [walk])]
    [('Try ', 0), ('walk', 1), ('ing', 0)]
    """
    edges = {0, len(text)}.union(*({min(each.start, len(text)), min(each.end, len(text))} for each in found))
    cuts = sorted(edge for edge in edges if edge >= 0)
    for start, end in pairwise(cuts):
        yield Piece(text[start:end], tuple(each for each in found if each.start <= start and end <= each.end))


def stretches(turns: Sequence[Turn], reviews: Iterable[Review]) -> Iterator[Stretch]:
    """Divide the turns into those of each review, and those between."""
    done = 0
    for review in reviews:
        first, end = max(review.first, done), min(review.last + 1, len(turns))
        if first >= end:
            continue
        if first > done:
            yield Stretch(None, tuple(turns[done:first]))
        yield Stretch(review, tuple(turns[first:end]))
        done = end
    if done < len(turns):
        yield Stretch(None, tuple(turns[done:]))


def ticks(found: dict[int, tuple[Recommendation, ...]], total: int) -> Iterator[Tick]:
    """Spread the recommendations of an utterance over its width on the strip."""
    for index, group in found.items():
        if 0 <= index < total:
            yield from (Tick(index + place / (len(group) + 1), each) for place, each in enumerate(group, start=1))


class Views:
    """The sessions of a page as its template shows them, each laid out when its turn comes."""

    def __init__(self, sessions: Iterable[TaggedSession]) -> None:
        self.sessions = sessions

    def __len__(self) -> int:
        return len(self.sessions) if isinstance(self.sessions, Sized) else sum(1 for _ in self.sessions)

    def __iter__(self) -> Iterator[SessionView]:
        return (view_session(each, prefix=f"s{number}-") for number, each in enumerate(self.sessions, start=1))


@dataclass(frozen=True, slots=True)
class Means:
    """What several sessions have in common; percentages are 0 to 100."""

    recommendations: float
    with_recommendation: float
    with_review: float
    review_percentage: float


def means(sessions: Iterable[TaggedSession]) -> Means | None:
    """The figures above the table, or None without sessions."""
    figures = [
        (len(each.recommendations), bool(each.recommendations), bool(each.reviews), each.review_percentage)
        for each in sessions
    ]
    if not figures:
        return None
    recommendations, with_recommendation, with_review, review_percentage = map(fmean, zip(*figures, strict=True))
    return Means(recommendations, 100 * with_recommendation, 100 * with_review, review_percentage)


def cell_height(view: SessionView) -> int:
    """Pixels that a session needs in a cell, roughly; the frame scrolls beyond a certain height."""
    lines = sum(1 + len(utterance.text) // 80 for utterance in view.session.utterances[: view.shown])
    return min(640, 260 + 34 * lines)


def clock(seconds: int) -> str:
    """Seconds as a clock shows them.

    Examples
    --------
    >>> clock(754), clock(3661)
    ('12:34', '1:01:01')
    """
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _frame() -> Mapping[str, str]:
    return frame("page.css", script="page.js")
