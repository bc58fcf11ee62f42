"""Scores -> spans and runs.

Both decoders work the same way: a stretch is found where the probability of the label reaches the *threshold*
somewhere, and extends as far as it stays above the *floor*. So the score of an utterance that holds a recommendation,
its highest probability, is at least the threshold; one that lies in a review is at least the floor.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from action_recs.session import Form, Recommendation, Review
from action_recs.transcript import Role, Transcript
from action_recs.windows import Piece

RECOMMENDATION_CLASSES = ("O", "B-CASUAL", "I-CASUAL", "B-STRUCTURED", "I-STRUCTURED")
REVIEW_CLASSES = ("O", "B-REVIEW", "I-REVIEW")

OUTSIDE = 0
SPAN_BEGINS = [1, 3]
STRUCTURED = [3, 4]
RUN_BEGINS = 1

APOSTROPHES = "'’"
OPENING_MARKS = "\"'“‘([{$£€"
CLOSING_MARKS = ".,;:!?…-–—"


@dataclass(frozen=True, slots=True)
class DecodingSettings:
    """How scores become spans or runs. Kept in the checkpoint's config, chosen on the development split.

    Attributes
    ----------
    threshold : float
        The probability that a stretch must reach.
    floor : float
        The probability that it must keep.
    split : float
        The probability of a beginning (B-) that divides a stretch in two.
    """

    threshold: float = 0.5
    floor: float = 0.3
    split: float = 0.5


@dataclass(frozen=True, slots=True)
class TokenScores:
    """What the recommendation model says of one utterance.

    Attributes
    ----------
    classes : array of shape (tokens, 5)
        Probabilities in the order of ``RECOMMENDATION_CLASSES``, without the marker.
    offsets : sequence of (int, int)
        The characters of each token.
    """

    classes: np.ndarray
    offsets: Sequence[tuple[int, int]]

    @property
    def inside(self) -> np.ndarray:
        """For each token, the probability that it belongs to a recommendation."""
        return 1 - self.classes[:, OUTSIDE]


def by_utterance(pieces: Sequence[Piece], scores: Sequence[np.ndarray], count: int) -> list[TokenScores]:
    """Join the pieces' token scores into one :class:`TokenScores` for each of ``count`` utterances."""
    tables: list[list[np.ndarray]] = [[] for _ in range(count)]
    offsets: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for piece, table in zip(pieces, scores, strict=True):
        tables[piece.utterance].append(table[1:])
        offsets[piece.utterance].extend(piece.offsets)
    return [TokenScores(np.concatenate(table), offset) for table, offset in zip(tables, offsets, strict=True)]


def recommendation_scores(transcript: Transcript, tokens: Sequence[TokenScores]) -> np.ndarray:
    """The score of each utterance: its highest token probability; 0 for the client's and for empty ones."""
    return np.array(
        [
            found.inside.max(initial=0.0) if utterance.role is Role.THERAPIST else 0.0
            for utterance, found in zip(transcript.utterances, tokens, strict=True)
        ]
    )


def find_recommendations(
    transcript: Transcript, tokens: Sequence[TokenScores], settings: DecodingSettings
) -> list[Recommendation]:
    """Decode the spans of every therapist utterance."""
    found = []
    for index, (utterance, scores) in enumerate(zip(transcript.utterances, tokens, strict=True)):
        if utterance.role is not Role.THERAPIST:
            continue
        inside = scores.inside
        begins = scores.classes[:, SPAN_BEGINS].sum(axis=1)
        taken = 0
        for first, last in stretches(inside, begins, settings):
            if scores.offsets[last][1] <= taken:
                continue
            start, end = _trim(utterance.text, scores.offsets[first][0], scores.offsets[last][1], taken)
            if start >= end:
                continue
            taken = end
            classes = scores.classes[first : last + 1]
            structured = classes[:, STRUCTURED].sum() > classes[:, 1:].sum() / 2
            found.append(
                Recommendation(
                    utterance=index,
                    start=start,
                    end=end,
                    text=utterance.text[start:end],
                    form=Form.STRUCTURED if structured else Form.CASUAL,
                    score=float(inside[first : last + 1].max()),
                )
            )
    return found


def review_classes(pieces: Sequence[Piece], scores: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Probabilities of each utterance, shape (utterances, 3): the mean over its tokens and its role marker."""
    tables: list[list[np.ndarray]] = [[] for _ in range(count)]
    for piece, table in zip(pieces, scores, strict=True):
        tables[piece.utterance].append(table)
    return np.array([np.concatenate(some).mean(axis=0) for some in tables]).reshape(count, len(REVIEW_CLASSES))


def review_scores(classes: np.ndarray) -> np.ndarray:
    """The score of each utterance: its probability to lie in a review."""
    return 1 - classes[:, OUTSIDE]


def find_reviews(classes: np.ndarray, settings: DecodingSettings) -> list[Review]:
    """Decode the runs of a session.

    Parameters
    ----------
    classes : array of shape (utterances, 3)
        Probabilities in the order of ``REVIEW_CLASSES``.

    Examples
    --------
    >>> scores = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.6, 0.0, 0.4], [0.9, 0.0, 0.1]])
    >>> find_reviews(scores, DecodingSettings(threshold=0.5, floor=0.3))
    [Review(first=1, last=2, score=0.80)]
    """
    inside = 1 - classes[:, OUTSIDE]
    return [
        Review(first, last, score=float(inside[first : last + 1].max()))
        for first, last in stretches(inside, classes[:, RUN_BEGINS], settings)
    ]


def stretches(inside: np.ndarray, begins: np.ndarray, settings: DecodingSettings) -> list[tuple[int, int]]:
    """First and last position of every stretch above the floor that reaches the threshold."""
    floor = min(settings.floor, settings.threshold)
    stretches: list[tuple[int, int]] = []
    first: int | None = None
    for position in range(len(inside) + 1):
        ends = position == len(inside) or inside[position] < floor
        divides = (
            not ends
            and first is not None
            and begins[position] >= settings.split
            and begins[position - 1] <= inside[position - 1] / 2  # one beginning often lights up two neighbours
        )
        if first is not None and (ends or divides):
            if inside[first:position].max() >= settings.threshold:
                stretches.append((first, position - 1))
            first = None
        if not ends and first is None:
            first = position
    return stretches


def _trim(text: str, start: int, end: int, taken: int) -> tuple[int, int]:
    """Grow to whole words, then drop blanks around and punctuation after, as the guidelines' extent asks.

    The span before ends at ``taken``: where two stretches divide a word, the first one has it.
    """
    start = max(start, taken)
    while start > taken and _divides_word(text, start):
        start -= 1
    while _divides_word(text, end):
        end += 1
    while start < end and not (text[start].isalnum() or text[start] in OPENING_MARKS):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in CLOSING_MARKS):
        end -= 1
    return start, end


def _divides_word(text: str, at: int) -> bool:
    """Whether the border before character ``at`` lies inside a word, such as "don't" or one with combining accents."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if before in APOSTROPHES:
        return at > 1 and _of_word(text[at - 2]) and _of_word(after)
    if after in APOSTROPHES:
        return _of_word(before) and at + 1 < len(text) and _of_word(text[at + 1])
    return _of_word(before) and _of_word(after)


def _of_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")
