"""What a recommendation asks for and what became of it: a third reading by the recommendation encoder.

The encoder is the shipped one with small corrections to its weights (low-rank, Hu et al. 2021, arXiv 2106.09685), which
are all that is stored. What it says of a text is linear in the mean of the tokens' states, so that each token's part in
the answer is known: the words that show an adherence are those with the largest part.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from action_recs.linking.thread import Adherence, Category, Words
from action_recs.session import Review, TaggedSession
from action_recs.transcript import Role
from action_recs.windows import LONE_SURROGATE, ROLE_MARKERS

if TYPE_CHECKING:
    import torch

    from action_recs.checkpoint import Checkpoint

TASK_TOKENS = 48
"""Of a recommendation's words; what is beyond is not read."""

REVIEW_TOKENS = 96
"""Of a review's words, from its start: what was done is mostly said there."""

BATCH_TOKENS = 4096

CATEGORIES = tuple(Category)
ADHERENCES = tuple(Adherence)

SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+")
LONGEST_STRETCH = 24
"""Words of evidence at most: what has no full stops, as speech recognisers leave it, is cut there."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader says of one review.

    Attributes
    ----------
    probabilities : array of shape (adherences,)
        In the order of :class:`Adherence`.
    parts : array of shape (tokens, adherences)
        What each token of the review adds to the scores.
    places : list of (utterance, start, end)
        The characters of each of these tokens.
    """

    probabilities: NDArray[np.float64]
    parts: NDArray[np.float64]
    places: list[tuple[int, int, int]]

    @property
    def adherence(self) -> Adherence:
        return ADHERENCES[int(self.probabilities.argmax())]


