"""The role markers' place in an encoder: new tokens that begin as the mean of the word that they stand for.

Training begins so; an adapter that leaves the embeddings as they are has to be read so, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from action_recs.windows import ROLE_MARKERS

if TYPE_CHECKING:
    from collections.abc import Collection

    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def place_markers(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, known: Collection[str]) -> None:
    """Make room for a tokenizer's markers in a model; it is changed.

    Parameters
    ----------
    model : PreTrainedModel
    tokenizer : PreTrainedTokenizerBase
        Its vocabulary holds the markers.
    known : collection of str
        The vocabulary that the model was made with: the markers in it keep what they have.
    """
    import torch

    embeddings = model.get_input_embeddings()
    if len(tokenizer) > embeddings.num_embeddings:
        embeddings = model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    with torch.no_grad():
        for role, marker in ROLE_MARKERS.items():
            words = tokenizer(role.value, add_special_tokens=False)["input_ids"]
            if marker not in known and words:
                embeddings.weight[tokenizer.convert_tokens_to_ids(marker)] = embeddings.weight[words].mean(dim=0)
