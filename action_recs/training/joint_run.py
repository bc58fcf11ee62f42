"""A run that trains one encoder for both tasks, from its settings to its folder: what ``training/joint.py`` does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from action_recs.errors import ConfigError
from action_recs.training.checks import check_labels, check_start
from action_recs.training.config import TrainingConfig
from action_recs.training.data import Sources, gather
from action_recs.training.joint import TASKS, fit_joint, start_joint
from action_recs.training.joint_distillation import JointTeachers
from action_recs.training.plots import check_plotting
from action_recs.training.processes import processes
from action_recs.training.run import begin, finish

NOT_HERE = ("folds", "decoding")

TEACHERS = "teachers_said"
"""Where a run keeps what teachers said of its sessions until it has ended."""


def train_joint(config: TrainingConfig, sources: Sources, output: Path, *, resume: bool = False) -> dict[str, Any]:
    """Train both models, which share their encoder.

    Parameters
    ----------
    config : TrainingConfig
        Its task is of no account.
    sources : Sources
    output : path
        The folder of the run: as for :func:`action_recs.training.run.train`, but with a folder for each checkpoint,
        ``recommendation/`` and ``review/``, which ``Tagger.from_pretrained(output)`` reads.
    resume : bool
        Go on from the run's last checkpoint.

    Returns
    -------
    dict
        For each task what its ``metrics.json`` holds.

    Raises
    ------
    ActionRecsError
        Before the first step, for data and settings that cannot end well.
    """
    if given := [name for name in NOT_HERE if getattr(config, name) is not None]:
        raise ConfigError(f"{', '.join(given)}: not where both tasks are trained together; train each by itself")
    if config.class_weights != "none":
        raise ConfigError("class_weights: not where both tasks are trained together; train each by itself")
    if config.distill and config.distill.hidden:
        raise ConfigError("distill.hidden: not where both tasks are trained together; train each by itself")
    check_plotting()
    data = gather(config, sources)
    for task in TASKS:
        check_labels(replace(config, task=task), data)
    started = start_joint(config)
    check_start(config, data, started)
    del started
    distill = config.distill
    teachers = JointTeachers.load(distill.teachers, memory=output / TEACHERS) if distill else None
    begin(config, data, output, resume, tasks=TASKS)
    last = resume and any(output.glob("checkpoints/checkpoint-*"))
    fitted = fit_joint(config, data.train, data.development, output, teachers=teachers, resume=last)
    found: dict[str, Any] = {}
    if processes().is_main_process:
        for task, each in fitted.items():
            own = replace(config, task=task)
            found[task.value] = finish(own, data, each, None, output / task.value, begun=output)
        if teachers and teachers.memory:
            teachers.memory.forget()  # it tells of the sessions, and a model may be handed on
    processes().wait_for_everyone()
    return found
