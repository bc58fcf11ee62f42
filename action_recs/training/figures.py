"""How right a checkpoint is on annotated sessions: the task's figures, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Checkpoint, Task
from action_recs.evaluation.card import METRICS_OF
from action_recs.evaluation.metrics import Labelled
from action_recs.evaluation.report import evaluate_sessions
from action_recs.training.tuning import Decoder, read_once


def task_figures(task: Task, sessions: Sequence[AnnotatedSession], tagged: Mapping[str, Labelled]) -> dict[str, Any]:
    """The metrics of the task, from what was found in each session by its id; see ``report.evaluate_sessions``."""
    figures = evaluate_sessions(sessions, lambda _: [tagged[key] for key in {each.id: None for each in sessions}])
    return figures | {"metrics": {name: figures["metrics"][name] for name in METRICS_OF[task]}}


def checkpoint_figures(
    checkpoint: Checkpoint, sessions: Sequence[AnnotatedSession], decoders: Mapping[str, Decoder] | None = None
) -> dict[str, Any]:
    """The figures of a checkpoint with its own decoding settings; ``decoders`` of sessions that it has read already."""
    if decoders is None:
        decoders = read_once(checkpoint, sessions)
    tagged = {key: decode(checkpoint.settings.decoding) for key, decode in decoders.items()}
    return task_figures(checkpoint.settings.task, sessions, tagged)
