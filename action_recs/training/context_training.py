"""The context reader's training: one encoder, a linear layer for categories and one for adherence."""

from __future__ import annotations

import copy
import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from sklearn.metrics import f1_score
from torch import nn
from tqdm.auto import tqdm
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Checkpoint
from action_recs.errors import ConfigError, ModelError
from action_recs.linking.context_reader import ContextReader, Top, pooled
from action_recs.linking.contexts import Contexts
from action_recs.training.contexts import (
    CLASSES,
    ContextCollator,
    LabelledContext,
    batched,
    class_weights,
    labelled_contexts,
    with_hidden,
)
from action_recs.training.corrections import corrections_towards
from action_recs.training.interrupted import PATTERN, Finished, check_begun, drop_unfinished
from action_recs.training.precision import chosen_precision
from action_recs.training.trainer import batchwise_arguments
from action_recs.whole_files import whole_file, write_whole

WEIGHTS = "contexts.safetensors"
SETTINGS = "settings.json"


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """How a context reader is trained.

    Attributes
    ----------
    passes : int
    batch_tokens : int
        Of a batch, padding included.
    rate, top_rate : float
        AdamW's, of the encoder and of what lies over it; they fall linearly.
    warmup : float
        The share of steps over which they rise first.
    masked : float
        The share of tokens that are hidden.
    smoothing : float
        The share of a label that is spread over all classes.
    balance : float
        See ``contexts.class_weights``.
    moved : float
        See ``contexts.labelled_contexts``.
    seed : int
    """

    passes: int = 4
    batch_tokens: int = 2048
    rate: float = 1e-4
    top_rate: float = 1e-3
    warmup: float = 0.06
    masked: float = 0.1
    smoothing: float = 0.05
    balance: float = 0.5
    moved: float = 0.5
    seed: int = 0


