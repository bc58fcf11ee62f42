"""A checkpoint made ready to read with: its settings, its tokenizer, and the fastest encoder at hand for it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from action_recs.adapter import is_adapter
from action_recs.checkpoint import Checkpoint, ReadingSettings, Task, find_device, load_checkpoint, read_settings
from action_recs.errors import ModelError
from action_recs.onnx_encoder import is_exported
from action_recs.precision import Precision, choose_precision
from action_recs.windows import ROLE_MARKERS

if TYPE_CHECKING:
    import torch

    from action_recs.encoder import Encoder


class Origin:
    """The checkpoint that a scorer was made of, loaded when it is first asked for.

    Parameters
    ----------
    folder : Path
    task : Task
    loaded : Checkpoint, optional
        Where it is at hand already.
    """

    def __init__(self, folder: Path, task: Task, loaded: Checkpoint | None = None) -> None:
        self.folder, self.task, self.loaded = folder, task, loaded

    def __call__(self) -> Checkpoint:
        if self.loaded is None:
            self.loaded = load_checkpoint(self.folder, self.task)
        return self.loaded

    def __reduce__(self) -> tuple[type[Origin], tuple[Any, ...]]:
        """Another process loads from the folder: transformers hangs functions on a used model that cannot travel."""
        return Origin, (self.folder, self.task, None if self.folder != Path() else self.loaded)


@dataclass(frozen=True, slots=True)
class Scorer:
    """What :mod:`action_recs.scoring` runs.

    Attributes
    ----------
    settings : ReadingSettings
    tokenizer : a fast tokenizer, of transformers or plain
    encoder : Encoder
    device : str
        The kind of device that the encoder runs on: "cpu", "cuda", ...
    vocabulary : str
        Alike for scorers whose tokenizers give the same tokens.
    checkpoint : Origin
        Gives the checkpoint as transformers has it: to save it or to look into it.
    """

    settings: ReadingSettings
    tokenizer: Any
    encoder: Encoder
    device: str
    vocabulary: str
    checkpoint: Origin = field(repr=False)

    def __repr__(self) -> str:
        return f"Scorer({self.settings.task.value}, {self.encoder.name})"

    def with_settings(self, settings: ReadingSettings) -> Scorer:
        """The same model, read and decoded with other settings."""
        from action_recs.close_calls import CarefulEncoder

        encoder = self.encoder
        if isinstance(encoder, CarefulEncoder):  # other thresholds make other calls close
            encoder = CarefulEncoder(encoder.fast, encoder.exact, settings)
        return replace(self, settings=settings, encoder=encoder)


def load_scorer(
    path: str | Path,
    task: Task,
    *,
    device: str | torch.device = "cpu",
    precision: Precision | str = Precision.AUTO,
) -> Scorer:
    """Load a checkpoint folder to read with.

    Raises
    ------
    ModelError
        As :func:`action_recs.checkpoint.load_checkpoint`, and for a precision that is not at hand.
    """
    folder = Path(path)
    if is_exported(folder):
        return _load_exported(folder, task, find_device(device), precision)
    settings = read_settings(folder, task)
    place = find_device(device)
    exact = choose_precision(precision, place)
    if place.type == "cpu" and (packed := _pack(folder, settings, exact)):
        return packed
    scorer = scorer_of(load_checkpoint(folder, task, device=place), exact)
    file = folder / "tokenizer.json"
    return replace(scorer, vocabulary=f"transformers {_digest(file.read_bytes())}") if file.is_file() else scorer


def scorer_of(checkpoint: Checkpoint, precision: Precision = Precision.FP32) -> Scorer:
    """Read with a checkpoint that is loaded already. Its weights stay as they are, whatever the precision."""
    from action_recs.close_calls import CarefulEncoder
    from action_recs.encoder import TransformersEncoder

    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    padding = tokenizer.pad_token_id or 0
    encoder: Encoder = TransformersEncoder(model, Precision.FP32, padding=padding)
    if precision is not Precision.FP32:
        fast = TransformersEncoder(model, precision, padding=padding)
        encoder = CarefulEncoder(fast, encoder, checkpoint.settings)
    kind = f"only {id(tokenizer)}"
    origin = Origin(Path(), checkpoint.settings.task, checkpoint)
    return Scorer(checkpoint.settings, tokenizer, encoder, model.device.type, kind, origin)


def _pack(folder: Path, settings: ReadingSettings, precision: Precision) -> Scorer | None:
    """The fast way on a processor. None for what it does not do, and for broken files: transformers' way names them."""
    from safetensors.torch import load_file

    from action_recs.close_calls import CarefulEncoder
    from action_recs.packed_bert import PackedBert, can_pack
    from action_recs.tokenizing import PlainTokenizer

    file = folder / "model.safetensors"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if not can_pack(config) or not file.is_file() or is_adapter(folder):
        return None
    try:
        tokenizer = PlainTokenizer(folder)
        weights = load_file(file)
        exact = PackedBert(config, weights, Precision.FP32)
        fast = PackedBert(config, weights, precision) if precision is not Precision.FP32 else exact
    except Exception:  # noqa: BLE001 # tokenizers and safetensors each raise their own
        return None
    vocabulary = tokenizer.get_vocab()
    labels = tuple(config["id2label"].get(str(number)) for number in range(len(config["id2label"])))
    whole = (
        labels == settings.task.classes
        and vocabulary.keys() >= set(ROLE_MARKERS.values())
        and max(vocabulary.values()) < config["vocab_size"]
        and tokenizer.cls_token_id is not None
        and tokenizer.sep_token_id is not None
        and 4 <= settings.window_tokens <= config["max_position_embeddings"]
    )
    if not whole:
        return None
    kind = f"plain {_digest((folder / 'tokenizer.json').read_bytes())}"
    encoder = exact if fast is exact else CarefulEncoder(fast, exact, settings)
    return Scorer(settings, tokenizer, encoder, "cpu", kind, Origin(folder, settings.task))


def _load_exported(folder: Path, task: Task, device: torch.device, precision: Precision | str) -> Scorer:
    from action_recs.onnx_encoder import NEEDED, OnnxEncoder
    from action_recs.tokenizing import PlainTokenizer

    settings = read_settings(folder, task, needed=NEEDED)
    encoder = OnnxEncoder(folder)
    if device.type != "cpu":
        raise ModelError(f"{folder}: an exported model runs on the cpu; load the checkpoint that it was made from")
    if precision not in (Precision.AUTO, encoder.precision):
        raise ModelError(f"{folder}: exported as {encoder.precision}; load it with precision auto")
    tokenizer = PlainTokenizer(folder)
    kind = f"plain {_digest((folder / 'tokenizer.json').read_bytes())}"
    return Scorer(settings, tokenizer, encoder, "cpu", kind, Origin(folder, task))


def _digest(tokenizer: bytes) -> str:
    return hashlib.sha256(tokenizer).hexdigest()
