"""The Hugging Face Trainer, with the product's own development figures in place of the evaluation loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import broadcast_object_list
from transformers import (
    EarlyStoppingCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Checkpoint
from action_recs.training.batches import Batches, Collator
from action_recs.training.config import TrainingConfig
from action_recs.training.development import best_f1
from action_recs.training.distillation import HiddenMatch
from action_recs.training.interrupted import Finished
from action_recs.training.memory import rehearse
from action_recs.training.precision import Precision, chosen_precision

TARGETS = ("labels", "soft", "labelled", "utterance", "states")
"""What a batch holds beside the model's own input."""

Development = Mapping[str, Sequence[AnnotatedSession]]

Loss = Callable[[torch.Tensor, Mapping[str, torch.Tensor], torch.Tensor], torch.Tensor]
"""Logits, a batch, and the tokens of the whole step, to the batch's part of the step's loss; see ``TokenLoss``."""

Measure = Callable[[Checkpoint, Development], dict[str, float]]
"""How good a checkpoint is; among the figures is "f1", by which the best is told."""


class SessionTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped
    """A Trainer that evaluates by reading whole sessions.

    Parameters
    ----------
    checkpoint : Checkpoint
        The model to train, with its tokenizer and reading settings.
    development : mapping of set name to sessions
    token_loss : callable, such as a ``TokenLoss``
    hidden : HiddenMatch, optional
        How far the hidden states are from the teachers'.
    measure : callable
        What is said of the checkpoint at an evaluation.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        development: Development,
        token_loss: Loss,
        hidden: HiddenMatch | None = None,
        measure: Measure = best_f1,
        **arguments: Any,
    ) -> None:
        super().__init__(model=checkpoint.model, processing_class=checkpoint.tokenizer, **arguments)
        self.checkpoint = checkpoint
        self.development = development
        self.token_loss = token_loss
        self.hidden = hidden
        self.measure = measure
        self.model_accepts_loss_kwargs = True  # so that the tokens of the whole step are counted

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> Any:
        """The loss of one batch, as its part of the step's: tokens count alike in whichever batch they are."""
        given = {name: inputs[name] for name in inputs if name not in TARGETS}
        outputs = model(**given, output_hidden_states=self.hidden is not None)
        if num_items_in_batch is None:
            num_items_in_batch = inputs["labels"].ne(-100).sum()
        loss = self.token_loss(outputs.logits, inputs, num_items_in_batch.clamp(min=1))
        if self.hidden is not None:
            steps = max(1, self.args.gradient_accumulation_steps)
            loss = loss + self.hidden(outputs.hidden_states[-1], inputs) / steps / self.args.world_size
        loss = loss * self.args.world_size  # devices' gradients are averaged
        return (loss, outputs) if return_outputs else loss

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """Best utterance F1 on the development sessions (see ``development.best_f1``), read by the main process."""
        figures: list[dict[str, float] | None] = [None]
        if self.is_world_process_zero():
            self.model.eval()
            kind = torch.float16 if self.args.fp16 else torch.bfloat16
            with torch.autocast(self.model.device.type, kind, enabled=self.args.fp16 or self.args.bf16):
                figures = [self.measure(replace(self.checkpoint, model=self.model), self.development)]
            self.model.train()
        if self.args.world_size > 1:
            broadcast_object_list(figures)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in (figures[0] or {}).items()}
        self.log(metrics)
        self.control: TrainerControl = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def rehearse(self) -> None:
        """Take the largest batch through the model and back before the first step, for its memory."""
        batches, collator = self.train_dataset, self.data_collator

        def loss() -> torch.Tensor:
            inputs = self._prepare_inputs(collator([batches[batches.largest]]))
            with self.compute_loss_context_manager():
                found: torch.Tensor = self.compute_loss(self.model, inputs)
            return found

        rehearse(self.model, loss)


class StopAfter(TrainerCallback):  # type: ignore[misc]
    """Ends the run after a number of evaluations, those before a resumption included."""

    def __init__(self, evaluations: int) -> None:
        self.evaluations = evaluations

    def on_evaluate(self, _: TrainingArguments, state: TrainerState, control: TrainerControl, **__: Any) -> None:
        if sum("eval_f1" in entry for entry in state.log_history) >= self.evaluations:
            control.should_training_stop = True


def batchwise_arguments(output: Path, precision: Precision, **others: Any) -> TrainingArguments:
    """Of a run that goes once through data whose items are batches, in their order."""
    arguments = TrainingArguments(
        output_dir=str(output / "checkpoints"),
        num_train_epochs=1,
        train_sampling_strategy="sequential",
        per_device_train_batch_size=1,  # an item is a batch
        use_cpu=not torch.cuda.is_available(),
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        remove_unused_columns=False,
        **others,
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # several devices are for accelerate launch: DataParallel cuts batches
    return arguments


def make_trainer(
    checkpoint: Checkpoint,
    batches: Batches,
    development: Development,
    config: TrainingConfig,
    output: Path,
    token_loss: Loss,
    collator: Collator,
    hidden: HiddenMatch | None = None,
    measure: Measure = best_f1,
) -> SessionTrainer:
    """A trainer that goes once through ``batches``, which hold all passes.

    With development sessions it keeps the best checkpoint; without, it goes to the end, and what it saves on the way is
    there to be resumed.
    """
    arguments = batchwise_arguments(
        output,
        chosen_precision(config.precision),
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        eval_strategy="steps" if development else "no",
        save_total_limit=config.keep,
        load_best_model_at_end=bool(development),
        metric_for_best_model="f1" if development else None,
        greater_is_better=True if development else None,
        report_to=list(config.report_to) if isinstance(config.report_to, tuple) else config.report_to,
        ddp_find_unused_parameters=False,
        seed=config.seed,
    )
    if config.step_tokens is not None:
        together = batches.mean_tokens * arguments.world_size
        arguments.gradient_accumulation_steps = max(1, round(config.step_tokens / together))
    steps = max(1, len(batches) // (arguments.gradient_accumulation_steps * arguments.world_size))
    every = max(1, steps // config.evaluations)
    arguments.warmup_steps = round(steps * config.warmup)
    arguments.eval_steps = arguments.save_steps = every
    arguments.logging_steps = max(1, every // 10)
    stopping: list[TrainerCallback] = [Finished()]
    if development:
        stopping.append(EarlyStoppingCallback(early_stopping_patience=config.patience))
    if development and config.stop_after:
        stopping.append(StopAfter(config.stop_after))
    return SessionTrainer(
        checkpoint,
        development,
        token_loss,
        hidden,
        measure,
        args=arguments,
        train_dataset=batches,
        eval_dataset=batches if development else None,  # the Trainer wants one; whole sessions are read instead
        data_collator=collator,
        callbacks=stopping,
    )