class ContextModel(nn.Module):
    """The model to train.

    Parameters
    ----------
    encoder : torch.nn.Module
        Only its layers are trained: of its embeddings there are no corrections.
    weights : mapping of str to tensor, shape (classes,)
        By question, how much a text counts by its class.
    smoothing : float
    """

    def __init__(self, encoder: nn.Module, weights: Mapping[str, torch.Tensor], smoothing: float) -> None:
        super().__init__()
        self.encoder = encoder
        for name, parameter in encoder.named_parameters():
            parameter.requires_grad_(name.startswith("encoder."))
        width = 2 * int(encoder.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self.tops = nn.ModuleDict({question: nn.Linear(width, count) for question, count in CLASSES.items()})
        self.dropout = nn.Dropout(0.1)
        self.weights, self.smoothing = weights, smoothing

    def forward(
        self,
        question: str,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        count: torch.Tensor,
        labels: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """The loss of a batch of one question; see ``context_reader.pooled`` for ``count``."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        scores = self.tops[question](self.dropout(pooled(states, count))).float()
        weights = self.weights[question].to(scores.device)
        loss = nn.functional.cross_entropy(scores, labels, weight=weights, label_smoothing=self.smoothing)
        return {"loss": loss, "logits": scores}

    def reader(self, checkpoint: Checkpoint) -> ContextReader:
        """What reads with the weights as they are now."""
        tops: dict[str, Top] = {
            question: (top.weight.detach(), top.bias.detach())
            for question, top in self.tops.items()
            if isinstance(top, nn.Linear)
        }
        return ContextReader(checkpoint, self.encoder, tops)


def macro_f1s(reader: ContextReader, texts: Sequence[LabelledContext]) -> dict[str, float]:
    """Of each question that there are texts for, read by the context reader alone."""
    found = {}
    for question in CLASSES:
        own = [one for one in texts if one.question == question]
        if own:
            told = reader.log_probabilities(question, [one.context for one in own]).argmax(axis=1)
            found[question] = float(f1_score([one.label for one in own], told, average="macro"))
    return found


class EveryPass(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Saves after each pass, and says how the development sessions are read then."""

    def __init__(
        self, ends: Sequence[int], model: ContextModel, checkpoint: Checkpoint, development: Sequence[LabelledContext]
    ) -> None:
        self.ends, self.model, self.checkpoint, self.development = set(ends), model, checkpoint, development

    def on_step_end(self, _: TrainingArguments, state: TrainerState, control: TrainerControl, **__: Any) -> None:
        if state.global_step not in self.ends:
            return
        control.should_save = True
        self.model.eval()
        figures = macro_f1s(self.model.reader(self.checkpoint), self.development)
        self.model.train()
        told = ", ".join(f"{question} {f1:.3f}" for question, f1 in figures.items())
        print(f"step {state.global_step}; development, macro F1 by itself: {told or 'no texts'}", flush=True)


def fit_contexts(
    checkpoint: Checkpoint,
    encoder: nn.Module,
    train: Sequence[AnnotatedSession],
    development: Sequence[AnnotatedSession],
    output: Path,
    settings: ContextSettings,
    *,
    resume: bool = False,
) -> ContextReader:
    """Train a context reader.

    Parameters
    ----------
    checkpoint : Checkpoint
        Its tokenizer is used.
    encoder : torch.nn.Module
        What is trained; it is changed.
    train, development : sequence of AnnotatedSession
        The development sessions are read after each pass, and told; nothing is chosen by them.
    output : path
        The Trainer's checkpoints lie below it, one after each pass.
    resume : bool
        Go on from the last of them.

    Returns
    -------
    ContextReader

    Raises
    ------
    ConfigError
        When a question has no texts, when nothing of the encoder can be trained, or the folder holds another run or,
        to go on from, none.
    """
    torch.manual_seed(settings.seed)
    contexts, draw = Contexts(checkpoint.tokenizer), random.Random(settings.seed)
    texts = labelled_contexts(contexts, train)
    if missing := sorted(set(CLASSES) - {one.question for one in texts}):
        raise ConfigError(f"the training sessions hold no {' and no '.join(missing)}; annotate some")
    model = ContextModel(encoder.float(), class_weights(texts, settings.balance), settings.smoothing)
    learning = [each for each in model.encoder.parameters() if each.requires_grad]
    if not learning:
        raise ConfigError(f"{type(encoder).__name__}: its layers are not where BERT has them; take an encoder like it")
    passes = []
    for _ in tqdm(range(settings.passes), "laying texts", unit="pass"):
        laid = batched(labelled_contexts(contexts, train, moved=settings.moved, draw=draw), settings.batch_tokens, draw)
        passes.append(with_hidden(laid, contexts, draw, settings.masked))
    begin(output, asdict(settings) | {"texts": fingerprint(passes)}, resume)
    ends = np.cumsum([len(own) for own in passes]).tolist()
    optimizer = torch.optim.AdamW(
        [{"params": learning, "lr": settings.rate}, {"params": list(model.tops.parameters()), "lr": settings.top_rate}],
        weight_decay=0.01,
    )
    trainer = Trainer(
        model=model,
        args=batchwise_arguments(
            output,
            chosen_precision("auto"),
            warmup_steps=round(settings.warmup * ends[-1]),
            save_strategy="no",  # but after each pass
            save_total_limit=1,
            logging_steps=max(1, ends[-1] // 40),
            report_to="none",
            seed=settings.seed,
        ),
        train_dataset=[batch for own in passes for batch in own],
        data_collator=ContextCollator(checkpoint.tokenizer.pad_token_id or 0),
        optimizers=(optimizer, None),
        callbacks=[EveryPass(ends, model, checkpoint, labelled_contexts(contexts, development)), Finished()],
    )
    trainer.train(resume_from_checkpoint=resume)
    model.eval()
    return model.reader(checkpoint)


def begin(output: Path, settings: Mapping[str, Any], resume: bool) -> None:
    """Make the run's folder, or see that it holds the run to go on with; what is not whole there is dropped."""
    record = json.dumps(settings, indent=2) + "\n"
    if resume:
        drop_unfinished(output)
    check_begun(output, any(output.glob(f"checkpoints/{PATTERN}")), resume=resume)
    path = output / SETTINGS
    if resume and not (path.is_file() and path.read_text(encoding="utf-8") == record):
        raise ConfigError(f"{path}: that run has other settings or other texts; go on with the same, or start anew")
    output.mkdir(parents=True, exist_ok=True)
    write_whole(record, path)


def fingerprint(passes: Sequence[Sequence[Sequence[LabelledContext]]]) -> str:
    """A hash of all that is learnt from, in order."""
    found = hashlib.sha256()
    for text in (text for batches in passes for batch in batches for text in batch):
        found.update(repr((text.question, text.context.tokens, text.label)).encode())
    return found.hexdigest()


def save_contexts(reader: ContextReader, folder: Path) -> None:
    """Write what :func:`shipped_contexts` reads."""
    tensors = {f"encoder.{name}": each for name, each in reader.encoder.state_dict().items()}
    for question, (weights, intercepts) in reader.tops.items():
        tensors |= {f"{question}.top": weights, f"{question}.top_intercept": intercepts}
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / WEIGHTS) as path:
        save_file({name: each.detach().cpu().half().contiguous() for name, each in tensors.items()}, path)


def shipped_contexts(folder: Path, checkpoint: Checkpoint, *, rank: int) -> dict[str, torch.Tensor]:
    """A trained context reader as it ships: corrections of a checkpoint's encoder, and what lies over it.

    Raises
    ------
    ModelError
        When the folder holds none, or one over other embeddings than the checkpoint's.
    """
    path = folder / WEIGHTS
    encoder = copy.deepcopy(checkpoint.model.base_model).float()
    again = "train it again with training/contexts.py"
    try:
        held = load_file(path)
        tops = {
            name: held.pop(name) for question in CLASSES for name in (f"{question}.top", f"{question}.top_intercept")
        }
        encoder.load_state_dict({name.removeprefix("encoder."): each for name, each in held.items()})
    except (OSError, KeyError, SafetensorError, RuntimeError) as error:
        raise ModelError(f"{path}: cannot be read as a context reader ({type(error).__name__}); {again}") from None
    words, own = (each.get_input_embeddings().weight for each in (encoder, checkpoint.model.base_model))
    if not torch.equal(words.half(), own.half()):
        raise ModelError(f"{path}: trained over another recommendation checkpoint's embeddings; {again}")
    corrections = corrections_towards(encoder, checkpoint, rank=rank)
    return tops | {f"contexts/{name}": each for name, each in corrections.items()}
