"""One encoder that learns both tasks: two checkpoints that differ in nothing but their last layer.

While it is trained, the model is one token classifier with the classes of both tasks side by side; a token's label says
both. Afterwards it is divided into two ordinary checkpoints. Reading with both costs as much as reading with one,
because what they share is computed once.

References
----------
Caruana (1997), Multitask learning. Machine Learning 28.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from transformers import set_seed

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import SHIPPED, Checkpoint, Task, load_checkpoint
from action_recs.decoding import DecodingSettings
from action_recs.errors import ConfigError, ModelError
from action_recs.training.adapting import with_adapter, with_some_classes
from action_recs.training.batches import Batches, Collator
from action_recs.training.config import SHIPPED_BASE, TrainingConfig
from action_recs.training.data import Sessions
from action_recs.training.development import best_f1
from action_recs.training.examples import likeliest_classes
from action_recs.training.fitting import Fitted, gone_through, laid_windows, with_wanted_words
from action_recs.training.joint_distillation import JointTeachers
from action_recs.training.labels import IGNORED, piece_labels
from action_recs.training.loss import TokenLoss
from action_recs.training.start import start_model
from action_recs.training.trainer import Development, make_trainer
from action_recs.two_tops import same_trunk
from action_recs.windows import Piece

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TASKS = (Task.RECOMMENDATION, Task.REVIEW)
REVIEWS = len(Task.REVIEW.classes)
HEAD = "classifier."
"""How the parameters of the last layer begin, in transformers' encoders."""


def both_labels(session: AnnotatedSession, pieces: Sequence[Piece]) -> list[list[int]]:
    """One number for the classes of both tasks, which :func:`apart` takes apart again.

    A client's tokens count for reviews only; no token counts for nothing.
    """
    recommending, reviewing = (piece_labels(session, pieces, task) for task in TASKS)
    return [
        [(0 if one == IGNORED else one + 1) * REVIEWS + other for one, other in zip(ones, others, strict=True)]
        for ones, others in zip(recommending, reviewing, strict=True)
    ]


def apart(labels: torch.Tensor) -> dict[Task, torch.Tensor]:
    """Each task's classes, from the numbers of :func:`both_labels`.

    Examples
    --------
    >>> found = apart(torch.tensor([-100, 1, 3, 5]))
    >>> found[Task.RECOMMENDATION].tolist(), found[Task.REVIEW].tolist()
    ([-100, -100, 0, 0], [-100, 1, 0, 2])
    """
    counted = labels != IGNORED
    recommending = labels // REVIEWS - 1
    return {
        Task.RECOMMENDATION: recommending.masked_fill(~counted | (recommending < 0), IGNORED),
        Task.REVIEW: (labels % REVIEWS).masked_fill(~counted, IGNORED),
    }


