"""Which models a command runs: loaded when they are first needed, and told apart by what their files hold."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import action_recs
from action_recs.checkpoint import Task, checkpoint_folders, no_folder
from action_recs.errors import ModelError
from action_recs.session import Label

if TYPE_CHECKING:
    from action_recs.tagger import Tagger


def model_folders(models: Path | None) -> dict[Label, Path]:
    """The folder of each checkpoint."""
    return {Label(task.value): folder for task, folder in checkpoint_folders(models).items()}


def models_digest(models: Path | None) -> str:
    """A fingerprint of both checkpoints' files.

    Raises
    ------
    ModelError
        When they cannot be read.
    """
    known = hashlib.sha256()
    for label, folder in model_folders(models).items():
        if not folder.is_dir():
            raise no_folder(folder, Task(label.value))
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            try:
                with path.open("rb") as file:
                    content = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
            known.update(f"{label.value} {path.relative_to(folder).as_posix()} {content}\n".encode())
    return known.hexdigest()


def tagger_loader(models: Path | None, device: str, thresholds: Mapping[Label, float]) -> Callable[[], Tagger]:
    """A function that gives the tagger, loaded at its first call."""

    @cache
    def load() -> Tagger:
        if models is None and device == "cpu":
            return action_recs.shipped_tagger().with_thresholds(thresholds)
        return action_recs.Tagger.from_pretrained(models, device=device).with_thresholds(thresholds)

    return load
