"""What comes out: labels, recommendations, reviews, and the tagged session that holds them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from action_recs.transcript import Role

if TYPE_CHECKING:
    from action_recs.annotation.annotated import AnnotatedSession


class Label(StrEnum):
    """What an utterance can be. It can be both, or neither."""

    RECOMMENDATION = "recommendation"
    REVIEW = "review"


class Form(StrEnum):
    """How a recommendation is made: in passing, or as a defined task (guidelines, section 1)."""

    CASUAL = "casual"
    STRUCTURED = "structured"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Something for the client to do, as the therapist put it.

    Attributes
    ----------
    utterance : int
        0-based index of the therapist's utterance.
    start, end : int
        Characters of that utterance's own text; ``end`` is exclusive.
    text : str
        The words between them.
    form : Form
        Casual or structured.
    score : float
        Between 0 and 1: the model's highest probability inside the span. An annotated span has 1.
    """

    utterance: int
    start: int
    end: int
    text: str
    form: Form
    score: float = 1.0

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(utterance={self.utterance}, start={self.start}, end={self.end}, "
            f"form={self.form.value}, score={self.score:.2f})"
        )


@dataclass(frozen=True, slots=True)
class Review:
    """A run of utterances, of both speakers, that looks back at something recommended or planned before.

    Attributes
    ----------
    first, last : int
        0-based indices of the first and the last utterance of the run, both inclusive.
    score : float
        Between 0 and 1: the highest probability of a review in the run. An annotated run has 1.
    """

    first: int
    last: int
    score: float = 1.0

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __repr__(self) -> str:
        return f"{type(self).__name__}(first={self.first}, last={self.last}, score={self.score:.2f})"


@dataclass(frozen=True, slots=True)
class TaggedUtterance:
    """One utterance as it came in, with its labels and the score of every label (0 to 1)."""

    index: int
    role: Role
    text: str
    labels: frozenset[Label]
    scores: Mapping[Label, float] = field(hash=False)
    speaker: str | None = None
    start: float | None = None
    end: float | None = None

    def __repr__(self) -> str:
        labels = ", ".join(sorted(self.labels)) or "no label"
        return f"TaggedUtterance({self.index}, {self.role.value}, {len(self.text)} characters, {labels})"


