"""Train the low-rank corrections that turn the recommendation encoder into a reader of categories.

Fine-tuning for spans cost the encoder much of what it knew of meanings. So the corrections begin as the best
approximation of their rank to what leads back to the public encoder (truncated singular value decomposition), and are
trained from there.
"""

from __future__ import annotations

import copy
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Checkpoint
from action_recs.linking.reader import CATEGORIES, task_row
from action_recs.linking.thread import Category


@dataclass(frozen=True, slots=True)
class Settings:
    """How corrections are trained.

    Attributes
    ----------
    rank : int
    upper : int
        How many layers are corrected, from the last.
    epochs, batch : int
    rate : float
        The highest learning rate of the corrections, after a tenth of the steps; it falls to 0 in a straight line.
    head_rate : float
        The same of the head.
    smoothing : float
        Of the labels.
    seed : int
    """

    rank: int = 32
    upper: int = 3
    epochs: int = 4
    batch: int = 16
    rate: float = 5e-4
    head_rate: float = 1e-3
    smoothing: float = 0.05
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """The words of a recommendation with the place of its category."""

    group: str
    label: int
    text: str = field(repr=False)


def category_examples(sessions: Iterable[AnnotatedSession]) -> list[Example]:
    """Every recommendation that has a category."""
    return [
        Example(session.group, CATEGORIES.index(Category(span.category)), span.text)
        for session in sessions
        for span in session.recommendations
        if span.category
    ]


class Corrected(nn.Module):
    """A linear layer with a low-rank correction, whose start leads towards other weights."""

    def __init__(self, layer: nn.Linear, towards: nn.Linear, rank: int) -> None:
        super().__init__()
        self.layer = layer
        with torch.no_grad():
            left, strength, right = torch.linalg.svd(towards.weight - layer.weight, full_matrices=False)
            root = strength[:rank].sqrt()
            self.up = nn.Parameter(left[:, :rank] * root)
            self.down = nn.Parameter(root[:, None] * right[:rank])
            layer.bias.copy_(towards.bias)
        layer.weight.requires_grad_(False)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        corrected: torch.Tensor = self.layer(states) + functional.linear(functional.linear(states, self.down), self.up)
        return corrected


class Passed(nn.Module):
    """In place of embeddings: states of lower layers go in as they are."""

    def forward(self, *_: object, inputs_embeds: torch.Tensor, **__: object) -> torch.Tensor:
        return inputs_embeds


def divided(checkpoint: Checkpoint, public: nn.Module, settings: Settings) -> tuple[nn.Module, nn.Module]:
    """The encoder as two: its lower layers as they are, and its upper ones with a correction at each linear layer.

    Biases and norms of the upper ones are the public encoder's, and are trained too.
    """
    lower, upper = (copy.deepcopy(checkpoint.model.base_model) for _ in range(2))
    kept = int(checkpoint.model.config.num_hidden_layers) - settings.upper
    lower.encoder.layer = lower.encoder.layer[:kept]
    upper.encoder.layer = upper.encoder.layer[kept:]
    upper.embeddings = Passed()
    for parameter in (*lower.parameters(), *upper.parameters()):
        parameter.requires_grad_(False)
    others = dict(public.named_modules())
    for name, module in list(upper.encoder.named_modules(prefix="encoder")):
        public_name = renumbered(name, kept)
        if isinstance(module, nn.LayerNorm):
            module.load_state_dict(others[public_name].state_dict())
            module.requires_grad_(True)
        if isinstance(module, nn.Linear):
            parent, _, own = name.rpartition(".")
            module.bias.requires_grad_(True)
            towards: nn.Linear = others[public_name]
            setattr(upper.get_submodule(parent), own, Corrected(module, towards, settings.rank))
    return lower.eval(), upper


def renumbered(name: str, by: int) -> str:
    """The name of an upper layer's part in the whole encoder.

    Examples
    --------
    >>> renumbered("encoder.layer.0.output.dense", 3)
    'encoder.layer.3.output.dense'
    """
    return re.sub(r"(?<=encoder\.layer\.)\d+", lambda found: str(int(found[0]) + by), name)


