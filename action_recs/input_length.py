"""How long an input an encoder reads, and the window that suits it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LONGEST_AUTOMATIC = 2048
"""Windows that nobody set are no longer than this: attention over more costs memory and reads no better."""


def longest_input(model: PreTrainedModel) -> int | None:
    """The most tokens that a model reads at once, special tokens included; None where nothing limits it.

    RoBERTa, MPNet and their kin count positions from the one after the padding token's: of 514 positions they read 512.
    """
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and hasattr(module, "num_embeddings"):
            before = 0 if module.padding_idx is None else module.padding_idx + 1
            return int(module.num_embeddings) - before
    limit = getattr(model.config, "max_position_embeddings", None)
    return limit if isinstance(limit, int) and limit > 0 else None


def automatic_window(model: PreTrainedModel) -> int:
    """Tokens of a window that suits the encoder: all that it reads, up to ``LONGEST_AUTOMATIC``."""
    return min(longest_input(model) or LONGEST_AUTOMATIC, LONGEST_AUTOMATIC)
