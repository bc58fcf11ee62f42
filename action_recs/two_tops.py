"""Two classifiers of transformers over one encoder: told apart from two models, and put together."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TOP = "classifier"
"""What transformers calls the last map of its token classifiers."""

NOT_OF_THE_TRUNK = {
    "id2label",
    "label2id",
    "classifier_dropout",
    "action_recs",
    "_name_or_path",
    "transformers_version",
    "dtype",
}
"""Entries of a config that change nothing of what is computed below the top."""


def same_trunk(one: PreTrainedModel, other: PreTrainedModel) -> bool:
    """Whether two models compute the same numbers up to their top, and the top is one linear map.

    Told by the weights themselves: where they differ by a single one, or the configs by an entry that may matter,
    the models are not the same.
    """
    if type(one) is not type(other) or not (_has_linear_top(one) and _has_linear_top(other)):
        return False
    if _settings(one) != _settings(other):
        return False
    weights, also = _trunk(one), _trunk(other)
    return weights.keys() == also.keys() and all(
        tensor.dtype == also[name].dtype and torch.equal(tensor, also[name]) for name, tensor in weights.items()
    )


def with_two_tops(one: PreTrainedModel, other: PreTrainedModel) -> PreTrainedModel:
    """The first model with its classes and then the other's; it shares the weights of the first, which stays as it was.

    Only to run: the config still says what the first one does.
    """
    tops = [getattr(each, TOP) for each in (one, other)]
    both = torch.nn.Linear(tops[0].in_features, sum(each.out_features for each in tops), device="meta")
    both.weight = torch.nn.Parameter(torch.cat([each.weight.detach() for each in tops]), requires_grad=False)
    both.bias = torch.nn.Parameter(torch.cat([each.bias.detach() for each in tops]), requires_grad=False)
    joined = copy.copy(one)
    joined._modules = {**one._modules, TOP: both}  # the copy has its modules in common with the first, but not the list
    return joined


def _has_linear_top(model: PreTrainedModel) -> bool:
    top = getattr(model, TOP, None)
    return isinstance(top, torch.nn.Linear) and top.bias is not None


def _settings(model: PreTrainedModel) -> dict[str, object]:
    return {name: value for name, value in model.config.to_dict().items() if name not in NOT_OF_THE_TRUNK}


def _trunk(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in model.state_dict().items() if not name.startswith(f"{TOP}.")}