def corrections_of(upper: nn.Module, by: int) -> dict[str, torch.Tensor]:
    """What ``reader.corrected_encoder`` takes, in half precision."""
    return {
        renumbered(name, by).replace(".layer.bias", ".bias"): parameter.detach().to(torch.float16).contiguous().clone()
        for name, parameter in upper.named_parameters()
        if parameter.requires_grad
    }


def train_corrections(
    examples: Sequence[Example],
    classes: int,
    checkpoint: Checkpoint,
    public: nn.Module,
    settings: Settings,
    report: Callable[[int, float, dict[str, torch.Tensor]], None] = lambda *_: None,
) -> dict[str, torch.Tensor]:
    """Train on examples.

    Parameters
    ----------
    report : callable
        Called after each epoch with its number, the mean loss, and what has been learned so far.

    Returns
    -------
    dict of name to tensor
        The corrections, and ``head.weight`` and ``head.bias``.
    """
    torch.manual_seed(settings.seed)
    draw = random.Random(settings.seed)
    lower, upper = divided(checkpoint, public, settings)
    kept = int(checkpoint.model.config.num_hidden_layers) - settings.upper
    head = nn.Linear(checkpoint.model.config.hidden_size, classes)
    counted = Counter(example.label for example in examples)
    balance = torch.tensor([(max(counted.values()) / max(counted[label], 1)) ** 0.5 for label in range(classes)])
    trained = [each for each in upper.parameters() if each.requires_grad]
    groups = [{"params": trained, "lr": settings.rate}, {"params": list(head.parameters()), "lr": settings.head_rate}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = settings.epochs * math.ceil(len(examples) / settings.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (0.1 * steps)) * max(0.02, 1 - step / steps)
    )
    upper.train()
    rows = [(tuple(task_row(checkpoint, example.text)), example.label) for example in examples]
    known: dict[tuple[int, ...], torch.Tensor] = {}
    found: dict[str, torch.Tensor] = {}
    for epoch in range(settings.epochs):
        total = 0.0
        batches = in_batches(rows, settings.batch, draw)
        for batch in batches:
            loss = functional.cross_entropy(
                scores(upper, head, [lower_states(lower, ids, known) for ids, _ in batch]),
                torch.tensor([label for _, label in batch]),
                weight=balance,
                label_smoothing=settings.smoothing,
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_([*trained, *head.parameters()], 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
        found = corrections_of(upper, kept)
        found |= {f"head.{name}": each.detach().half().clone() for name, each in head.state_dict().items()}
        report(epoch, total / len(batches), found)
    return found


def in_batches(
    rows: Sequence[tuple[tuple[int, ...], int]], size: int, draw: random.Random
) -> list[list[tuple[tuple[int, ...], int]]]:
    """Batches of like length, in random order."""
    order = sorted(rows, key=lambda pair: len(pair[0]) + draw.uniform(0, 4))
    batches = [order[first : first + size] for first in range(0, len(order), size)]
    draw.shuffle(batches)
    return batches


def lower_states(lower: nn.Module, ids: tuple[int, ...], known: dict[tuple[int, ...], torch.Tensor]) -> torch.Tensor:
    """What the lower layers make of a row, shape (tokens, hidden size); they do not change, so it is kept."""
    if ids not in known:
        with torch.no_grad():
            known[ids] = lower(input_ids=torch.tensor([ids])).last_hidden_state[0].half()
    return known[ids]


def scores(upper: nn.Module, head: nn.Module, rows: Sequence[torch.Tensor]) -> torch.Tensor:
    """Scores of the classes, shape (rows, classes): the head on the mean of each row's states."""
    states = nn.utils.rnn.pad_sequence([each.float() for each in rows], batch_first=True)
    mask = nn.utils.rnn.pad_sequence([torch.ones(len(each), dtype=torch.long) for each in rows], batch_first=True)
    states = upper(inputs_embeds=states, attention_mask=mask).last_hidden_state
    mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    found: torch.Tensor = head(mean)
    return found
