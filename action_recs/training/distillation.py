"""A student learns what its teachers hold for probable, not only what an annotator marked.

Teachers may have another tokenizer than the student. What a teacher says of its tokens is laid onto the characters of
the utterance, and from there onto the student's tokens; reviews are told by utterance anyway. Several teachers are
averaged. A session that nobody annotated teaches too.

References
----------
Hinton, Vinyals & Dean (2015), Distilling the knowledge in a neural network. arXiv:1503.02531.
Jiao et al. (2020), TinyBERT: Distilling BERT for natural language understanding. Findings of EMNLP.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as functional

from action_recs.checkpoint import Checkpoint, Task, load_checkpoint
from action_recs.decoding import RECOMMENDATION_CLASSES, SPAN_BEGINS, TokenScores, by_utterance, review_classes
from action_recs.scoring import piece_scores
from action_recs.tagger import BATCH_TOKENS
from action_recs.training.start import base_of
from action_recs.transcript import Role, Transcript
from action_recs.windows import Piece, make_windows, read_out, tokenize, window_ids

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PROJECTION = "distillation_projection"
"""The part of a student that is there while it learns hidden states, and not after."""


class Teachers:
    """Checkpoints of one task that read transcripts for a student; every transcript is read once.

    Parameters
    ----------
    checkpoints : sequence of Checkpoint
    hidden : bool
        Keep the mean hidden state of each utterance too, in ``states``.

    Attributes
    ----------
    states : dict of int to array of shape (utterances, size)
        By the transcript's hash; the teachers' states stand side by side.
    """

    def __init__(self, checkpoints: Sequence[Checkpoint], *, hidden: bool = False) -> None:
        self.checkpoints = tuple(checkpoints)
        self.task = checkpoints[0].settings.task
        self.states: dict[int, np.ndarray] = {}
        self._hidden = hidden
        self._tokens: dict[Transcript, list[list[TokenScores]]] = {}
        self._utterances: dict[Transcript, np.ndarray] = {}

    @classmethod
    def load(cls, paths: Iterable[str], task: Task, *, hidden: bool = False) -> Teachers:
        """Load checkpoint folders of the task, or "shipped"; a ModelError for what is none."""
        device = "cuda" if torch.cuda.is_available() else "cpu"
        return cls([load_checkpoint(base_of(path, task), task, device=device) for path in paths], hidden=hidden)

    def __call__(self, transcript: Transcript, pieces: Sequence[Piece]) -> list[np.ndarray]:
        """What the teachers hold for probable of each token of the student's pieces; see ``examples.SoftLabels``."""
        self._read(transcript)
        if self.task is Task.REVIEW:
            return [review_rows(piece, self._utterances[transcript]) for piece in pieces]
        return [recommendation_rows(transcript, piece, self._tokens[transcript]) for piece in pieces]

    def _read(self, transcript: Transcript) -> None:
        known = self._utterances if self.task is Task.REVIEW else self._tokens
        if transcript in known:
            return
        read = [piece_scores(each, [transcript], batch_tokens=BATCH_TOKENS)[0] for each in self.checkpoints]
        if self.task is Task.REVIEW:
            several = [review_classes(pieces, tables, len(transcript)) for pieces, tables in read]
            self._utterances[transcript] = np.mean(several, axis=0)
        else:
            self._tokens[transcript] = [by_utterance(pieces, tables, len(transcript)) for pieces, tables in read]
        if self._hidden:
            states = [utterance_states(each, transcript) for each in self.checkpoints]
            self.states[hash(transcript)] = np.concatenate(states, axis=1).astype(np.float16)


def recommendation_rows(transcript: Transcript, piece: Piece, read: Sequence[Sequence[TokenScores]]) -> np.ndarray:
    """What teachers say of a piece's tokens, in the mean, of shape (tokens, 5); only a therapist's words count.

    Parameters
    ----------
    transcript : Transcript
    piece : Piece
        Of the student.
    read : sequence of sequence of TokenScores
        For each teacher, what it says of each utterance.
    """
    found = np.zeros((len(piece.tokens), len(RECOMMENDATION_CLASSES)))
    if piece.role is Role.THERAPIST:
        text = transcript.utterances[piece.utterance].text
        found[1:] = np.mean([onto_tokens(one[piece.utterance], text, piece.offsets) for one in read], axis=0)
    return found


def review_rows(piece: Piece, utterances: np.ndarray) -> np.ndarray:
    """The same of reviews, of shape (tokens, 3), from what teachers say of utterances, of shape (utterances, 3)."""
    return np.tile(utterances[piece.utterance], (len(piece.tokens), 1))


