"""The Hugging Face Trainer, with the product's own development figures in place of the evaluation loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import (
    DataCollatorForTokenClassification,
    EarlyStoppingCallback,
    Trainer,
    TrainerControl,
    TrainingArguments,
)

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Checkpoint
from action_recs.training.config import TrainingConfig
from action_recs.training.development import best_f1


class SessionTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped
    """A Trainer that evaluates by reading whole sessions.

    Parameters
    ----------
    checkpoint : Checkpoint
        The model to train, with its tokenizer and reading settings.
    development : mapping of set name to sessions
    """

    def __init__(
        self, checkpoint: Checkpoint, development: Mapping[str, Sequence[AnnotatedSession]], **arguments: Any
    ) -> None:
        super().__init__(model=checkpoint.model, processing_class=checkpoint.tokenizer, **arguments)
        self.checkpoint = checkpoint
        self.development = development

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """Best utterance F1 on the development sessions (see ``development.best_f1``)."""
        self.model.eval()
        with torch.autocast(self.model.device.type, torch.bfloat16, enabled=self.args.bf16):
            figures = best_f1(replace(self.checkpoint, model=self.model), self.development)
        self.model.train()
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in figures.items()}
        self.log(metrics)
        self.control: TrainerControl = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


def make_trainer(
    checkpoint: Checkpoint,
    training: Dataset,
    development: Mapping[str, Sequence[AnnotatedSession]],
    config: TrainingConfig,
    output: Path,
) -> SessionTrainer:
    """A trainer that goes once through ``training``, which holds all passes, and keeps the best checkpoint."""
    steps = max(1, len(training) // config.batch_windows)
    every = max(1, steps // config.evaluations)
    arguments = TrainingArguments(
        output_dir=str(output / "checkpoints"),
        num_train_epochs=1,
        train_sampling_strategy="sequential",
        per_device_train_batch_size=config.batch_windows,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        warmup_steps=round(steps * config.warmup),
        use_cpu=not torch.cuda.is_available(),
        bf16=has_bfloat16(),
        eval_strategy="steps",
        eval_steps=every,
        save_steps=every,
        save_total_limit=config.keep,
        load_best_model_at_end=True,
        metric_for_best_model="f1",
        greater_is_better=True,
        logging_steps=max(1, every // 10),
        report_to="none",
        seed=config.seed,
    )
    return SessionTrainer(
        checkpoint,
        development,
        args=arguments,
        train_dataset=training,
        eval_dataset=training.select([0]),  # the Trainer wants one; evaluation reads whole sessions instead
        data_collator=DataCollatorForTokenClassification(checkpoint.tokenizer),
        callbacks=[EarlyStoppingCallback(early_stopping_patience=config.patience)],
    )


def has_bfloat16() -> bool:
    """Whether the device computes in bfloat16 itself, so that mixed precision makes it faster."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
