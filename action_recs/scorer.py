"""A checkpoint made ready to read with: its settings, its tokenizer, and the fastest encoder at hand for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
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

    from action_recs.encoder import Encoder, SharesTrunk


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
        afresh = self.afresh()
        return Origin, (afresh.folder, afresh.task, afresh.loaded)

    def afresh(self) -> Origin:
        """The same without what is loaded, where that can be loaded again."""
        return self if self.folder == Path() else Origin(self.folder, self.task)


@dataclass(frozen=True, slots=True)
class Scorer:
    """What :mod:`action_recs.scoring` runs.

    Attributes
    ----------
    settings : ReadingSettings
    tokenizer : a fast tokenizer, of transformers or plain
    encoder : Encoder
        Two scorers that share one are read in one pass (:mod:`action_recs.trunk`).
    exact : SharesTrunk or None
        The same in 32-bit floats, for close calls; None where the encoder is exact itself.
    columns : slice
        Which of the encoder's classes are this model's.
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
    exact: SharesTrunk | None
    columns: slice
    device: str
    vocabulary: str
    checkpoint: Origin = field(repr=False)

    def __repr__(self) -> str:
        return f"Scorer({self.settings.task.value}, {self.encoder.name})"


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
    if place.type == "cpu" and (packed := _on_one_core(_pack, folder, settings, exact)):
        return packed
    loaded = load_checkpoint(folder, task, device=place)
    scorer = replace(scorer_of(loaded, exact), checkpoint=Origin(folder, task, loaded))
    file = folder / "tokenizer.json"
    return replace(scorer, vocabulary=f"transformers {_digest(file.read_bytes())}") if file.is_file() else scorer


def scorer_of(checkpoint: Checkpoint, precision: Precision = Precision.FP32) -> Scorer:
    """Read with a checkpoint that is loaded already. Its weights stay as they are, whatever the precision."""
    from action_recs.encoder import TransformersEncoder

    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    padding = tokenizer.pad_token_id or 0
    task = checkpoint.settings.task
    return Scorer(
        checkpoint.settings,
        tokenizer,
        encoder=TransformersEncoder(model, precision, padding=padding),
        exact=None if precision is Precision.FP32 else TransformersEncoder(model, Precision.FP32, padding=padding),
        columns=slice(0, len(task.classes)),
        device=model.device.type,
        vocabulary=f"only {id(tokenizer)}",
        checkpoint=Origin(Path(), task, checkpoint),
    )


def _pack(folder: Path, settings: ReadingSettings, precision: Precision) -> Scorer | None:
    """The fast way on a processor. None for what it does not do, and for broken files: transformers' way names them."""
    from safetensors.torch import load_file

    from action_recs.packed_bert import PackedBert, can_pack
    from action_recs.tokenizing import PlainTokenizer

    file = folder / "model.safetensors"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if not can_pack(config) or not file.is_file() or is_adapter(folder):
        return None
    try:
        tokenizer = PlainTokenizer(folder)
        weights = {name: weight.clone() for name, weight in load_file(file).items()}  # else they change with the file
        encoder = PackedBert(config, weights, precision)
        halved = precision is not Precision.FP32
        exact = PackedBert(config, weights, Precision.FP32, seldom=True) if halved else None
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
    origin, columns = Origin(folder, settings.task), slice(0, len(labels))
    return Scorer(settings, tokenizer, encoder, exact, columns, "cpu", kind, origin)


def _on_one_core(load: Callable[..., Scorer | None], *arguments: Any) -> Scorer | None:
    """Run it on one core: cores that wait for each other after every small step take longer than one."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return load(*arguments)
    finally:
        torch.set_num_threads(before)


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
    return Scorer(settings, tokenizer, encoder, None, slice(0, len(task.classes)), "cpu", kind, Origin(folder, task))


def _digest(tokenizer: bytes) -> str:
    return hashlib.sha256(tokenizer).hexdigest()
