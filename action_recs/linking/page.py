"""A thread as an HTML page: its sessions on a line, what was recommended as dots, reviews as arcs back to them.

The places are computed here, in pixels of the drawing; ``templates/thread.html`` and ``thread.css`` hold the markup and
the style. The page has no script and no outside resource.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from action_recs.linking.thread import Adherence, ClientThread, Item, LookBack
from action_recs.pages import environment, frame

WIDTH = 1040
COLUMN = (30.0, 200.0)
"""Least and most pixels of a session; with more sessions than fit, the drawing scrolls."""

LEFT = 24.0
TOP = 12.0
RISE = (26.0, 150.0)
"""Least and most height of an arc."""

DOT = 15.0  # from one dot of a session to the next
STEP = 3.2  # from the line of one dot to the next one's
MARK = 8.0  # from one review of a session to the next

FATES = {
    Adherence.DONE: "done",
    Adherence.PARTIAL: "partly done",
    Adherence.NOT_DONE: "not done",
    Adherence.UNCLEAR: "unclear",
    None: "never reviewed",
}


@dataclass(frozen=True, slots=True)
class Dot:
    """An item; ``open`` where no later session could have reviewed it."""

    number: int
    item: Item
    x: float
    y: float
    open: bool

    @property
    def fate(self) -> str:
        return "open" if self.open else FATES[self.item.adherence]

    @property
    def sign(self) -> str:
        """The class that gives it its look."""
        return "open" if self.open else (self.item.adherence.value if self.item.adherence else "never")


@dataclass(frozen=True, slots=True)
class Mark:
    """A review, at the line of its session."""

    number: int
    look_back: LookBack
    x: float


@dataclass(frozen=True, slots=True)
class Arc:
    """From a review to an item."""

    item: int
    review: int
    adherence: Adherence
    score: float
    path: str


@dataclass(frozen=True, slots=True)
class Column:
    """A session; ``label`` is shown, ``name`` is its full name."""

    x: float
    label: str
    date: str
    name: str


@dataclass(frozen=True, slots=True)
class ThreadView:
    """What the template shows."""

    thread: ClientThread
    columns: tuple[Column, ...]
    dots: tuple[Dot, ...]
    marks: tuple[Mark, ...]
    arcs: tuple[Arc, ...]
    width: float
    height: float
    line: float
    pitch: float

    @property
    def title(self) -> str:
        return f"Client {self.thread.client_id}" if self.thread.client_id else "One client's sessions"

    @property
    def followed(self) -> int:
        """Items that a later session could have reviewed."""
        return sum(not dot.open for dot in self.dots)

    @property
    def reviewed(self) -> int:
        return sum(bool(item.reviews) for item in self.thread.items)

    @property
    def fates(self) -> dict[str, int]:
        """How many items have each sign, in the order of the legend."""
        counted = Counter(dot.sign for dot in self.dots)
        return {sign: counted[sign] for sign in ("done", "partial", "not_done", "unclear", "never", "open")}


def thread_html(thread: ClientThread) -> str:
    """A thread as a whole HTML page.

    Examples
    --------
    >>> thread_html(ClientThread((), (), ())).splitlines()[0]
    '<!DOCTYPE html>'
    """
    own = frame("page.css", "thread.css")
    return environment().get_template("thread.html").render(view=view_thread(thread), fates=FATES, cell=False, **own)


def view_thread(thread: ClientThread) -> ThreadView:
    """Lay out a thread."""
    count = len(thread.sessions)
    pitch = min(max((WIDTH - 2 * LEFT) / max(count, 1), COLUMN[0]), COLUMN[1])
    middles = [LEFT + pitch * (place + 0.4) for place in range(count)]
    farthest = max((link.session - item.session for item in thread.items for link in item.reviews), default=0)
    line = TOP + (_rise(farthest, count) if farthest else 0) + 24
    of_session: Counter[int] = Counter()
    dots = []
    for number, item in enumerate(thread.items):
        y = line + 20 + DOT * of_session[item.session]
        of_session[item.session] += 1
        dots.append(Dot(number, item, middles[item.session], y, item.session == count - 1))
    marked = Counter(look_back.session for look_back in thread.reviews)
    marks = []
    done: Counter[int] = Counter()
    for number, look_back in enumerate(thread.reviews):
        step = min(MARK, 0.8 * pitch / marked[look_back.session])
        x = middles[look_back.session] + step * (done[look_back.session] - (marked[look_back.session] - 1) / 2)
        done[look_back.session] += 1
        marks.append(Mark(number, look_back, x))
    at = {(mark.look_back.session, mark.look_back.review): mark for mark in marks}
    order = Counter[int]()
    arcs = []
    for dot in dots:
        if not dot.item.reviews:
            continue
        room = 0.55 * pitch - 8
        gutter = dot.x + 8 + min(STEP * order[dot.item.session], max(room, 0))
        order[dot.item.session] += 1
        for link in dot.item.reviews:
            mark = at[link.session, link.review]
            path = _path(mark.x, gutter, dot, line, _rise(link.session - dot.item.session, count))
            arcs.append(Arc(dot.number, mark.number, link.adherence, link.score, path))
    names = tuple(session.session_id or f"Session {place + 1}" for place, session in enumerate(thread.sessions))
    columns = tuple(
        Column(x, str(place + 1), (session.date or "")[:10] if pitch >= 75 else "", names[place])
        for place, (x, session) in enumerate(zip(middles, thread.sessions, strict=True))
    )
    deepest = max((dot.y for dot in dots), default=line + 20)
    return ThreadView(
        thread,
        columns,
        tuple(dots),
        tuple(marks),
        tuple(arcs),
        2 * LEFT + pitch * count,
        deepest + 40,
        line,
        pitch,
    )


def _rise(sessions: int, count: int) -> float:
    """How high an arc over so many sessions goes: long ones over short ones."""
    return RISE[0] + (RISE[1] - RISE[0]) * float((sessions / max(count - 1, 1)) ** 0.6)


def _path(x: float, gutter: float, dot: Dot, line: float, rise: float) -> str:
    """Up from a review, over to the item's session, down beside its dots, and in."""
    top = line - 8 - rise * 4 / 3  # a cubic curve reaches three quarters of the way to its handles
    return (
        f"M{x:.1f} {line - 8:.1f} C{x:.1f} {top:.1f} {gutter:.1f} {top:.1f} {gutter:.1f} {line - 8:.1f} "
        f"V{dot.y - 4:.1f} Q{gutter:.1f} {dot.y:.1f} {dot.x + 5:.1f} {dot.y:.1f}"
    )
