"""A LoRA adapter on disk: small matrices that are added to the weights of the checkpoint or encoder beneath it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from action_recs.errors import ModelError
from action_recs.markers import place_markers

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from action_recs.checkpoint import Task

NEEDED = ("config.json", "adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "tokenizer_config.json")
"""What an adapter's folder holds."""

SHIPPED_BASE = "shipped"


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter and not a whole checkpoint."""
    return (folder / "adapter_config.json").is_file()


def base_record(base: str, folder: Path | None) -> dict[str, Any]:
    """How an adapter's config names what is beneath it: "shipped", a folder or a hub name, and the weights' SHA-256.

    Parameters
    ----------
    base : str
        As the configuration names it.
    folder : path, optional
        Where it lies; None for a hub name.
    """
    named = base if folder is None or base == SHIPPED_BASE else str(folder.resolve())
    return {"base": named, "sha256": _weights_hash(folder) if folder else None}


def load_adapter(folder: Path, task: Task) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model with the adapter added to its weights: an ordinary one, as fast as without.

    Raises
    ------
    ModelError
        Without peft, or when what is beneath the adapter is missing or other weights than it was trained over.
    """
    try:
        import peft
    except ImportError:
        raise ModelError(f"{folder}: an adapter needs peft: pip install 'action_recs[train]'") from None
    import torch
    from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer

    from action_recs.checkpoint import SHIPPED, load_checkpoint

    try:
        record = json.loads((folder / "config.json").read_text(encoding="utf-8"))["action_recs"]["adapter"]
        base, expected = str(record["base"]), record["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ModelError(f"{folder}/config.json: does not say which base the adapter is for; train it again") from None
    beneath = SHIPPED / task.value if base == SHIPPED_BASE else Path(base)
    if expected is not None:
        if not beneath.is_dir():
            raise ModelError(f"{folder}: its base {base} is missing; copy it there, or train with lora.merge=true")
        if _weights_hash(beneath) != expected:
            raise ModelError(
                f"{folder}: its base {base} has other weights than the adapter was trained over; train it again"
            )
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    own = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if beneath.is_dir() and _is_ours(beneath):
        model = load_checkpoint(beneath, task).model
    else:
        try:
            config = AutoConfig.from_pretrained(base, local_files_only=True, trust_remote_code=False)
            config.id2label, config.label2id = own.id2label, own.label2id
            model = AutoModelForTokenClassification.from_pretrained(
                base,
                config=config,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
            )
            known = AutoTokenizer.from_pretrained(base, local_files_only=True, trust_remote_code=False).get_vocab()
        except OSError:
            remedy = "fetch it first, or train with lora.merge=true"
            raise ModelError(f"{folder}: its base {base} is not on this machine; {remedy}") from None
        place_markers(model, tokenizer, known)
    adapted = peft.PeftModel.from_pretrained(model, str(folder))
    merged: PreTrainedModel = adapted.merge_and_unload()
    merged.config.action_recs = own.action_recs
    return merged, tokenizer


def _is_ours(folder: Path) -> bool:
    return "action_recs" in json.loads((folder / "config.json").read_text(encoding="utf-8"))


def _weights_hash(folder: Path) -> str:
    name = "adapter_model.safetensors" if is_adapter(folder) else "model.safetensors"
    try:
        return hashlib.sha256((folder / name).read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{folder / name}: cannot be read ({error.strerror})") from None
