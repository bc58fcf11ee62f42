"""BERT for token classification on a processor, with nothing computed that is not read.

The same function as ``transformers.BertForTokenClassification``, and several times faster on long text:

- a window is computed by itself, so that no padding is, and its scores are the same in every batch;
- the matrices multiply in bf16 where the processor does; sums, norms and the residual stream stay 32-bit floats;
- query, key and value are one multiplication, and the attention's scale lies in the weights;
- the last layer is computed for the wanted rows only.

transformers is not imported, which saves its start-up.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention

from action_recs.encoder import Encoder, WindowInput, shares
from action_recs.precision import Precision

ROUND_UP = 32
"""Rows are rounded up to this with some that nobody reads: for every new shape code is generated."""


@dataclass(frozen=True, slots=True)
class Dense:
    """A linear map. It computes in its bias's type; the weights may be kept in a narrower one."""

    weight: Tensor
    bias: Tensor

    def __call__(self, inputs: Tensor) -> Tensor:
        kind = self.bias.dtype
        return linear(inputs.to(kind), self.weight.to(kind), self.bias)

    def part(self, first: int, last: int) -> Dense:
        return Dense(self.weight[first:last].contiguous(), self.bias[first:last].contiguous())


@dataclass(frozen=True, slots=True)
class Norm:
    """Layer normalisation of the residual stream, in 32-bit floats."""

    weight: Tensor
    bias: Tensor
    epsilon: float

    def __call__(self, inputs: Tensor) -> Tensor:
        return layer_norm(inputs, self.weight.shape, self.weight, self.bias, self.epsilon)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's weights. ``attend`` is query, key and value under each other."""

    attend: Dense
    gather: Dense
    gathered: Norm
    widen: Dense
    narrow: Dense
    narrowed: Norm


def can_pack(config: Mapping[str, Any]) -> bool:
    """Whether a checkpoint's config describes what this module computes."""
    return (
        config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder")
        and not config.get("add_cross_attention")
    )


