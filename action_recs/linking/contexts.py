"""Recommendations and reviews as an encoder reads them: their tokens in the talk around them, and which of them count.

A recommendation stands between two signs, after what was said before it and before what comes next. A review is read
whole, but for the middle of a long one. Each utterance opens with the marker of who speaks, as in the taggers' windows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from action_recs.transcript import Role
from action_recs.windows import LONE_SURROGATE, ROLE_MARKERS, enclosed

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BEFORE, AFTER = 60, 24
"""Tokens of the talk before and after a recommendation."""

UTTERANCES_BEFORE = 4
"""Of these the talk before a recommendation is taken."""

SPAN = 60
"""Tokens of a recommendation; what is beyond is left out."""

REVIEW_BEGIN, REVIEW_END = 200, 100
"""Tokens of a review: of a longer one, so many at its beginning and at its end."""

SIGNS = ("*", "#")
"""Before and after a recommendation."""


class Said(Protocol):
    """An utterance."""

    @property
    def role(self) -> Role: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Context:
    """The tokens of one text.

    Attributes
    ----------
    tokens : tuple of int
        With the tokens that open and close it.
    first, end : int
        Those from ``first`` up to but not including ``end`` are what is asked about.
    """

    tokens: tuple[int, ...] = field(repr=False)
    first: int
    end: int


class Contexts:
    """Lays texts, with a checkpoint's tokenizer.

    Parameters
    ----------
    tokenizer : tokenizer with the role markers
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self.markers = {role: int(tokenizer.convert_tokens_to_ids(sign)) for role, sign in ROLE_MARKERS.items()}
        self.signs = [self.tokens(sign) for sign in SIGNS]

    def recommendation(
        self,
        utterances: Sequence[Said],
        place: int,
        start: int,
        end: int,
        *,
        before: int = BEFORE,
        after: int = AFTER,
    ) -> Context:
        """A recommendation.

        Parameters
        ----------
        utterances : sequence of Utterance
            All of a session.
        place : int
            The one that holds it.
        start, end : int
            The characters of that utterance's text; ``end`` is exclusive.
        before, after : int
            Tokens of the talk around it.
        """
        said = utterances[place]
        lead = self._said(utterances[max(0, place - UTTERANCES_BEFORE) : place])
        lead += [self.markers[said.role], *self.tokens(said.text[:start])]
        lead = lead[max(0, len(lead) - before) :]
        rest = self.tokens(said.text[end:]) + self._said(utterances[place + 1 : place + 2])
        opening, closing = self.signs
        span = [*opening, *self.tokens(said.text[start:end])[:SPAN], *closing]
        return self._between([*lead, *span, *rest[:after]], len(lead), len(lead) + len(span))

    def review(self, utterances: Sequence[Said], first: int, last: int) -> Context:
        """The utterances from ``first`` to ``last``, all of which count."""
        said = self._said(utterances[max(0, first) : last + 1])
        if len(said) > REVIEW_BEGIN + REVIEW_END:
            said = said[:REVIEW_BEGIN] + said[-REVIEW_END:]
        return self._between(said, -1, len(said) + 1)

    def tokens(self, text: str) -> list[int]:
        """Of a text alone."""
        plain = LONE_SURROGATE.sub("\ufffd", text)
        ids = self.tokenizer(plain, add_special_tokens=False, split_special_tokens=True, verbose=False)["input_ids"]
        return list(ids)

    def _said(self, utterances: Iterable[Said]) -> list[int]:
        return [token for each in utterances for token in (self.markers[each.role], *self.tokens(each.text))]

    def _between(self, tokens: Sequence[int], first: int, end: int) -> Context:
        return Context(tuple(enclosed(tokens, self.tokenizer)), first + 1, end + 1)
