"""Models exported with :mod:`action_recs.onnx_export`, run by ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from action_recs.errors import ModelError
from action_recs.precision import Precision

if TYPE_CHECKING:
    from action_recs.encoder import WindowInput

GRAPH = "model.onnx"
NEEDED = ("config.json", GRAPH, "tokenizer.json", "tokenizer_config.json")


def is_exported(folder: Path) -> bool:
    """Whether a model folder holds an exported graph in place of a checkpoint's weights."""
    return (folder / GRAPH).is_file() and not (folder / "model.safetensors").is_file()


class OnnxEncoder:
    """A token classifier as an ONNX graph, on the processor; windows are padded to the longest of the batch.

    Parameters
    ----------
    folder : Path
        Of one exported model.

    Raises
    ------
    ModelError
        When ONNX Runtime is not installed, or cannot read the graph.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise ModelError(f"{folder}: exported models need ONNX Runtime; pip install 'action_recs[onnx]'") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # threads call it side by side, one on each core
        options.log_severity_level = 4
        try:
            self.precision = Precision(json.loads((folder / "config.json").read_text(encoding="utf-8"))["onnx"])
            self.session = onnxruntime.InferenceSession(
                str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime raises many of its own
            raise ModelError(
                f"{folder}: the exported model cannot be loaded ({type(error).__name__}); export it again"
            ) from error

    @property
    def name(self) -> str:
        return f"onnx, {self.precision.value}"

    def probabilities(self, windows: Sequence[WindowInput]) -> list[np.ndarray]:
        from action_recs.encoder import divide, pad

        ids, mask, places = pad(windows, padding=0)
        (logits,) = self.session.run(["logits"], {"input_ids": ids, "attention_mask": mask})
        wanted = logits.reshape(-1, logits.shape[-1])[places]
        powers = np.exp(wanted - wanted.max(axis=1, keepdims=True, initial=-np.inf))
        return divide(powers / powers.sum(axis=1, keepdims=True), windows)
