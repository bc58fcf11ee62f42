"""One fit: a base and sessions in, a trained checkpoint out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets import Dataset
from transformers import set_seed

from action_recs.checkpoint import Checkpoint
from action_recs.training.adapting import upper_blocks, with_adapter
from action_recs.training.batches import Batches, Collator
from action_recs.training.config import ClassWeights, TrainingConfig
from action_recs.training.data import Sessions
from action_recs.training.distillation import HiddenMatch, Teachers
from action_recs.training.examples import Labels, Likeliest, SoftLabels, training_dataset
from action_recs.training.loss import TokenLoss, class_weights
from action_recs.training.memory import memory_explained
from action_recs.training.start import start_model
from action_recs.training.trainer import SessionTrainer, make_trainer
from action_recs.training.vocabulary import with_smaller_vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained checkpoint.

    Attributes
    ----------
    checkpoint : Checkpoint
        In full precision; its decoding settings are not chosen yet.
    history : tuple of dict
        The Trainer's log: loss, learning rate, evaluations, each with its step.
    """

    checkpoint: Checkpoint
    history: tuple[dict[str, Any], ...]


def fit(
    config: TrainingConfig,
    train: Mapping[str, Sessions],
    development: Mapping[str, Sessions],
    output: Path,
    *,
    weights: ClassWeights,
    teachers: Teachers | None = None,
    resume: bool | str = False,
) -> Fitted:
    """Train once.

    Parameters
    ----------
    train, development : mapping of set name to sessions
        Without development sessions the last step's model is taken, else the one that reads them best.
    output : path
        The Trainer's checkpoints lie below it.
    weights : ClassWeights
        One of the configuration's.
    teachers : Teachers, optional
        Needed where the configuration has ``distill``.
    resume : bool or str
        Go on from the last checkpoint, or from the one in this folder.
    """
    set_seed(config.seed)
    started = start_model(
        config.base, config.task, window_tokens=config.window_tokens, overlap_tokens=config.overlap_tokens
    )
    checkpoint = with_wanted_words(started, config, train)
    if config.lora is not None:
        checkpoint = replace(checkpoint, model=with_adapter(checkpoint, config.lora))

    distill = config.distill
    windows = laid_windows(config, train, checkpoint, soft_labels=teachers)
    batches = Batches(windows)
    hidden = None
    if distill and teachers and distill.hidden:
        size = next(iter(teachers.states.values())).shape[1]
        hidden = HiddenMatch(checkpoint.model, size, distill.hidden)
    token_loss = TokenLoss(
        class_weights(weights, windows, config.task.classes),
        soft=distill.soft if distill else 0.0,
        temperature=distill.temperature if distill else 1.0,
    )
    collator = Collator(checkpoint.tokenizer.pad_token_id, teachers.states if hidden and teachers else None)
    trainer = make_trainer(checkpoint, batches, development, config, output, token_loss, collator, hidden)
    fitted = gone_through(trainer, checkpoint, batches, resume)
    if hidden:
        hidden.detach()
    return fitted


def with_wanted_words(checkpoint: Checkpoint, config: TrainingConfig, train: Mapping[str, Sessions]) -> Checkpoint:
    """The checkpoint with the words that the configuration keeps, trained or not, as it says."""
    if config.vocabulary is not None:
        every = itertools.chain.from_iterable(train.values())
        checkpoint = with_smaller_vocabulary(checkpoint, every, config.vocabulary)
    checkpoint.model.get_input_embeddings().requires_grad_(config.train_embeddings)
    if config.trained_blocks is not None:
        train_upper_blocks(checkpoint.model, config.trained_blocks)
    return checkpoint


def train_upper_blocks(model: PreTrainedModel, count: int) -> None:
    """Leave everything below the uppermost blocks as it is.

    Raises
    ------
    ConfigError
        When the encoder has fewer blocks.
    """
    upper = re.compile(rf"\.{upper_blocks(model, count, setting='trained_blocks')}\.")
    for name, parameter in model.base_model.named_parameters():
        parameter.requires_grad_(upper.search(f".{name}") is not None)


def laid_windows(
    config: TrainingConfig,
    train: Mapping[str, Sessions],
    checkpoint: Checkpoint,
    *,
    soft_labels: SoftLabels | None = None,
    labels: Labels | None = None,
    likeliest: Likeliest | None = None,
) -> Dataset:
    """The windows of all passes, as the configuration wants them; see ``examples.training_dataset``."""
    return training_dataset(
        train,
        config.mix,
        checkpoint.tokenizer,
        checkpoint.settings,
        passes=config.passes,
        batch_windows=config.batch_windows,
        batch_tokens=config.batch_tokens,
        recognised=config.recognised,
        wrong_speakers=config.wrong_speakers,
        masked=config.masked,
        seed=config.seed,
        soft_labels=soft_labels,
        labels=labels,
        likeliest=likeliest,
    )


def gone_through(trainer: SessionTrainer, checkpoint: Checkpoint, batches: Batches, resume: bool | str) -> Fitted:
    """Train on all batches; a ``ConfigError`` says what to lower where memory runs out."""
    with memory_explained(checkpoint.settings.window_tokens, len(batches[batches.largest])):
        trainer.rehearse()
        trainer.train(resume_from_checkpoint=resume)
    checkpoint.model.eval()
    return Fitted(checkpoint, tuple(trainer.state.log_history))
