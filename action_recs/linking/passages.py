"""Recommendations and reviews as what two texts can be compared by: their content words, and their tokens' states.

The states are those of the shipped recommendation encoder's lower layers. They still say what a word means in its
sentence; the upper layers say little but whether something is recommended.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from action_recs.session import Recommendation, Review, TaggedSession
from action_recs.transcript import Transcript, Utterance
from action_recs.windows import tokenize

if TYPE_CHECKING:
    from action_recs.checkpoint import Checkpoint

Floats = NDArray[np.float32]

LAYERS = (0, 2)
"""Hidden states that are compared; 0 is what goes into the first layer."""

BATCH_TOKENS = 8192

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
STOP_WORDS = frozenset(
    """a an the and or but so of to in on at by for with from is are was were be been being am i you he she it we they
    me him her them my your his its our their this that these those do does did done doing has have had having
    not no yes yeah okay ok um uh er oh well just like know what how when where who which why if then than there
    here up down out off over about into get got go going went gone can could would should will might may must
    as one ones some any all every each more most much many very really too also again maybe perhaps think thing
    things said say says don didn isn wasn t s re ve ll d m back last time week next session now way lot bit
    kind sort something anything nothing want make made put take took let see saw look try tried come came give
    gave tell told talk talked
    """.split()  # noqa: SIM905 - words, not strings to be quoted
)
"""Words that say too little of what a task is about."""

SUFFIXES = (
    ("ying", "y"),
    ("ies", "y"),
    ("ied", "y"),
    ("ing", ""),
    ("ed", ""),
    ("es", ""),
    ("er", ""),
    ("ly", ""),
    ("s", ""),
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A recommendation with its restatements, or a review, ready to be compared.

    Attributes
    ----------
    words : frozenset of str
        Stems of the content words.
    opening : frozenset of str
        Those of a review's first three utterances; of a recommendation, those of the whole utterances it lies in.
    before : frozenset of str
        Those of the utterance before a recommendation, which often names what it is about; of a review, none.
    tokens : array of int, shape (tokens,)
    states : array of float, shape (layers, tokens, hidden size)
        Of unit length; see ``LAYERS``.
    """

    words: frozenset[str] = field(repr=False)
    opening: frozenset[str] = field(repr=False)
    before: frozenset[str] = field(repr=False)
    tokens: NDArray[np.int64] = field(repr=False)
    states: Floats = field(repr=False)


def stem(word: str) -> str:
    """A word without its ending, roughly: enough for "walks", "walked" and "walking" to meet.

    Examples
    --------
    >>> [stem(word) for word in ("walks", "walked", "running", "diaries", "diary", "writing", "write")]
    ['walk', 'walk', 'run', 'diary', 'diary', 'writ', 'writ']
    """
    word = word.partition("'")[0]
    for ending, instead in SUFFIXES:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending) + instead
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def content_words(text: str) -> list[str]:
    """Stems of the words of a text that say what it is about, in order.

    Examples
    --------
    >>> content_words("Did you get to the swimming class last week?")
    ['swim', 'clas']
    """
    said = (word.group() for word in WORD.finditer(text.lower().replace("’", "'")))
    return [stem(word) for word in said if word.partition("'")[0] not in STOP_WORDS]


def lower_layers(checkpoint: Checkpoint) -> Checkpoint:
    """A checkpoint with no more layers than ``LAYERS`` needs: reading it costs a third."""
    encoder = copy.deepcopy(checkpoint.model.base_model)
    stack = encoder.encoder.layer
    encoder.encoder.layer = stack[: min(max(LAYERS), len(stack))]
    encoder.config.num_hidden_layers = len(encoder.encoder.layer)
    return replace(checkpoint, model=encoder)


@dataclass(frozen=True, slots=True)
class SpokenTokens:
    """The tokens of one utterance: ids, the characters that each covers, and states."""

    tokens: NDArray[np.int64]
    offsets: Sequence[tuple[int, int]]
    states: Floats