class PackedBert:
    """A BERT token classifier that reads window by window.

    Parameters
    ----------
    config : mapping
        The checkpoint's ``config.json``, for which :func:`can_pack` holds.
    weights : mapping of name to Tensor
        As transformers names them. A missing one is a ``KeyError``, a wrong shape or number a ``ValueError``.
    precision : Precision
        FP32 or BF16.
    seldom : bool
        Keep the weights as they are given, and widen them at every use: slower by a few per cent, half the memory.
    """

    def __init__(
        self, config: Mapping[str, Any], weights: Mapping[str, Tensor], precision: Precision, *, seldom: bool = False
    ) -> None:
        self.heads: int = config["num_attention_heads"]
        self.width: int = config["hidden_size"]
        self.precision = precision
        read = _WeightReader(config, weights, torch.bfloat16 if precision is Precision.BF16 else torch.float32, seldom)
        self.scale = 1 / math.sqrt(self.width // self.heads) if seldom else 1.0  # else it lies in the weights
        # the type of every token is 0: it is one more constant of the position
        self.words = read.checked("bert.embeddings.word_embeddings.weight", config["vocab_size"], self.width)
        positions = read.tensor(
            "bert.embeddings.position_embeddings.weight", config["max_position_embeddings"], self.width
        )
        types = read.tensor("bert.embeddings.token_type_embeddings.weight", config["type_vocab_size"], self.width)
        self.positions = positions + types[0]
        self.embedded = read.norm("bert.embeddings.LayerNorm")
        self.layers = [read.layer(f"bert.encoder.layer.{number}") for number in range(config["num_hidden_layers"])]
        classes = len(config["id2label"])
        self.tops: tuple[int, ...] = (classes,)
        self.classifier = Dense(
            read.tensor("classifier.weight", classes, self.width), read.tensor("classifier.bias", classes)
        )
        last = self.layers[-1].attend
        self.last_query = last.part(0, self.width)
        self.last_key_value = last.part(self.width, 3 * self.width)

    @property
    def name(self) -> str:
        return f"bert, {self.precision.value}"

    @torch.inference_mode()
    def probabilities(self, windows: Sequence[WindowInput]) -> list[np.ndarray]:
        return [self._window(window) for window in windows]

    def with_top_of(self, other: Encoder) -> PackedBert | None:
        if not isinstance(other, PackedBert):
            return None
        how, also = ((each.precision, each.heads, each.scale, each.embedded.epsilon) for each in (self, other))
        mine, theirs = list(self._trunk()), list(other._trunk())
        if how != also or len(mine) != len(theirs) or not all(map(_same, mine, theirs)):
            return None
        joined = copy.copy(self)
        joined.tops = (*self.tops, *other.tops)
        tops = (self.classifier, other.classifier)
        joined.classifier = Dense(torch.cat([each.weight for each in tops]), torch.cat([each.bias for each in tops]))
        return joined

    def _trunk(self) -> Iterator[Tensor]:
        """All weights but those of the classifier."""
        yield from (self.words, self.positions, self.embedded.weight, self.embedded.bias)
        for layer in self.layers:
            for part in fields(layer):
                found = getattr(layer, part.name)
                yield from (found.weight, found.bias)

    def _window(self, window: WindowInput) -> np.ndarray:
        if not len(window.rows):
            return np.empty((0, len(self.classifier.bias)), dtype=np.float32)
        length = len(window.tokens)
        spare = -length % ROUND_UP
        tokens = torch.tensor([*window.tokens, *[0] * spare])
        places = torch.arange(length + spare).clamp_(max=length - 1)
        stream = self.embedded(self.words[tokens].float() + self.positions[places])
        for layer in self.layers[:-1]:
            query, key, value = torch.split(layer.attend(stream), self.width, dim=1)
            stream = _rest(layer, stream, self._attention(query, key[:length], value[:length]))
        rows = torch.from_numpy(window.rows)
        key, value = torch.split(self.last_key_value(stream), self.width, dim=1)
        stream = stream[torch.cat([rows, rows.new_zeros(-len(rows) % ROUND_UP)])]
        found = self._attention(self.last_query(stream), key[:length], value[:length])
        stream = _rest(self.layers[-1], stream, found)[: len(rows)]
        probabilities: np.ndarray = shares(self.classifier(stream), self.tops).numpy()
        return probabilities

    def _attention(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """All heads of one window: shapes (queries, width), (keys, width), (keys, width) to (queries, width)."""
        query, key, value = (part.view(len(part), self.heads, -1).transpose(0, 1) for part in (query, key, value))
        if query.dtype == torch.float32:
            found = scaled_dot_product_attention(query[None], key[None], value[None], scale=self.scale)[0]
        else:  # one window's scores stay in the cache, and three steps are then faster than the fused one
            found = torch.bmm(torch.bmm(query, key.transpose(1, 2)).softmax(-1), value)
        return found.transpose(0, 1).flatten(1)


def _same(one: Tensor, other: Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one, other)


def _rest(layer: Layer, stream: Tensor, attended: Tensor) -> Tensor:
    stream = layer.gathered(layer.gather(attended) + stream)
    return layer.narrowed(layer.narrow(gelu(layer.widen(stream))) + stream)


class _WeightReader:
    """Takes weights by name, and holds them to the shapes that the config gives."""

    def __init__(
        self, config: Mapping[str, Any], weights: Mapping[str, Tensor], dtype: torch.dtype, as_given: bool
    ) -> None:
        self.config, self.weights, self.dtype, self.as_given = config, weights, dtype, as_given

    def checked(self, name: str, *shape: int) -> Tensor:
        found = self.weights[name]
        if found.shape != shape:
            raise ValueError(f"{name}: shape {tuple(found.shape)}, the config says {shape}")
        if not all(end.isfinite() for end in torch.aminmax(found)):  # what is not a number passes through, in one look
            raise ValueError(f"{name}: some weights are not numbers")
        return found

    def tensor(self, name: str, *shape: int) -> Tensor:
        return self.checked(name, *shape).float()

    def dense(self, name: str, outputs: int, inputs: int, scale: float = 1.0) -> Dense:
        weight, bias = self.checked(f"{name}.weight", outputs, inputs), self.tensor(f"{name}.bias", outputs)
        if self.as_given:
            return Dense(weight, bias)
        return Dense((weight.float() * scale).to(self.dtype), (bias * scale).to(self.dtype))

    def norm(self, name: str) -> Norm:
        width = self.config["hidden_size"]
        weight, bias = self.tensor(f"{name}.weight", width), self.tensor(f"{name}.bias", width)
        return Norm(weight, bias, self.config["layer_norm_eps"])

    def layer(self, name: str) -> Layer:
        width, inner = self.config["hidden_size"], self.config["intermediate_size"]
        scale = 1 / math.sqrt(width // self.config["num_attention_heads"])
        parts = [
            self.dense(f"{name}.attention.self.query", width, width, scale),
            self.dense(f"{name}.attention.self.key", width, width),
            self.dense(f"{name}.attention.self.value", width, width),
        ]
        return Layer(
            attend=Dense(torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])),
            gather=self.dense(f"{name}.attention.output.dense", width, width),
            gathered=self.norm(f"{name}.attention.output.LayerNorm"),
            widen=self.dense(f"{name}.intermediate.dense", inner, width),
            narrow=self.dense(f"{name}.output.dense", width, inner),
            narrowed=self.norm(f"{name}.output.LayerNorm"),
        )
