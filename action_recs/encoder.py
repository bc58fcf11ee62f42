"""What turns windows into class probabilities: the interface, and the way that works for every model and device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import torch

from action_recs.precision import Precision
from action_recs.transcript import Role
from action_recs.two_tops import same_trunk, with_two_tops

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
    roles : sequence of Role
        Who says each of these pieces.
    """

    tokens: Sequence[int] = field(repr=False)
    rows: np.ndarray = field(repr=False)
    pieces: np.ndarray = field(repr=False)
    roles: Sequence[Role] = field(repr=False)


class Encoder(Protocol):
    """A token classifier that is ready to run. Threads may call it side by side."""

    @property
    def name(self) -> str:
        """What it is and how it computes, such as "bert, bf16"."""

    def probabilities(self, windows: Sequence[WindowInput]) -> list[np.ndarray]:
        """For each window the probabilities of its rows, shape (rows, classes), 32-bit floats.

        One that has the tops of several models gives their classes side by side.
        """


@runtime_checkable
class SharesTrunk(Encoder, Protocol):
    """An encoder whose lower layers can serve another model's top too."""

    tops: tuple[int, ...]
    """How many classes each of its tops has."""

    def with_top_of(self, other: Encoder) -> SharesTrunk | None:
        """Both in one: this one's classes and then the other's. None where the layers below are not the same."""


HALVES = {Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}


class TransformersEncoder:
    """Any token classifier of transformers, on any device: windows are padded to the longest of the batch.

    But one by one in half precision on a processor, where they gain little by company: half precision rounds otherwise
    in every shape, and a score would move by a hundredth with what lies beside its window.

    Parameters
    ----------
    model : PreTrainedModel
        On its device, in evaluation mode, its weights 32-bit floats.
    precision : Precision
    padding : int
        The token that fills up shorter windows.
    """

    def __init__(self, model: PreTrainedModel, precision: Precision = Precision.FP32, *, padding: int = 0) -> None:
        self.model = model
        self.precision = precision
        self.padding = padding
        self.tops: tuple[int, ...] = (model.config.num_labels,)

    @property
    def name(self) -> str:
        return f"{self.model.config.model_type}, {self.precision.value}"

    @torch.inference_mode()
    def probabilities(self, windows: Sequence[WindowInput]) -> list[np.ndarray]:
        device = self.model.device
        halved = self.precision in HALVES
        if halved and device.type == "cpu" and len(windows) > 1:
            return [table for each in windows for table in self.probabilities([each])]
        ids, mask, places = pad(windows, self.padding)
        with torch.autocast(device.type, HALVES.get(self.precision), enabled=halved):
            logits = self.model(input_ids=_on(device, ids), attention_mask=_on(device, mask)).logits
        wanted = logits.flatten(0, 1)[_on(device, places)]
        return divide(shares(wanted.float(), self.tops).cpu().numpy(), windows)

    def with_top_of(self, other: Encoder) -> TransformersEncoder | None:
        if not isinstance(other, TransformersEncoder):
            return None
        how, also = ((each.precision, each.padding, each.model.device) for each in (self, other))
        if how != also or not same_trunk(self.model, other.model):
            return None
        joined = TransformersEncoder(with_two_tops(self.model, other.model), self.precision, padding=self.padding)
        joined.tops = (*self.tops, *other.tops)
        return joined


def shares(logits: torch.Tensor, tops: Sequence[int]) -> torch.Tensor:
    """Probabilities of the classes of each top, which lie side by side."""
    return torch.cat([each.softmax(-1) for each in torch.split(logits, list(tops), dim=-1)], dim=-1)


def pad(windows: Sequence[WindowInput], padding: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fill windows up to the longest of them.

    Returns
    -------
    ids, mask : array of shape (windows, longest), 64-bit integers
    places : array of int
        The wanted rows of all windows, as places in the flattened windows.
    """
    ids, mask = padded([window.tokens for window in windows], padding)
    return ids, mask, np.concatenate([at * ids.shape[1] + window.rows for at, window in enumerate(windows)])


def padded(rows: Sequence[Sequence[int]], padding: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of tokens filled up to the longest of them, and where there are tokens.

    Examples
    --------
    >>> ids, mask = padded([[7, 8, 9], [5]], padding=0)
    >>> ids.tolist(), mask.tolist()
    ([[7, 8, 9], [5, 0, 0]], [[1, 1, 1], [1, 0, 0]])
    """
    longest = max(map(len, rows))
    ids = np.full((len(rows), longest), padding, dtype=np.int64)
    mask = np.zeros((len(rows), longest), dtype=np.int64)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return ids, mask


def divide(table: np.ndarray, windows: Sequence[WindowInput]) -> list[np.ndarray]:
    """The rows of all windows, one under the other, as one table for each window."""
    ends = np.cumsum([len(window.rows) for window in windows])
    return np.split(table, ends[:-1])


def _on(device: torch.device, numbers: np.ndarray) -> torch.Tensor:
    tensor = torch.from_numpy(numbers)
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)  # the copy goes on while the next batch is made