def onto_tokens(scores: TokenScores, text: str, offsets: Sequence[tuple[int, int]]) -> np.ndarray:
    """Probabilities of one tokenization's tokens, laid over the text and read out at another's.

    A token's probability to lie in a recommendation holds for each of its characters, and a student's token has the
    mean over its characters. Where a recommendation begins is a place, not a share: the probability of a beginning
    stays at the first character of the teacher's token, and the student's token that holds this character has it.

    Parameters
    ----------
    scores : TokenScores
        What a teacher says of the utterance.
    text : str
        The utterance's.
    offsets : sequence of (int, int)
        The characters of the student's tokens.

    Returns
    -------
    array of shape (tokens of the student, 5)
        In the order of ``decoding.RECOMMENDATION_CLASSES``. Nothing but 0 where the teacher read no token.

    Examples
    --------
    >>> walk = TokenScores(np.array([[0.2, 0.7, 0.1, 0.0, 0.0]]), [(0, 7)])
    >>> onto_tokens(walk, "walking", [(0, 4), (4, 7)]).round(2).tolist()
    [[0.2, 0.7, 0.1, 0.0, 0.0], [0.2, 0.0, 0.8, 0.0, 0.0]]
    """
    found = np.zeros((len(offsets), scores.classes.shape[1]))
    inside = np.zeros((len(text), 2))
    begins = np.zeros((len(text), 2))
    covered = np.zeros(len(text))
    begin = scores.classes[:, SPAN_BEGINS]
    within = begin + scores.classes[:, [place + 1 for place in SPAN_BEGINS]]
    for number, (start, end) in enumerate(scores.offsets):
        if start < end:
            inside[start:end] += within[number]
            covered[start:end] += 1
            word = text[start:end]
            first = start + len(word) - len(word.lstrip()) if word.strip() else start
            begins[first] = np.maximum(begins[first], begin[number])
    if not covered.any():
        return found
    held = np.flatnonzero(covered)
    inside[held] /= covered[held, None]
    for number, (start, end) in enumerate(offsets):
        own = held[np.searchsorted(held, start) : np.searchsorted(held, end)]
        if len(own):
            mean, starts = inside[own].mean(axis=0), begins[own].max(axis=0)
        else:  # between two of the teacher's tokens: what the one before says
            mean, starts = inside[held[max(0, int(np.searchsorted(held, start, side="right")) - 1)]], np.zeros(2)
        starts = np.minimum(starts, mean)
        found[number, SPAN_BEGINS] = starts
        found[number, [place + 1 for place in SPAN_BEGINS]] = mean - starts
        found[number, 0] = 1 - mean.sum()
    return found


@torch.inference_mode()
def utterance_states(checkpoint: Checkpoint, transcript: Transcript) -> np.ndarray:
    """The mean of the last hidden states over each utterance's tokens, of shape (utterances, hidden size)."""
    settings, device = checkpoint.settings, checkpoint.model.device
    pieces = tokenize(transcript, checkpoint.tokenizer, window_tokens=settings.window_tokens)
    windows = make_windows(
        [len(piece.tokens) for piece in pieces],
        window_tokens=settings.window_tokens,
        overlap_tokens=settings.overlap_tokens,
    )
    states = []
    for window in windows:
        ids = torch.tensor([window_ids(window, pieces, checkpoint.tokenizer)], device=device)
        found = checkpoint.model(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
        states.append(found.hidden_states[-1][0].float().cpu().numpy())
    tables: list[list[np.ndarray]] = [[] for _ in transcript.utterances]
    for piece, table in zip(pieces, read_out(windows, states, pieces), strict=True):
        tables[piece.utterance].append(table)
    return np.array([np.concatenate(some).mean(axis=0) for some in tables])


class HiddenMatch:
    """How far the student's mean hidden state of each utterance is from the teachers': 1 less the cosine.

    Where the sizes differ, a linear layer leads from one to the other. It is trained with the student, and is part of
    it meanwhile, so that a run that is stopped finds it again; :meth:`detach` takes it away.

    Parameters
    ----------
    model : the student
    size : int
        Of the teachers' states, side by side.
    weight : float
    """

    def __init__(self, model: PreTrainedModel, size: int, weight: float) -> None:
        self.model, self.weight = model, weight
        own = model.config.hidden_size
        if own != size:
            setattr(model, PROJECTION, torch.nn.Linear(own, size, bias=False).to(next(model.parameters()).device))

    def __call__(self, states: torch.Tensor, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The mean over the utterances of a batch; states of shape (windows, tokens, hidden size)."""
        utterance = batch["utterance"]
        windows = torch.arange(len(utterance), device=utterance.device)[:, None]
        inside = utterance >= 0
        of_window = (windows * (utterance.max() + 1) + utterance)[inside]
        members, group = torch.unique(of_window, return_inverse=True)
        counts = torch.bincount(group, minlength=len(members))[:, None]

        def means(of_tokens: torch.Tensor) -> torch.Tensor:
            sums = torch.zeros(len(members), of_tokens.shape[-1], device=of_tokens.device)
            return sums.index_add(0, group, of_tokens.float()) / counts

        said = means(states[inside])
        if (projection := getattr(self.model, PROJECTION, None)) is not None:
            said = projection(said)
        distance = 1 - functional.cosine_similarity(said.float(), means(batch["states"][inside]), dim=-1)
        return self.weight * distance.mean()

    def detach(self) -> None:
        """Leave the student without the layer."""
        if hasattr(self.model, PROJECTION):
            delattr(self.model, PROJECTION)
