"""A trained model on disk: an ordinary Hugging Face token-classification checkpoint that says how it is to be read.

What the library needs beyond transformers' own settings lies in the config under ``action_recs``: the task, the
windows, and the decoding settings. Weights are read from safetensors only; code from a checkpoint is never run. A
folder that ``save_checkpoint`` wrote is compared with its manifest first (see :mod:`action_recs.manifest`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from action_recs.adapter import NEEDED as ADAPTER_NEEDED
from action_recs.adapter import is_adapter, load_adapter
from action_recs.decoding import RECOMMENDATION_CLASSES, REVIEW_CLASSES, DecodingSettings
from action_recs.errors import ModelError, OutputError
from action_recs.input_length import longest_input
from action_recs.manifest import check_manifest, write_manifest
from action_recs.onnx_encoder import is_exported
from action_recs.transcript import Role
from action_recs.windows import ROLE_MARKERS

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SHIPPED = Path(__file__).parent / "models"
DEVICES = ("cpu", "cuda", "mps", "xpu")
CODE = ("auto_map", "custom_pipelines")
"""Entries of a config that name Python files beside it."""

NEEDED = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


class Task(StrEnum):
    """What a model finds."""

    RECOMMENDATION = "recommendation"
    REVIEW = "review"

    @property
    def classes(self) -> tuple[str, ...]:
        return RECOMMENDATION_CLASSES if self is Task.RECOMMENDATION else REVIEW_CLASSES

    @property
    def roles(self) -> tuple[Role, ...]:
        """Whose utterances are decoded: only the therapist recommends."""
        return (Role.THERAPIST,) if self is Task.RECOMMENDATION else tuple(Role)


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """How a checkpoint reads a session.

    Attributes
    ----------
    task : Task
    window_tokens, overlap_tokens : int
        Length and overlap of the windows.
    decoding : DecodingSettings
    """

    task: Task
    window_tokens: int = 384
    overlap_tokens: int = 128
    decoding: DecodingSettings = field(default_factory=DecodingSettings)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"task": self.task.value}

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> ReadingSettings:
        decoding = {name: float(value) for name, value in record["decoding"].items()}
        known = {each.name for each in fields(DecodingSettings)}
        return cls(
            task=Task(record["task"]),
            window_tokens=int(record["window_tokens"]),
            overlap_tokens=int(record["overlap_tokens"]),
            decoding=DecodingSettings(**{name: value for name, value in decoding.items() if name in known}),
        )


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A loaded model with its tokenizer and its reading settings."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    settings: ReadingSettings

    def __repr__(self) -> str:
        return f"Checkpoint({self.settings.task.value}, {self.model.config.model_type})"


def load_checkpoint(path: str | Path, task: Task, *, device: str | torch.device = "cpu") -> Checkpoint:
    """Load a checkpoint folder.

    Raises
    ------
    ModelError
        When the folder or a file of it is missing, or is not what its manifest says, or it holds a model of another
        kind or task. A folder without a manifest, such as the Hugging Face Trainer writes, is loaded all the same.
    """
    folder = Path(path)
    if is_exported(folder):
        raise ModelError(f"{folder}: an exported model is only read with; load the checkpoint that it was made from")
    settings = read_settings(folder, task)
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    place = find_device(device)
    try:
        with _quiet():
            if is_adapter(folder):
                model, tokenizer = load_adapter(folder, task)
                missing: Collection[str] = ()
            else:
                tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
                model, report = AutoModelForTokenClassification.from_pretrained(
                    folder,
                    local_files_only=True,
                    trust_remote_code=False,
                    use_safetensors=True,
                    dtype=torch.float32,
                    output_loading_info=True,
                )
                missing = report["missing_keys"]
    except ModelError:
        raise
    except Exception as error:  # transformers, tokenizers and safetensors each raise their own
        raise ModelError(
            f"{folder}: the checkpoint cannot be loaded ({type(error).__name__}); copy or train it again"
        ) from error
    if missing:  # transformers would fill them with noise
        raise ModelError(f"{folder}/model.safetensors: weights are missing; copy or train the checkpoint again")
    _check(folder, model, tokenizer, settings)
    return Checkpoint(model.to(place).eval(), tokenizer, settings)


def checkpoint_task(folder: Path) -> Task | None:
    """The task of the checkpoint in a folder; None for a folder that holds no checkpoint of ours itself."""
    try:
        return Task(json.loads((folder / "config.json").read_text(encoding="utf-8"))["action_recs"]["task"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def checkpoint_folders(path: str | Path | None) -> dict[Task, Path]:
    """Where both checkpoints lie.

    Parameters
    ----------
    path : path, optional
        A folder with both ``recommendation/`` and ``review/`` in it; or the folder of one checkpoint, beside which the
        shipped one of the other task is used. None: the shipped ones.
    """
    both = Path(path) if path is not None else SHIPPED
    if alone := checkpoint_task(both):
        return {task: SHIPPED / task.value for task in Task} | {alone: both}
    return {task: both / task.value for task in Task}


def no_folder(folder: Path, task: Task) -> ModelError:
    """What to say of a checkpoint's folder that is not there; where the other task's is, how to use that one alone."""
    other = next(each for each in Task if each is not task)
    beside = folder.with_name(other.value)
    remedy = f"give the folder of a trained {task.value} checkpoint"
    if folder.name == task.value and checkpoint_task(beside) is other:
        remedy += f", or {beside} alone, to use the shipped {task.value} model with it"
    return ModelError(f"{folder}: no such folder; {remedy}")


def save_checkpoint(checkpoint: Checkpoint, path: str | Path) -> None:
    """Write a checkpoint folder that ``load_checkpoint`` reads: half-precision safetensors, tokenizer, settings.

    Raises
    ------
    OutputError
        When it cannot be made, or holds an adapter, beside which whole weights are not read.
    """
    import torch

    folder = Path(path)
    check_no_adapter(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror}); name another folder") from None
    model = checkpoint.model
    model.config.action_recs = checkpoint.settings.to_dict()
    half = {
        name: tensor.detach().to("cpu", torch.float16) if tensor.is_floating_point() else tensor.detach().cpu()
        for name, tensor in model.state_dict().items()
    }
    model.save_pretrained(folder, state_dict=half)
    checkpoint.tokenizer.save_pretrained(folder)
    write_manifest(folder)


def check_no_adapter(*folders: Path) -> None:
    """Refuse to write a whole checkpoint where an adapter lies.

    Raises
    ------
    OutputError
    """
    for folder in filter(is_adapter, folders):
        raise OutputError(f"{folder}: holds an adapter, beside which whole weights are not read; name another folder")


def find_device(name: str | torch.device) -> torch.device:
    """The device of that name; a ``ModelError`` where this machine does not have it."""
    import torch

    try:
        device = torch.device(name)
        if device.type not in DEVICES:
            raise ModelError(f"the device {name} is not supported; use one of {', '.join(DEVICES)}")
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError):
        raise ModelError(f"the device {name} is not at hand on this machine; use cpu") from None
    return device


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' progress bars and reports: what matters of them becomes a ``ModelError``."""
    from transformers.utils import logging

    bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def read_settings(folder: Path, task: Task, *, needed: Sequence[str] = ()) -> ReadingSettings:
    """The settings of a checkpoint folder that is whole and of this task; a ``ModelError`` for any other."""
    if not folder.is_dir():
        raise no_folder(folder, task)
    needed = needed or (ADAPTER_NEEDED if is_adapter(folder) else NEEDED)
    if missing := [name for name in needed if not (folder / name).is_file()]:
        remedy = "the folder must hold config.json, model.safetensors (or an adapter's) and a tokenizer"
        raise ModelError(f"{folder}: {', '.join(missing)} is missing; {remedy}")
    check_manifest(folder, required=folder.resolve().is_relative_to(SHIPPED.resolve()))
    _refuse_code(folder)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        settings = ReadingSettings.from_dict(config["action_recs"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        remedy = "train it with action-recs train"
        raise ModelError(f"{folder}/config.json: no action_recs settings: not a checkpoint of ours; {remedy}") from None
    rates = asdict(settings.decoding)
    if wrong := [name for name, rate in rates.items() if not 0 <= rate <= 1]:
        raise ModelError(f"{folder}/config.json: {', '.join(wrong)} must lie between 0 and 1")
    if not 0 <= settings.overlap_tokens <= settings.window_tokens / 2:
        raise ModelError(f"{folder}/config.json: overlap_tokens must lie between 0 and half of window_tokens")
    if settings.task is not task:
        raise ModelError(f"{folder}: a {settings.task.value} checkpoint where a {task.value} checkpoint is needed")
    return settings


def _refuse_code(folder: Path) -> None:
    """Refuse what makes transformers look for code or other weights, though it is told to run and fetch none."""
    for name in ("config.json", "tokenizer_config.json"):
        try:
            content = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # told where it is needed
            continue
        if not isinstance(content, dict):
            continue
        kernels = {key: value for key, value in content.items() if "attn_implementation" in key and "/" in str(value)}
        if found := sorted({key for key in CODE if key in content} | kernels.keys()):
            remedy = "code of a checkpoint is never run; train one of a kind that transformers knows"
            raise ModelError(f"{folder / name}: {found[0]} names code; {remedy}")


def _check(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: ReadingSettings) -> None:
    labels = tuple(model.config.id2label.get(number) for number in range(model.config.num_labels))
    if labels != settings.task.classes:
        raise ModelError(f"{folder}/config.json: its labels are not those of the {settings.task.value} task")
    if not tokenizer.is_fast:
        raise ModelError(f"{folder}: a fast tokenizer (tokenizer.json) is needed for character offsets")
    longest = longest_input(model) or settings.window_tokens
    if not 4 <= settings.window_tokens <= longest:
        raise ModelError(f"{folder}/config.json: windows of {settings.window_tokens} tokens; it reads 4 to {longest}")
    if not all(bool(parameter.isfinite().all()) for parameter in model.parameters()):
        raise ModelError(f"{folder}/model.safetensors: some weights are not numbers; copy or train it again")
    vocabulary = tokenizer.get_vocab()
    if missing := [marker for marker in ROLE_MARKERS.values() if marker not in vocabulary]:
        raise ModelError(f"{folder}/tokenizer.json: the role markers {', '.join(missing)} are missing")
    if len(vocabulary) > model.get_input_embeddings().num_embeddings:
        raise ModelError(f"{folder}: the tokenizer has more tokens than the model; they do not belong together")
