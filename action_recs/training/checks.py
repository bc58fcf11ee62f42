"""What would spoil a run, found before its first step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Checkpoint, Task
from action_recs.errors import ConfigError
from action_recs.training.adapting import adapted_layers
from action_recs.training.config import OWN, UNLABELLED, TrainingConfig
from action_recs.training.data import Sessions, TrainingData, folds_of
from action_recs.windows import tokenize

NAMED = 5
"""Places that an error names; it counts the others."""


def check_labels(config: TrainingConfig, data: TrainingData) -> None:
    """Refuse sessions without a label of the task where some are needed: in training, development and every fold.

    Raises
    ------
    ConfigError
    """
    labelled = {name: sessions for name, sessions in data.train.items() if name != UNLABELLED}
    remedy = "check that they were annotated for this task, or mix in a set that was"
    if labelled and not positives(config.task, _all(labelled)):
        raise ConfigError(f"no {config.task.value} is marked in the training sessions; {remedy}")
    for name, sessions in data.development.items():
        if not positives(config.task, sessions):
            raise ConfigError(
                f"no {config.task.value} is marked in the development sessions of {name}: thresholds cannot be chosen; "
                "annotate more clients' sessions, or set folds"
            )
    if config.folds:
        _check_folds(config, data.train)


def _check_folds(config: TrainingConfig, train: Mapping[str, Sessions]) -> None:
    others = positives(config.task, _all({name: each for name, each in train.items() if name not in (OWN, UNLABELLED)}))
    folds = folds_of(train[OWN], config.folds or 1, seed=config.seed)
    held = [positives(config.task, fold) for fold in folds]
    if not sum(held):
        raise ConfigError(f"no {config.task.value} is marked in the own sessions; thresholds cannot be chosen on them")
    if not others and max(held) == sum(held):
        raise ConfigError(
            f"folds: one fold holds every {config.task.value}, so that without it there is nothing to learn from; "
            "annotate more clients' sessions"
        )


def check_start(config: TrainingConfig, data: TrainingData, checkpoint: Checkpoint) -> None:
    """Refuse own sessions and settings that the model to be trained cannot read."""
    check_windows((*data.train.get(OWN, ()), *data.development.get(OWN, ())), checkpoint)
    check_batches(config, checkpoint)
    if config.lora is not None:
        adapted_layers(checkpoint.model, config.lora)


def check_windows(sessions: Iterable[AnnotatedSession], checkpoint: Checkpoint) -> None:
    """Refuse recommendations that no window can hold, because they are too long or because no token covers them.

    Raises
    ------
    ConfigError
        With session, utterance and characters of the first ones.
    """
    settings = checkpoint.settings
    if settings.task is not Task.RECOMMENDATION:
        return  # a review's class is told for every utterance by itself
    longest = (settings.window_tokens - 2) // 2 - 1
    found = []
    for session in sessions:
        if not session.recommendations:
            continue
        pieces = tokenize(session.transcript, checkpoint.tokenizer, window_tokens=settings.window_tokens)
        for span in session.recommendations:
            tokens = sum(
                start < span.end and end > span.start
                for piece in pieces
                if piece.utterance == span.utterance
                for start, end in piece.offsets
            )
            if not 0 < tokens <= longest:
                place = f"session {session.id}, utterance {span.utterance}, characters {span.start} to {span.end}"
                found.append(f"{place}: {tokens} tokens")
    if found:
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        raise ConfigError(
            f"recommendations that no window of {settings.window_tokens} tokens can hold (1 to {longest} tokens fit): "
            f"{'; '.join(found[:NAMED])}{more}; raise window_tokens, or mark them more narrowly"
        )


def check_batches(config: TrainingConfig, checkpoint: Checkpoint) -> None:
    """Refuse batches that not even one window fits into."""
    longest = checkpoint.settings.window_tokens
    if config.batch_tokens is not None and config.batch_tokens < longest:
        raise ConfigError(f"batch_tokens: {config.batch_tokens} is less than one window of {longest} tokens")


def positives(task: Task, sessions: Iterable[AnnotatedSession]) -> int:
    """How many spans or runs of the task are marked."""
    return sum(len(each.recommendations if task is Task.RECOMMENDATION else each.reviews) for each in sessions)


def _all(sets: Mapping[str, Sequence[AnnotatedSession]]) -> list[AnnotatedSession]:
    return [session for sessions in sets.values() for session in sessions]
