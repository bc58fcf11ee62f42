"""A run's own checkpoints after it was killed: one that was being written, or deleted, is no place to go on from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerState, TrainingArguments

from action_recs.errors import ConfigError, ModelError
from action_recs.manifest import check_manifest, write_manifest

PATTERN = "checkpoint-*"
LAST_WRITTEN = "trainer_state.json"
"""What the Trainer writes after everything else."""


class Finished(TrainerCallback):  # type: ignore[misc]  # transformers is untyped
    """Writes the manifest of every checkpoint once it is there."""

    def on_save(self, arguments: TrainingArguments, state: TrainerState, _: Any, **__: Any) -> None:
        folder = Path(arguments.output_dir) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero and folder.is_dir():
            write_manifest(folder)


def is_finished(checkpoint: Path) -> bool:
    """Whether all of a checkpoint was written, and nothing of it changed since.

    One without a manifest, which a run that was killed at that moment leaves, needs the Trainer's last file whole.
    """
    try:
        if check_manifest(checkpoint):
            return True
        json.loads((checkpoint / LAST_WRITTEN).read_text(encoding="utf-8"))
    except (ModelError, OSError, ValueError):
        return False
    return True


def drop_unfinished(output: Path) -> list[str]:
    """Delete the checkpoints of a run that are not whole, so that it goes on from the last one that is; their names."""
    broken = [each for each in sorted(output.glob(f"checkpoints/{PATTERN}")) if not is_finished(each)]
    for each in broken:
        shutil.rmtree(each, ignore_errors=True)
    return [each.name for each in broken]


def check_begun(output: Path, begun: bool, *, resume: bool) -> None:
    """Refuse to go on with a run that is not there, and to begin one over another.

    Raises
    ------
    ConfigError
    """
    if resume and not begun:
        raise ConfigError(f"{output}: no checkpoint to go on from; start without --resume")
    if begun and not resume:
        raise ConfigError(f"{output}: holds another run; go on with --resume, or name another folder")