@dataclass(frozen=True, slots=True)
class TaggedSession:
    """A session with what the therapist recommended and what was reviewed.

    Attributes
    ----------
    utterances : tuple of TaggedUtterance
        One for each utterance of the transcript, in order, text unchanged.
    recommendations : tuple of Recommendation
        In order of utterance and start.
    reviews : tuple of Review
        In order, disjoint.
    session_id, client_id, therapist_id, organisation_id, date : str or None
        As the transcript had them.
    """

    utterances: tuple[TaggedUtterance, ...]
    recommendations: tuple[Recommendation, ...]
    reviews: tuple[Review, ...]
    session_id: str | None = None
    client_id: str | None = None
    therapist_id: str | None = None
    organisation_id: str | None = None
    date: str | None = None

    def __len__(self) -> int:
        return len(self.utterances)

    def __repr__(self) -> str:
        return (
            f"TaggedSession({len(self.utterances)} utterances, {len(self.recommendations)} recommendations, "
            f"{len(self.reviews)} reviews)"
        )

    @property
    def review_percentage(self) -> float:
        """Share of the session's utterances that lie in reviews, 0 to 100 per cent (Spinrad et al. 2024)."""
        if not self.utterances:
            return 0.0
        return 100 * sum(map(len, self.reviews)) / len(self.utterances)

    def to_dict(self) -> dict[str, Any]:
        """The session as plain lists, strings and numbers: what ``to_json`` writes and ``from_dict`` reads."""
        return {
            **{name: getattr(self, name) for name in IDENTIFIERS},
            "utterances": [_utterance_record(utterance) for utterance in self.utterances],
            "recommendations": [recommendation_record(found) for found in self.recommendations],
            "reviews": [
                {"first": run.first, "last": run.last, "score": round(run.score, SCORE_DIGITS)} for run in self.reviews
            ],
            "review_percentage": round(self.review_percentage, SCORE_DIGITS),
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """The session as one JSON object, on one line unless ``indent`` is given."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> TaggedSession:
        """Read back what ``to_dict`` wrote.

        Examples
        --------
        >>> session = TaggedSession((), (), (), session_id="s1")
        >>> TaggedSession.from_dict(session.to_dict()) == session
        True
        """
        return cls(
            utterances=tuple(_utterance_from(item) for item in record["utterances"]),
            recommendations=tuple(
                Recommendation(**{**item, "form": Form(item["form"])}) for item in record["recommendations"]
            ),
            reviews=tuple(Review(**item) for item in record["reviews"]),
            **{name: record.get(name) for name in IDENTIFIERS},
        )

    @classmethod
    def from_annotations(cls, annotated: AnnotatedSession) -> TaggedSession:
        """The session that a tagger would return if it found exactly what an annotator marked.

        Parameters
        ----------
        annotated : AnnotatedSession
            Its spans and runs become recommendations and reviews with a score of 1; an utterance's score is 1 for the
            labels it has and 0 for the others. What else the annotator said of them is left behind.

        Examples
        --------
        >>> from action_recs.annotation.annotated import AnnotatedSession
        >>> from action_recs.transcript import Transcript
        >>> talk = Transcript.from_pairs([("therapist", "How did the walks go?"), ("client", "Well.")])
        >>> session = TaggedSession.from_annotations(AnnotatedSession("s2", talk, reviews=(Review(0, 1),)))
        >>> session.reviews, session.utterances[1].scores[Label.REVIEW]
        ((Review(first=0, last=1, score=1.00),), 1.0)
        """
        transcript = annotated.transcript
        held = {
            Label.RECOMMENDATION: {span.utterance for span in annotated.recommendations},
            Label.REVIEW: {index for run in annotated.reviews for index in range(run.first, run.last + 1)},
        }
        return cls(
            utterances=tuple(
                TaggedUtterance(
                    index=index,
                    role=utterance.role,
                    text=utterance.text,
                    labels=frozenset(label for label, members in held.items() if index in members),
                    scores={label: float(index in members) for label, members in held.items()},
                    speaker=utterance.speaker,
                    start=utterance.start,
                    end=utterance.end,
                )
                for index, utterance in enumerate(transcript.utterances)
            ),
            recommendations=tuple(
                Recommendation(span.utterance, span.start, span.end, span.text, span.form)
                for span in sorted(annotated.recommendations, key=lambda span: (span.utterance, span.start))
            ),
            reviews=tuple(Review(run.first, run.last) for run in sorted(annotated.reviews, key=lambda run: run.first)),
            **{name: getattr(transcript, name) for name in IDENTIFIERS},
        )

    def to_dataframe(self, library: Literal["pandas", "polars"] = "pandas") -> Any:
        """One row an utterance: session id, index, role, text, a 0/1 column and a score column for each label.

        Parameters
        ----------
        library : {"pandas", "polars"}

        Raises
        ------
        ImportError
            Without the library: ``pip install 'action_recs[study]'`` brings pandas, ``pip install polars`` polars.
        ValueError
            For another library.
        """
        from action_recs.frames import data_frame  # knows this module

        return data_frame(self.rows(), ROW_COLUMNS, library)

    def to_html(self) -> str:
        """The session as a whole HTML page: the dialogue with what was found, in one file without outside resources."""
        from action_recs.render import session_html  # knows this module

        return session_html(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: the page in a frame of its own. A saved notebook holds the transcript with it."""
        from action_recs.render import session_cell

        return session_cell(self)

    def rows(self) -> list[dict[str, Any]]:
        """One flat record an utterance, with the columns of ``to_dataframe``."""
        return [
            {
                "session_id": self.session_id,
                "index": utterance.index,
                "role": utterance.role.value,
                "text": utterance.text,
                **{label.value: int(label in utterance.labels) for label in Label},
                **{f"{label.value}_score": round(utterance.scores[label], SCORE_DIGITS) for label in Label},
            }
            for utterance in self.utterances
        ]


IDENTIFIERS = ("session_id", "client_id", "therapist_id", "organisation_id", "date")
"""What ties a session to a study's tables; the same names on a transcript, a tagged session and in files."""

ROW_COLUMNS = (
    "session_id",
    "index",
    "role",
    "text",
    *(label.value for label in Label),
    *(f"{label.value}_score" for label in Label),
)

SCORE_DIGITS = 4
"""Decimals of a score in a file. More would differ between processors."""


def recommendation_record(found: Recommendation) -> dict[str, Any]:
    """A recommendation as it stands in files and data frames."""
    return {
        "utterance": found.utterance,
        "start": found.start,
        "end": found.end,
        "text": found.text,
        "form": found.form.value,
        "score": round(found.score, SCORE_DIGITS),
    }


def _utterance_record(utterance: TaggedUtterance) -> dict[str, Any]:
    record: dict[str, Any] = {
        "index": utterance.index,
        "role": utterance.role.value,
        "text": utterance.text,
        "labels": sorted(label.value for label in utterance.labels),
        "scores": {label.value: round(score, SCORE_DIGITS) for label, score in utterance.scores.items()},
    }
    extra = {"speaker": utterance.speaker, "start": utterance.start, "end": utterance.end}
    return record | {name: value for name, value in extra.items() if value is not None}


def _utterance_from(record: Mapping[str, Any]) -> TaggedUtterance:
    return TaggedUtterance(
        index=record["index"],
        role=Role(record["role"]),
        text=record["text"],
        labels=frozenset(map(Label, record["labels"])),
        scores={Label(name): score for name, score in record["scores"].items()},
        speaker=record.get("speaker"),
        start=record.get("start"),
        end=record.get("end"),
    )