def likeliest_of_both(probabilities: np.ndarray) -> list[int]:
    """The same number from what teachers hold for probable of each token.

    Parameters
    ----------
    probabilities : array of shape (tokens, classes of both tasks)
        As ``joint_distillation.JointTeachers`` gives them.

    Examples
    --------
    >>> likeliest_of_both(np.array([[0.1, 0.9, 0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0.2, 0, 0.8]]))
    [6, 2]
    """
    recommending, reviewing = (likeliest_classes(probabilities[:, own_top(task)]) for task in TASKS)
    return [
        (0 if one == IGNORED else one + 1) * REVIEWS + other for one, other in zip(recommending, reviewing, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class JointLoss:
    """The sum of both tasks' losses.

    Attributes
    ----------
    recommendations : float
        Weight of the recommendations' loss. About half of the tokens are a therapist's, so that with 2 a token that
        counts weighs the same in both.
    of_one : TokenLoss
        The loss of each.
    """

    recommendations: float = 2.0
    of_one: TokenLoss = field(default_factory=TokenLoss)

    def __call__(self, logits: torch.Tensor, batch: Mapping[str, torch.Tensor], tokens: torch.Tensor) -> torch.Tensor:
        """The loss of logits of shape (windows, tokens, classes of both tasks)."""
        labels = apart(batch["labels"])
        losses = {}
        for task in TASKS:
            own = {"labels": labels[task]}
            if "soft" in batch:
                own |= {"soft": batch["soft"][..., own_top(task)], "labelled": batch["labelled"]}
            losses[task] = self.of_one(logits[..., own_top(task)], own, tokens)
        return self.recommendations * losses[Task.RECOMMENDATION] + losses[Task.REVIEW]


def fit_joint(
    config: TrainingConfig,
    train: Mapping[str, Sessions],
    development: Mapping[str, Sessions],
    output: Path,
    *,
    teachers: JointTeachers | None = None,
    resume: bool | str = False,
) -> dict[Task, Fitted]:
    """Train once for both tasks; as ``fitting.fit``, whose ``weights`` it has not.

    The task of the configuration does not matter. The best checkpoint is the one with the highest mean of both tasks'
    development figures.
    """
    set_seed(config.seed)
    joint = with_wanted_words(start_joint(config), config, train)
    if config.lora is not None:
        joint = replace(joint, model=with_adapter(joint, config.lora))
    batches = Batches(
        laid_windows(config, train, joint, soft_labels=teachers, labels=both_labels, likeliest=likeliest_of_both)
    )
    collator = Collator(joint.tokenizer.pad_token_id)
    distill = config.distill
    loss = JointLoss(of_one=TokenLoss(soft=distill.soft, temperature=distill.temperature) if distill else TokenLoss())
    trainer = make_trainer(joint, batches, development, config, output, loss, collator, measure=joint_f1)
    fitted = gone_through(trainer, joint, batches, resume)
    ends = divided_adapter(joint) if config.lora is not None else divided(joint)
    return {task: replace(fitted, checkpoint=each) for task, each in ends.items()}


def start_joint(config: TrainingConfig) -> Checkpoint:
    """The model to train: an encoder with the classes of both tasks.

    ``base`` is an encoder, or a folder of two checkpoints with the same tokenizer ("shipped", or what an earlier run
    left): then it begins in the middle between the two, with their classes.
    """
    folder = SHIPPED if config.base == SHIPPED_BASE else Path(config.base)
    pair = [folder / task.value for task in TASKS]
    if all(each.is_dir() for each in pair):
        two = [load_checkpoint(each, task) for each, task in zip(pair, TASKS, strict=True)]
        if config.lora is not None and not same_trunk(two[0].model, two[1].model):
            raise ConfigError(f"lora: the two checkpoints of {config.base} have not one encoder to lie over")
        return _joined(*two, config=config)
    begun = [
        start_model(config.base, task, window_tokens=config.window_tokens, overlap_tokens=config.overlap_tokens)
        for task in TASKS
    ]
    return _joined(*begun, config=config)


def _joined(recommendation: Checkpoint, review: Checkpoint, *, config: TrainingConfig) -> Checkpoint:
    if recommendation.tokenizer.get_vocab() != review.tokenizer.get_vocab():
        raise ModelError(f"{config.base}: the two checkpoints have not the same vocabulary; start from an encoder")
    ones, others = recommendation.model.state_dict(), review.model.state_dict()
    weights = {
        name: torch.cat([ones[name], others[name]]) if name.startswith(HEAD) else (ones[name] + others[name]) / 2
        for name in ones
    }
    classes = [f"{task.value} {name}" for task in TASKS for name in task.classes]
    model = _with_classes(recommendation.model, classes, weights)
    window, overlap = config.window_tokens, config.overlap_tokens
    settings = replace(
        recommendation.settings,
        window_tokens=recommendation.settings.window_tokens if window == "auto" else window,
        overlap_tokens=recommendation.settings.overlap_tokens if overlap == "auto" else overlap,
        decoding=DecodingSettings(),
    )
    return Checkpoint(model, recommendation.tokenizer, settings)


def divided(joint: Checkpoint) -> dict[Task, Checkpoint]:
    """The two checkpoints that a joint model holds; their encoders are equal."""
    weights = joint.model.state_dict()
    found = {}
    for task in TASKS:
        rows = own_top(task)
        own = {name: each[rows] if name.startswith(HEAD) else each for name, each in weights.items()}
        model = _with_classes(joint.model, list(task.classes), own).to(joint.model.device).eval()
        found[task] = Checkpoint(model, joint.tokenizer, replace(joint.settings, task=task))
    return found


def divided_adapter(joint: Checkpoint) -> dict[Task, Checkpoint]:
    """The two checkpoints that a joint model with an adapter holds; each has a copy of the adapter."""
    found = {}
    for task in TASKS:
        model = with_some_classes(copy.deepcopy(joint.model), own_top(task), task.classes)
        found[task] = Checkpoint(model.eval(), joint.tokenizer, replace(joint.settings, task=task))
    return found


def own_top(task: Task) -> slice:
    """Which rows of a joint model's last layer are a task's.

    Examples
    --------
    >>> own_top(Task.REVIEW)
    slice(5, 8, None)
    """
    first = sum(len(each.classes) for each in TASKS[: TASKS.index(task)])
    return slice(first, first + len(task.classes))


def joint_f1(joint: Checkpoint, sessions: Development) -> dict[str, float]:
    """Both tasks' development figures (see ``development.best_f1``), and ``f1``: their mean."""
    if hasattr(joint.model, "merge_and_unload"):  # an adapter over it
        joint = replace(joint, model=copy.deepcopy(joint.model).merge_and_unload())
    figures = {task: best_f1(each, sessions) for task, each in divided(joint).items()}
    named = {f"{task.value}_{name}": value for task, of in figures.items() for name, value in of.items()}
    return named | {"f1": sum(of["f1"] for of in figures.values()) / len(figures)}


def _with_classes(
    model: PreTrainedModel, classes: Sequence[str], weights: Mapping[str, torch.Tensor]
) -> PreTrainedModel:
    """A model of the same kind with these classes and weights."""
    config = copy.deepcopy(model.config)
    config.id2label = dict(enumerate(classes))
    config.label2id = {name: number for number, name in config.id2label.items()}
    other = type(model)(config)
    other.load_state_dict(weights)
    return other
