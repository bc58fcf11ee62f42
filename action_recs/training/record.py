"""What a run was made of: code, data, versions, machine."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import action_recs
from action_recs.checkpoint import Task
from action_recs.training.checks import positives
from action_recs.training.config import TrainingConfig
from action_recs.training.data import TrainingData, sessions_hash
from action_recs.training.precision import chosen_precision
from action_recs.training.processes import processes

PACKAGES = ("torch", "transformers", "tokenizers", "accelerate", "datasets", "numpy", "peft")


def run_record(config: TrainingConfig, data: TrainingData, tasks: Sequence[Task]) -> dict[str, Any]:
    """Everything that ``run.json`` says; no transcript text, only hashes and counts of it."""
    return {
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "action_recs": action_recs.__version__,
        "git": git_state(Path(action_recs.__file__).parent),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "processes": processes().num_processes,
        "precision": chosen_precision(config.precision),
        "data": {
            "sha256": data_hash(data),
            "files": dict(data.files),
            "sets": {
                part: {
                    name: {
                        "sessions": len(sessions),
                        "clients": len({each.group for each in sessions}),
                        **{task.value: positives(task, sessions) for task in tasks},
                    }
                    for name, sessions in sets.items()
                }
                for part, sets in (("train", data.train), ("development", data.development))
            },
        },
    }


def data_hash(data: TrainingData) -> str:
    """SHA-256 over the training and development sessions."""
    parts = (("train", data.train), ("development", data.development))
    return sessions_hash({f"{part}/{name}": each for part, sets in parts for name, each in sets.items()})


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit of the checkout that a folder is in, and whether files differ from it; None outside of one."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()  # noqa: S603

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
