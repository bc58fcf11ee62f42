"""Windows -> batches: a batch is one item of the data set, so that its size can differ and any sampler deals it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.utils.data
from datasets import Dataset

from action_recs.training.labels import IGNORED

Rows = list[dict[str, Any]]


class Batches(torch.utils.data.Dataset[Rows]):
    """The batches of a run, in the order in which they are trained on.

    Parameters
    ----------
    windows : Dataset
        What ``examples.training_dataset`` made.
    """

    def __init__(self, windows: Dataset) -> None:
        self.windows = windows
        numbers = np.asarray(windows["batch"])
        self.borders = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
        self.lengths = np.array([len(ids) for ids in windows["input_ids"]])

    def __len__(self) -> int:
        return len(self.borders) - 1

    def __getitem__(self, number: int) -> Rows:
        rows: Rows = self.windows.select(range(self.borders[number], self.borders[number + 1])).to_list()
        return rows

    def tokens(self, number: int) -> int:
        """Tokens of a batch, padding included: what memory it takes."""
        lengths = self.lengths[self.borders[number] : self.borders[number + 1]]
        return int(lengths.max()) * len(lengths)

    @property
    def largest(self) -> int:
        """The number of the batch that takes most memory."""
        return max(range(len(self)), key=self.tokens)

    @property
    def mean_tokens(self) -> float:
        """Tokens of a batch in the mean, padding left out."""
        return float(self.lengths.sum() / len(self))


class Collator:
    """Pads the windows of one or more batches into tensors.

    Parameters
    ----------
    padding : int
        The padding token.
    states : mapping of transcript's hash to array of shape (utterances, size), optional
        Teachers' hidden states; then ``states`` of shape (windows, tokens, size) is part of what is returned.
    """

    def __init__(self, padding: int, states: Mapping[int, np.ndarray] | None = None) -> None:
        self.padding = padding
        self.states = states

    def __call__(self, batches: Sequence[Rows]) -> dict[str, torch.Tensor]:
        """Tensors of shape (windows, tokens); ``soft`` has a third axis of classes, ``labelled`` has no second one."""
        rows = [row for batch in batches for row in batch]
        longest = max(len(row["input_ids"]) for row in rows)
        found = {
            "input_ids": _padded(rows, "input_ids", longest, self.padding),
            "attention_mask": _padded(rows, "attention_mask", longest, 0),
            "labels": _padded(rows, "labels", longest, IGNORED),
        }
        if "soft" in rows[0]:
            classes = len(rows[0]["soft"][0])
            found["soft"] = torch.tensor(
                [row["soft"] + [[0.0] * classes] * (longest - len(row["soft"])) for row in rows], dtype=torch.float32
            )
            found["labelled"] = torch.tensor([row["labelled"] for row in rows])
        if self.states is not None:
            found["utterance"] = _padded(rows, "utterance", longest, -1)
            size = next(iter(self.states.values())).shape[1]
            states = torch.zeros(len(rows), longest, size)
            for number, row in enumerate(rows):
                held = self.states[row["transcript"]]
                inside = [at for at in row["utterance"] if at >= 0]
                states[number, 1 : 1 + len(inside)] = torch.from_numpy(held[inside].astype(np.float32))
            found["states"] = states
        return found


def _padded(rows: Rows, name: str, longest: int, padding: int) -> torch.Tensor:
    return torch.tensor([row[name] + [padding] * (longest - len(row[name])) for row in rows])
