"""What comes out: the sessions of one client as a thread of items, each with the reviews that look back to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from action_recs.session import IDENTIFIERS, SCORE_DIGITS, Recommendation, TaggedSession, recommendation_record

if TYPE_CHECKING:
    import pandas as pd


class Adherence(StrEnum):
    """What the dialogue says of an earlier task."""

    DONE = "done"
    PARTIAL = "partial"
    NOT_DONE = "not_done"
    UNCLEAR = "unclear"


class Category(StrEnum):
    """What kind of action is recommended (guidelines, section 1)."""

    PRACTICE_SKILL = "practice_skill"
    TAKE_ACTION = "take_action"
    MONITOR = "monitor"
    LEARN = "learn"
    TREATMENT = "treatment"
    REDUCE_STOP = "reduce_stop"


@dataclass(frozen=True, slots=True)
class Words:
    """A stretch of an utterance.

    Attributes
    ----------
    session, utterance : int
        0-based indices: of the session in the thread, of the utterance in the session.
    start, end : int
        Characters of the utterance's own text; ``end`` is exclusive.
    text : str
        The words between them.
    """

    session: int
    utterance: int
    start: int
    end: int
    text: str

    def __repr__(self) -> str:
        return f"Words(session={self.session}, utterance={self.utterance}, start={self.start}, end={self.end})"


@dataclass(frozen=True, slots=True)
class ReviewLink:
    """A review that looks back to an item.

    Attributes
    ----------
    session, review : int
        0-based indices: of the session in the thread, of the run in that session's ``reviews``.
    score : float
        Between 0 and 1: how sure the link is.
    adherence : Adherence
        What this review says of what was recommended.
    evidence : Words
        The words of the review that show it most.
    """

    session: int
    review: int
    score: float
    adherence: Adherence
    evidence: Words


@dataclass(frozen=True, slots=True)
class Item:
    """Something that was recommended in a session, however often it was said there, and what became of it.

    Attributes
    ----------
    session : int
        0-based index of the session in the thread.
    recommendation : Recommendation
        Where it was first said.
    restatements : tuple of Recommendation
        Where the same session says it again, in order.
    reviews : tuple of ReviewLink
        The reviews of later sessions that look back to it, in order; empty when none does.
    adherence : Adherence or None
        What the last review that tells says; ``UNCLEAR`` when none tells; None when it was never reviewed.
    category : Category
    phrase : str
        The action in a few words, as a command: "call your brother one evening".
    when : tuple of str
        The words for time or frequency that the recommendation holds: ("one evening",).
    """

    session: int
    recommendation: Recommendation
    restatements: tuple[Recommendation, ...]
    reviews: tuple[ReviewLink, ...]
    adherence: Adherence | None
    category: Category
    phrase: str
    when: tuple[str, ...]

    @property
    def reviewed(self) -> bool:
        """Whether any review looks back to it."""
        return bool(self.reviews)

    @property
    def evidence(self) -> Words | None:
        """The words that show its adherence: those of the last review that tells. None when it was never reviewed."""
        return next((link.evidence for link in reversed(self.reviews) if link.adherence is self.adherence), None)

    def __repr__(self) -> str:
        fate = self.adherence.value if self.adherence else "never reviewed"
        return f"Item(session={self.session}, {self.recommendation!r}, {self.category.value}, {fate})"


@dataclass(frozen=True, slots=True)
class LookBack:
    """A review with what it looks back to.

    Attributes
    ----------
    session, review : int
        0-based indices: of the session in the thread, of the run in that session's ``reviews``.
    targets : tuple of int
        Indices into the thread's ``items``, in order. Empty: the review is broad, or about something that no earlier
        session of the thread recommends.
    adherence : Adherence
        What the review says of the earlier task, whatever it looks back to.
    evidence : Words
        The words of the review that show it most.
    """

    session: int
    review: int
    targets: tuple[int, ...]
    adherence: Adherence
    evidence: Words

    @property
    def broad(self) -> bool:
        """Whether it is a broad look-back, or one to something from outside the thread."""
        return not self.targets


@dataclass(frozen=True, slots=True)
class ClientThread:
    """The sessions of one client in order, with what was recommended and what became of it.

    Attributes
    ----------
    sessions : tuple of TaggedSession
        As they were given.
    items : tuple of Item
        In the order of the sessions, and of what is said in them. Every recommendation is in exactly one.
    reviews : tuple of LookBack
        One for each review of each session, in order.
    """

    sessions: tuple[TaggedSession, ...]
    items: tuple[Item, ...]
    reviews: tuple[LookBack, ...]

    def __len__(self) -> int:
        return len(self.sessions)

    def __repr__(self) -> str:
        return f"ClientThread({len(self.sessions)} sessions, {len(self.items)} items, {len(self.reviews)} reviews)"

    @property
    def client_id(self) -> str | None:
        """The client's id, where the sessions have it."""
        return next((session.client_id for session in self.sessions if session.client_id is not None), None)

    @property
    def never_reviewed(self) -> tuple[Item, ...]:
        """The items that no later session looks back to; those of the last session could not be, yet."""
        return tuple(item for item in self.items if not item.reviews)

    def to_dict(self) -> dict[str, Any]:
        """The thread as plain lists, strings and numbers; sessions by their identifiers, without the dialogue."""
        return {
            "client_id": self.client_id,
            "sessions": [{name: getattr(session, name) for name in IDENTIFIERS} for session in self.sessions],
            "items": [_item_record(item) for item in self.items],
            "reviews": [_look_back_record(look_back, self.sessions) for look_back in self.reviews],
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """The thread as one JSON object, on one line unless ``indent`` is given."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    def to_dataframe(self) -> pd.DataFrame:
        """One row an item: where it was said, what it is, and what became of it.

        Raises
        ------
        ImportError
            Without pandas, which ``pip install 'action_recs[study]'`` brings.
        """
        from action_recs.frames import data_frame

        return data_frame(self.rows(), ITEM_COLUMNS)

    def rows(self) -> list[dict[str, Any]]:
        """One flat record an item, with the columns of ``to_dataframe``."""
        return [_item_row(number, item, self.sessions) for number, item in enumerate(self.items)]

    def to_html(self) -> str:
        """The thread as a whole HTML page: a timeline of its sessions, and a table of its items."""
        from action_recs.linking.page import thread_html  # knows this module

        return thread_html(self)


ITEM_COLUMNS = (
    *IDENTIFIERS,
    "session",
    "item",
    "utterance",
    "start",
    "end",
    "text",
    "form",
    "score",
    "category",
    "phrase",
    "when",
    "restatements",
    "reviews",
    "first_review_session",
    "sessions_to_review",
    "sessions_after",
    "adherence",
)
"""One row an item. ``restatements`` and ``reviews`` are counts; ``first_review_session`` is a 0-based index, and
``sessions_to_review`` how many sessions later that is, None without a review; ``sessions_after`` counts the sessions of
the thread that could have reviewed it."""


def _item_row(number: int, item: Item, sessions: tuple[TaggedSession, ...]) -> dict[str, Any]:
    first = item.reviews[0].session if item.reviews else None
    return {
        **{name: getattr(sessions[item.session], name) for name in IDENTIFIERS},
        "session": item.session,
        "item": number,
        **recommendation_record(item.recommendation),
        "category": item.category.value,
        "phrase": item.phrase,
        "when": "; ".join(item.when),
        "restatements": len(item.restatements),
        "reviews": len(item.reviews),
        "first_review_session": first,
        "sessions_to_review": None if first is None else first - item.session,
        "sessions_after": len(sessions) - 1 - item.session,
        "adherence": item.adherence.value if item.adherence else None,
    }


def _item_record(item: Item) -> dict[str, Any]:
    return {
        "session": item.session,
        "recommendation": recommendation_record(item.recommendation),
        "restatements": [recommendation_record(each) for each in item.restatements],
        "category": item.category.value,
        "phrase": item.phrase,
        "when": list(item.when),
        "adherence": item.adherence.value if item.adherence else None,
        "reviews": [
            {
                "session": link.session,
                "review": link.review,
                "score": round(link.score, SCORE_DIGITS),
                "adherence": link.adherence.value,
                "evidence": _words_record(link.evidence),
            }
            for link in item.reviews
        ],
    }


def _look_back_record(look_back: LookBack, sessions: tuple[TaggedSession, ...]) -> dict[str, Any]:
    run = sessions[look_back.session].reviews[look_back.review]
    return {
        "session": look_back.session,
        "review": look_back.review,
        "first": run.first,
        "last": run.last,
        "targets": list(look_back.targets),
        "adherence": look_back.adherence.value,
        "evidence": _words_record(look_back.evidence),
    }


def _words_record(words: Words) -> dict[str, Any]:
    return {"utterance": words.utterance, "start": words.start, "end": words.end, "text": words.text}
