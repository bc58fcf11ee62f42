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

from action_recs.linking.context_reader import ContextReader
from action_recs.linking.encoding import encoded
from action_recs.linking.meanings import Floats, Meanings
from action_recs.linking.term_model import Table
from action_recs.session import Recommendation, Review, TaggedSession
from action_recs.transcript import Transcript, Utterance
from action_recs.windows import tokenize

if TYPE_CHECKING:
    from action_recs.checkpoint import Checkpoint

LAYERS = (0, 2)
"""Hidden states that are compared; 0 is what goes into the first layer."""

BATCH_TOKENS = 8192

SCENE = 160
"""Characters of an utterance near a recommendation that are read with it."""

AROUND = 2
"""Utterances before and after a recommendation in which what it is about is often named."""

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
    around : frozenset of str
        Those of the recommendation's utterance and of ``AROUND`` before and after it; of a review, none.
    tokens : array of int, shape (tokens,)
    states : array of float, shape (layers, tokens, hidden size)
        Of unit length; see ``LAYERS``.
    meanings : array of float, shape (recommendations or utterances, hidden size)
        What each recommendation, or each utterance of a review, means.
    leads : array of float, shape (recommendations, hidden size)
        The same of a recommendation with the words that lead to it; of a review, none.
    """

    words: frozenset[str] = field(repr=False)
    opening: frozenset[str] = field(repr=False)
    before: frozenset[str] = field(repr=False)
    around: frozenset[str] = field(repr=False)
    tokens: NDArray[np.int64] = field(repr=False)
    states: Floats = field(repr=False)
    meanings: Floats = field(repr=False)
    leads: Floats = field(repr=False)


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
    encoder = checkpoint.model.base_model
    layers = [min(layer, int(encoder.config.num_hidden_layers)) for layer in LAYERS]
    read: list[Floats] = [np.empty(0, dtype=np.float32)] * len(pieces)
    rows = [[opening, *piece.tokens, closing] for piece in pieces]
    for batch, output, _ in encoded(encoder, checkpoint, rows, batch_tokens=BATCH_TOKENS, hidden_states=True):
        states = torch.stack([output.hidden_states[layer] for layer in layers], dim=1).float()
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


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was read of one session.

    Attributes
    ----------
    tokens : mapping of int to SpokenTokens
        Of the utterances that hold a recommendation or lie in a review, by index.
    utterances : mapping of int to array of float, shape (hidden size,)
        What the utterances of its reviews mean.
    spans, leads, scenes : array of float, shape (recommendations, hidden size)
        What its recommendations mean, alone, with the words that lead to them, and with the talk around them.
    categories, adherences : array of float, shape (recommendations or reviews, classes), optional
        What a context reader says of its recommendations and its reviews.
    """

    tokens: Mapping[int, SpokenTokens]
    utterances: Mapping[int, Floats]
    spans: Floats
    leads: Floats
    scenes: Floats
    categories: Table | None = None
    adherences: Table | None = None


def read_session(
    checkpoint: Checkpoint, meanings: Meanings, in_context: ContextReader, session: TaggedSession
) -> Spoken:
    """Read what is recommended and reviewed in a session."""
    contexts, said = in_context.contexts, session.utterances
    spans = [contexts.recommendation(said, one.utterance, one.start, one.end) for one in session.recommendations]
    reviews = [contexts.review(said, run.first, run.last) for run in session.reviews]
    return replace(
        read_meanings(meanings, session),
        tokens=read_tokens(checkpoint, session),
        categories=in_context.log_probabilities("category", spans),
        adherences=in_context.log_probabilities("adherence", reviews),
    )


def read_tokens(checkpoint: Checkpoint, session: TaggedSession) -> dict[int, SpokenTokens]:
    """The tokens of the utterances that hold a recommendation or lie in a review."""
    order = sorted({found.utterance for found in session.recommendations} | set(reviewed(session)))
    said = [Utterance(session.utterances[index].role, session.utterances[index].text) for index in order]
    return dict(zip(order, spoken_tokens(checkpoint, said), strict=True)) if said else {}


