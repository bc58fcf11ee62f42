"""Trained checkpoints onto disk, whole or as adapters."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from action_recs.adapter import base_record, is_adapter
from action_recs.checkpoint import Checkpoint, save_checkpoint
from action_recs.manifest import write_manifest
from action_recs.training.config import TrainingConfig
from action_recs.training.start import base_of
from action_recs.whole_files import write_whole


def save_trained(checkpoint: Checkpoint, config: TrainingConfig, folder: Path) -> None:
    """Write what ``load_checkpoint`` reads: a checkpoint, or with ``lora`` an adapter beside its base's name."""
    if config.lora is None:
        save_checkpoint(checkpoint, folder)
        return
    adapted: Any = checkpoint.model
    if config.lora.merge:
        save_checkpoint(replace(checkpoint, model=adapted.merge_and_unload()), folder)
        return
    base = base_of(config.base, config.task)
    held = base_record(config.base, Path(base) if Path(base).is_dir() else None)
    adapted.peft_config["default"].base_model_name_or_path = held["base"]
    adapted.save_pretrained(folder, save_embedding_layers=False)  # the markers' rows are part of the adapter
    (folder / "README.md").unlink(missing_ok=True)
    checkpoint.tokenizer.save_pretrained(folder)
    model = adapted.get_base_model()
    model.config.action_recs = checkpoint.settings.to_dict() | {"adapter": held}
    model.config.save_pretrained(folder)
    write_manifest(folder)


def save_settings(checkpoint: Checkpoint, folder: Path) -> None:
    """Give the checkpoint that was loaded from a folder its settings there; an adapter stays an adapter."""
    if not is_adapter(folder):
        save_checkpoint(checkpoint, folder)
        return
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["action_recs"] = config["action_recs"] | checkpoint.settings.to_dict()
    write_whole(json.dumps(config, indent=2, sort_keys=True) + "\n", path)
    write_manifest(folder)