@dataclass(frozen=True, slots=True)
class Reader:
    """The corrected encoders, each with its head.

    Attributes
    ----------
    checkpoint : Checkpoint
        The one they were made from: its tokenizer is used.
    encoders : mapping of str to torch.nn.Module
        "category" and "adherence".
    heads : mapping of str to (weight, bias)
        Likewise; weights of shape (classes, hidden size).
    """

    checkpoint: Checkpoint
    encoders: Mapping[str, torch.nn.Module]
    heads: Mapping[str, tuple[torch.Tensor, torch.Tensor]]

    def categories(self, texts: Sequence[str]) -> list[Category]:
        """The category of each recommendation, from its words."""
        rows = [task_row(self.checkpoint, text) for text in texts]
        weight, bias = self.heads["category"]
        found: list[Category] = []
        for states in self._states("category", rows):
            found.append(CATEGORIES[int((states.mean(0) @ weight.T + bias).argmax())])
        return found

    def adherences(self, asked: Sequence[tuple[str, TaggedSession, Review]]) -> list[Reading]:
        """What each review says of a task; with an empty text, of whatever it looks back to."""
        rows, places, firsts = [], [], []
        for text, session, run in asked:
            row, where = review_row(self.checkpoint, text, session, run)
            rows.append(row)
            places.append(where)
            firsts.append(len(row) - 1 - len(where))
        weight, bias = self.heads["adherence"]
        readings = []
        for states, where, first in zip(self._states("adherence", rows), places, firsts, strict=True):
            scores = states @ weight.T / len(states)
            probabilities = (scores.sum(0) + bias).softmax(-1)
            readings.append(
                Reading(
                    probabilities.double().cpu().numpy(),
                    scores[first : first + len(where)].double().cpu().numpy(),
                    where,
                )
            )
        return readings

    def _states(self, task: str, rows: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """The last states of each row by the encoder of a task, shape (tokens, hidden size)."""
        import torch

        padding = self.checkpoint.tokenizer.pad_token_id or 0
        device = self.checkpoint.model.device
        states: list[torch.Tensor] = [torch.empty(0)] * len(rows)
        order = sorted(range(len(rows)), key=lambda at: -len(rows[at]))
        first = 0
        while first < len(order):
            longest = len(rows[order[first]])
            batch = order[first : first + max(1, BATCH_TOKENS // longest)]
            first += len(batch)
            ids = torch.tensor([[*rows[at], *[padding] * (longest - len(rows[at]))] for at in batch], device=device)
            mask = torch.tensor([[1] * len(rows[at]) + [0] * (longest - len(rows[at])) for at in batch], device=device)
            with torch.inference_mode():
                hidden = self.encoders[task](input_ids=ids, attention_mask=mask).last_hidden_state.float()
            for row, at in enumerate(batch):
                states[at] = hidden[row, : len(rows[at])]
        return states


def task_row(checkpoint: Checkpoint, text: str) -> list[int]:
    """A recommendation as the reader gets it: opening token, its words, closing token."""
    tokenizer = checkpoint.tokenizer
    ids = _encoded(checkpoint, text)["input_ids"][:TASK_TOKENS]
    return [tokenizer.cls_token_id, *ids, tokenizer.sep_token_id]


def review_row(
    checkpoint: Checkpoint, text: str, session: TaggedSession, run: Review
) -> tuple[list[int], list[tuple[int, int, int]]]:
    """A task and a review as the reader gets them: the task's row, then the utterances, each with its role's marker.

    Returns
    -------
    (list of int, list of (utterance, start, end))
        The row, and the characters of each token of the review; a marker covers none.
    """
    tokenizer = checkpoint.tokenizer
    row, places = task_row(checkpoint, text), []
    for index in range(run.first, run.last + 1):
        utterance = session.utterances[index]
        encoded = _encoded(checkpoint, utterance.text)
        places.append((index, 0, 0))
        row.append(tokenizer.convert_tokens_to_ids(ROLE_MARKERS[utterance.role]))
        row += encoded["input_ids"]
        places += [(index, start, end) for start, end in encoded["offset_mapping"]]
        if len(places) >= REVIEW_TOKENS:
            break
    surplus = max(len(places) - REVIEW_TOKENS, 0)
    row, places = row[: len(row) - surplus], places[: len(places) - surplus]
    return [*row, tokenizer.sep_token_id], places


def _encoded(checkpoint: Checkpoint, text: str) -> dict[str, list]:  # type: ignore[type-arg]
    return checkpoint.tokenizer(  # type: ignore[no-any-return]
        LONE_SURROGATE.sub("\ufffd", text),
        add_special_tokens=False,
        split_special_tokens=True,
        return_offsets_mapping=True,
        verbose=False,
    )


def evidence(place: int, session: TaggedSession, run: Review, reading: Reading) -> Words:
    """The sentence of a review that speaks most for the adherence found in it, of the client where one speaks.

    A sentence counts with the sum of its tokens' parts in the score of the adherence, less their mean in the others'.
    """
    index = int(reading.probabilities.argmax())
    gain = reading.parts[:, index] - np.delete(reading.parts, index, axis=1).mean(axis=1)
    best: tuple[bool, float, Words] | None = None
    for number in range(run.first, run.last + 1):
        utterance = session.utterances[number]
        for start, end in stretches(utterance.text):
            held = [
                at
                for at, (told, first, last) in enumerate(reading.places)
                if told == number and start <= first < last <= end
            ]
            key = (utterance.role is not Role.THERAPIST, float(gain[held].sum()))
            if held and (best is None or key > best[:2]):
                best = (*key, Words(place, number, start, end, utterance.text[start:end]))
    if best is not None:
        return best[2]
    text = session.utterances[run.first].text
    return Words(place, run.first, 0, len(text), text)


def stretches(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence, or of each stretch of ``LONGEST_STRETCH`` words in a longer one.

    Examples
    --------
    >>> list(stretches("No. I forgot it."))
    [(0, 3), (4, 16)]
    """
    starts = [0, *(found.end() for found in SENTENCE_END.finditer(text)), len(text)]
    for begin, until in itertools.pairwise(starts):
        words = [(found.start() + begin, found.end() + begin) for found in re.finditer(r"\S+", text[begin:until])]
        for first in range(0, len(words), LONGEST_STRETCH):
            some = words[first : first + LONGEST_STRETCH]
            yield some[0][0], some[-1][1]


def corrected_encoder(checkpoint: Checkpoint, corrections: Mapping[str, torch.Tensor]) -> torch.nn.Module:
    """A copy of a checkpoint's encoder with corrected weights.

    Parameters
    ----------
    corrections : mapping of name to tensor
        ``NAME.down`` (rank, inputs) and ``NAME.up`` (outputs, rank), whose product is added to ``NAME.weight``; any
        other name stands for the parameter itself.
    """
    import torch

    encoder = copy.deepcopy(checkpoint.model.base_model)
    parameters = dict(encoder.named_parameters())
    with torch.no_grad():
        for name, tensor in corrections.items():
            module, _, kind = name.rpartition(".")
            if kind == "down":
                up = corrections[f"{module}.up"]
                parameters[f"{module}.weight"] += (up.float() @ tensor.float()).to(parameters[f"{module}.weight"])
            elif kind != "up":
                parameters[name].copy_(tensor.to(parameters[name]))
    return encoder.eval()
