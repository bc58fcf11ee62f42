"""What turns windows into class probabilities: the interface, and the way that works for every model and device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from action_recs.precision import Precision

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class WindowInput:
    """One window as an encoder takes it.

    Attributes
    ----------
    tokens : sequence of int
    rows : array of int
        The places among the tokens whose probabilities are wanted, ascending.
    pieces : array of int
        Which of the rows begin a piece.
    """

    tokens: Sequence[int] = field(repr=False)
    rows: np.ndarray = field(repr=False)
    pieces: np.ndarray = field(repr=False)


class Encoder(Protocol):
    """A token classifier that is ready to run. Threads may call it side by side."""

    @property
    def name(self) -> str:
        """What it is and how it computes, such as "bert, bf16"."""

    def probabilities(self, windows: Sequence[WindowInput]) -> list[np.ndarray]:
        """For each window the probabilities of its rows, shape (rows, classes), 32-bit floats."""


class TransformersEncoder:
    """Any token classifier of transformers, on any device: windows are padded to the longest of the batch.

    Parameters
    ----------
    model : PreTrainedModel
        On its device, in evaluation mode. On a GPU its weights have the type that it computes with.
    precision : Precision
    padding : int
        The token that fills up shorter windows.
    """

    def __init__(self, model: PreTrainedModel, precision: Precision = Precision.FP32, *, padding: int = 0) -> None:
        self.model = model
        self.precision = precision
        self.padding = padding

    @property
    def name(self) -> str:
        return f"{self.model.config.model_type}, {self.precision.value}"

    @torch.inference_mode()
    def probabilities(self, windows: Sequence[WindowInput]) -> list[np.ndarray]:
        ids, mask, places = pad(windows, self.padding)
        device = self.model.device
        with torch.autocast("cpu", torch.bfloat16, enabled=device.type == "cpu" and self.precision is Precision.BF16):
            logits = self.model(input_ids=_on(device, ids), attention_mask=_on(device, mask)).logits
        wanted = logits.flatten(0, 1)[_on(device, places)]
        return divide(wanted.float().softmax(-1).cpu().numpy(), windows)


def pad(windows: Sequence[WindowInput], padding: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fill windows up to the longest of them.

    Returns
    -------
    ids, mask : array of shape (windows, longest), 64-bit integers
    places : array of int
        The wanted rows of all windows, as places in the flattened windows.
    """
    longest = max(len(window.tokens) for window in windows)
    ids = np.full((len(windows), longest), padding, dtype=np.int64)
    mask = np.zeros((len(windows), longest), dtype=np.int64)
    for at, window in enumerate(windows):
        ids[at, : len(window.tokens)] = window.tokens
        mask[at, : len(window.tokens)] = 1
    return ids, mask, np.concatenate([at * longest + window.rows for at, window in enumerate(windows)])


def divide(table: np.ndarray, windows: Sequence[WindowInput]) -> list[np.ndarray]:
    """The rows of all windows, one under the other, as one table for each window."""
    ends = np.cumsum([len(window.rows) for window in windows])
    return np.split(table, ends[:-1])


def _on(device: torch.device, numbers: np.ndarray) -> torch.Tensor:
    tensor = torch.from_numpy(numbers)
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)  # the copy goes on while the next batch is made
