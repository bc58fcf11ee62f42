"""Both models as ONNX graphs: for machines where ONNX Runtime is at hand or faster than torch.

What is written is compared with what it was made from before it takes its place: the labels of the bundled example
must be the same.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from action_recs.checkpoint import Checkpoint, checkpoint_folders, load_checkpoint
from action_recs.errors import ModelError, OutputError
from action_recs.manifest import write_manifest
from action_recs.onnx_encoder import GRAPH
from action_recs.precision import Precision
from action_recs.session import Label
from action_recs.tagger import Tagger

if TYPE_CHECKING:
    from action_recs.session import TaggedSession

OPSET = 17

BLOCK = 128
"""Numbers that share a scale, in 8-bit integers."""

INTEGERS = 4
"""ONNX Runtime's name for activations as 8-bit integers too; lower levels only save memory."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The exported models beside those that they were made from, on the bundled example.

    Attributes
    ----------
    utterances : int
    largest_difference : float
        Of an utterance's score, between 0 and 1.
    """

    utterances: int
    largest_difference: float


def export_models(output: str | Path, models: str | Path | None = None, *, int8: bool = False) -> Comparison:
    """Write ``recommendation/`` and ``review/`` as ONNX graphs, which ``Tagger.from_pretrained(output)`` loads.

    Parameters
    ----------
    output : path
        A folder that does not exist yet, or is empty.
    models : path, optional
        A folder with both checkpoints, or the folder of one, beside which the shipped one of the other task is
        exported; without it, the shipped ones.
    int8 : bool
        Multiply in 8-bit integers: half the size, and faster where the processor has instructions for it.

    Returns
    -------
    Comparison

    Raises
    ------
    ModelError
        When a checkpoint cannot be loaded, the libraries are missing, or an exported model gives other labels.
    OutputError
        When the folder cannot be written, or holds something.
    """
    _check_libraries()
    target, sources = Path(output), checkpoint_folders(models)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError(f"{target}: holds something already; name a new folder")
    precision = Precision.INT8 if int8 else Precision.FP32
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as made:
            whole = Path(made) / "models"
            for task, source in sources.items():
                _export(load_checkpoint(source, task), source, whole / task.value, precision)
            compared = _compare(whole, models)
            if target.exists():
                target.rmdir()
            whole.rename(target)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written ({error.strerror})") from None
    return compared


def _check_libraries() -> None:
    try:
        import onnx  # noqa: F401
        import onnx_ir  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError:
        raise ModelError("exporting needs onnx, onnx-ir and onnxruntime; pip install 'action_recs[onnx]'") from None


def _export(checkpoint: Checkpoint, source: Path, folder: Path, precision: Precision) -> None:
    folder.mkdir(parents=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(source / name, folder / name)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(
        json.dumps(config | {"onnx": precision.value}, indent=2) + "\n", encoding="utf-8"
    )
    graph = folder / GRAPH
    _write_graph(checkpoint, graph)
    if precision is Precision.INT8:
        _quantize(graph)
    write_manifest(folder)


def _quantize(graph: Path) -> None:
    """Multiply in 8-bit integers, with a scale for every block of weights and of activations.

    One scale for all activations of a multiplication (``quantize_dynamic``) is faster, and changes labels:
    a few numbers that are five times larger than all others leave the others few steps.
    """
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

    with _silent():
        blocks = DefaultWeightOnlyQuantConfig(block_size=BLOCK, is_symmetric=True, accuracy_level=INTEGERS, bits=8)
        quantizer = MatMulNBitsQuantizer(onnx.load(graph), algo_config=blocks)
        quantizer.process()
        onnx.save(quantizer.model.model, graph)


def _write_graph(checkpoint: Checkpoint, path: Path) -> None:
    import torch

    class Logits(torch.nn.Module):
        """The model with its two inputs in a fixed order."""

        def __init__(self) -> None:
            super().__init__()
            self.model = checkpoint.model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
            return logits

    checkpoint.model.set_attn_implementation("eager")  # the fused one cannot be traced for every shape
    mask = torch.ones(2, 16, dtype=torch.int64)
    mask[1, 9:] = 0  # a mask that hides nothing would be left out of the graph
    free = {0: "windows", 1: "tokens"}
    with _silent():
        torch.onnx.export(
            Logits().eval(),
            (torch.ones_like(mask), mask),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={"input_ids": free, "attention_mask": free, "logits": free},
            opset_version=OPSET,
            dynamo=False,
        )


def _compare(exported: Path, source: str | Path | None) -> Comparison:
    with resources.as_file(resources.files("action_recs") / "examples") as folder:
        examples = sorted(folder.glob("*.txt"))
        found, expected = (_tagged(tagger, examples) for tagger in _both(exported, source))
    pairs = [
        both
        for one, other in zip(found, expected, strict=True)
        for both in zip(one.utterances, other.utterances, strict=True)
    ]
    different = sum(one.labels != other.labels for one, other in pairs)
    largest = max(abs(one.scores[label] - other.scores[label]) for one, other in pairs for label in Label)
    if different:
        raise ModelError(
            f"the exported models give {different} of {len(pairs)} utterances of the example other labels "
            f"(scores differ by up to {largest:.3f}); nothing was written; export without --int8"
        )
    return Comparison(len(pairs), largest)


def _both(exported: Path, source: str | Path | None) -> tuple[Tagger, Tagger]:
    return Tagger.from_pretrained(exported), Tagger.from_pretrained(source, precision=Precision.FP32)


def _tagged(tagger: Tagger, examples: list[Path]) -> list[TaggedSession]:
    return list(tagger.tag_many(examples))


@contextmanager
def _silent() -> Iterator[None]:
    """Without the exporters' advice to developers; what matters of it shows when the models are compared."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