def spoken_tokens(checkpoint: Checkpoint, utterances: Sequence[Utterance]) -> list[SpokenTokens]:
    """Read utterances one by one, each on its own, in batches of like length."""
    import torch

    pieces = tokenize(
        Transcript(tuple(utterances)), checkpoint.tokenizer, window_tokens=checkpoint.settings.window_tokens
    )
    opening, closing = checkpoint.tokenizer.cls_token_id, checkpoint.tokenizer.sep_token_id
    padding = checkpoint.tokenizer.pad_token_id or 0
    encoder = checkpoint.model.base_model
    layers = [min(layer, int(encoder.config.num_hidden_layers)) for layer in LAYERS]
    read: list[Floats] = [np.empty(0, dtype=np.float32)] * len(pieces)
    order = sorted(range(len(pieces)), key=lambda at: -len(pieces[at].tokens))
    first = 0
    while first < len(order):
        longest = len(pieces[order[first]].tokens) + 2
        batch = order[first : first + max(1, BATCH_TOKENS // longest)]
        first += len(batch)
        rows = [[opening, *pieces[at].tokens, closing] for at in batch]
        ids = torch.tensor([row + [padding] * (longest - len(row)) for row in rows], device=checkpoint.model.device)
        mask = torch.tensor(
            [[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=checkpoint.model.device
        )
        with torch.inference_mode():
            hidden = encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        states = torch.stack([hidden[layer] for layer in layers], dim=1).float()
        table = torch.nn.functional.normalize(states, dim=-1).cpu().numpy()
        for row, at in enumerate(batch):
            read[at] = table[row, :, 2 : 1 + len(pieces[at].tokens)]  # without the opening token and the marker
    return [_joined(pieces, read, index) for index in range(len(utterances))]


def _joined(pieces: Sequence, read: Sequence[Floats], index: int) -> SpokenTokens:  # type: ignore[type-arg]
    own = [at for at, piece in enumerate(pieces) if piece.utterance == index]
    return SpokenTokens(
        np.array([token for at in own for token in pieces[at].tokens[1:]], dtype=np.int64),
        [offset for at in own for offset in pieces[at].offsets],
        np.concatenate([read[at] for at in own], axis=1),
    )


Spoken = Mapping[int, SpokenTokens]
"""The tokens of those utterances of a session that hold something, by index."""


def read_session(checkpoint: Checkpoint, session: TaggedSession) -> Spoken:
    """The tokens of the utterances that hold a recommendation or lie in a review."""
    wanted = {found.utterance for found in session.recommendations}
    wanted |= {index for run in session.reviews for index in range(run.first, run.last + 1)}
    order = sorted(wanted)
    said = [Utterance(session.utterances[index].role, session.utterances[index].text) for index in order]
    return dict(zip(order, spoken_tokens(checkpoint, said), strict=True)) if said else {}


def recommendation_passage(session: TaggedSession, spoken: Spoken, spans: Sequence[Recommendation]) -> Passage:
    """One recommendation, or several that say the same."""
    words = {word for span in spans for word in content_words(span.text)}
    around = {word for span in spans for word in content_words(session.utterances[span.utterance].text)}
    earlier = {span.utterance - 1 for span in spans if span.utterance}
    before = {word for index in earlier for word in content_words(session.utterances[index].text)}
    parts = []
    for span in spans:
        own = spoken[span.utterance]
        inside = [at for at, (start, end) in enumerate(own.offsets) if end > span.start and start < span.end]
        parts.append((own.tokens[inside], own.states[:, inside]))
    return Passage(frozenset(words), frozenset(around), frozenset(before), *_concatenated(parts))


def review_passage(session: TaggedSession, spoken: Spoken, run: Review) -> Passage:
    """The utterances of a review."""
    said = [session.utterances[index].text for index in range(run.first, run.last + 1)]
    words = {word for text in said for word in content_words(text)}
    opening = {word for text in said[:3] for word in content_words(text)}
    parts = [(spoken[index].tokens, spoken[index].states) for index in range(run.first, run.last + 1)]
    return Passage(frozenset(words), frozenset(opening), frozenset(), *_concatenated(parts))


def _concatenated(parts: Iterable[tuple[NDArray[np.int64], Floats]]) -> tuple[NDArray[np.int64], Floats]:
    tokens, states = zip(*parts, strict=True)
    return np.concatenate(tokens), np.concatenate(states, axis=1)


@dataclass(frozen=True, slots=True)
class Rarity:
    """How much a word and a token say: rare ones much, those of every utterance nothing.

    Attributes
    ----------
    words : mapping of str to float
        Natural logarithm of (utterances / utterances that hold the stem).
    unknown : float
        The same of a stem that is not there.
    tokens : array of float, shape (vocabulary,)
    """

    words: Mapping[str, float] = field(repr=False)
    unknown: float
    tokens: Floats

    def of_words(self, words: Iterable[str]) -> float:
        """Sum over words."""
        return math.fsum(self.words.get(word, self.unknown) for word in words)

    def of_tokens(self, tokens: NDArray[np.int64]) -> Floats:
        """Weights that sum to 1, shape (tokens,)."""
        weights = self.tokens[np.minimum(tokens, len(self.tokens) - 1)]
        total = float(weights.sum())
        return weights / total if total > 0 else np.full(len(tokens), 1 / max(len(tokens), 1), dtype=np.float32)