def read_meanings(meanings: Meanings, session: TaggedSession) -> Spoken:
    """What is recommended and reviewed means, without the tokens."""
    return with_meanings(session, meanings.vectors(texts_of(session)))


def texts_of(session: TaggedSession) -> list[str]:
    """What is read for its meaning: reviewed utterances, and each recommendation alone, with its lead, in its scene."""
    texts = [session.utterances[index].text for index in reviewed(session)]
    for told in (words_of, lead_of, scene_of):
        texts += [told(session, span) for span in session.recommendations]
    return texts


def with_meanings(session: TaggedSession, vectors: Floats) -> Spoken:
    """What was read, from the vectors of ``texts_of`` a session, in order."""
    places, count = reviewed(session), len(session.recommendations)
    utterances, spans, leads, scenes = np.split(vectors, np.cumsum([len(places), count, count]))
    return Spoken({}, dict(zip(places, utterances, strict=True)), spans, leads, scenes)


def reviewed(session: TaggedSession) -> list[int]:
    """The utterances that lie in reviews."""
    return sorted({index for run in session.reviews for index in range(run.first, run.last + 1)})


def words_of(_: TaggedSession, span: Recommendation) -> str:
    """The words of a recommendation."""
    return span.text


def lead_of(session: TaggedSession, span: Recommendation) -> str:
    """The utterance before a recommendation, and its own as far as it goes."""
    before = session.utterances[span.utterance - 1].text if span.utterance else ""
    return f"{before} {session.utterances[span.utterance].text[: span.end]}"


def scene_of(session: TaggedSession, span: Recommendation) -> str:
    """A recommendation in the talk around it: how the two utterances before it end, and the next one begins."""
    said = session.utterances
    before = [each.text[-SCENE:] for each in said[max(0, span.utterance - 2) : span.utterance]]
    own = said[span.utterance].text[max(0, span.start - SCENE) : span.end + SCENE]
    return " ".join([*before, own, *(each.text[:SCENE] for each in said[span.utterance + 1 : span.utterance + 2])])


def recommendation_passage(session: TaggedSession, spoken: Spoken, numbers: Sequence[int]) -> Passage:
    """One recommendation, or several that say the same, by their places in the session."""
    spans = [session.recommendations[number] for number in numbers]
    utterances, last = session.utterances, len(session) - 1
    near = {
        index
        for span in spans
        for index in range(max(0, span.utterance - AROUND), min(last, span.utterance + AROUND) + 1)
    }
    parts = []
    for span in spans:
        own = spoken.tokens[span.utterance]
        inside = [at for at, (start, end) in enumerate(own.offsets) if end > span.start and start < span.end]
        parts.append((own.tokens[inside], own.states[:, inside]))
    return Passage(
        content_words_of(span.text for span in spans),
        content_words_of(utterances[span.utterance].text for span in spans),
        content_words_of(utterances[span.utterance - 1].text for span in spans if span.utterance),
        content_words_of(utterances[index].text for index in near),
        *_concatenated(parts),
        spoken.spans[list(numbers)],
        spoken.leads[list(numbers)],
    )


def review_passage(session: TaggedSession, spoken: Spoken, run: Review) -> Passage:
    """The utterances of a review."""
    places = range(run.first, run.last + 1)
    said = [session.utterances[index].text for index in places]
    parts = [(spoken.tokens[index].tokens, spoken.tokens[index].states) for index in places]
    meanings = np.array([spoken.utterances[index] for index in places])
    return Passage(
        content_words_of(said),
        content_words_of(said[:3]),
        frozenset(),
        frozenset(),
        *_concatenated(parts),
        meanings,
        meanings[:0],
    )


def content_words_of(texts: Iterable[str]) -> frozenset[str]:
    """The different ones of several texts; see ``content_words``."""
    return frozenset(word for text in texts for word in content_words(text))


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
