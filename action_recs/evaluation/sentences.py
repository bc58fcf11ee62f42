"""Sentence embeddings as they come, for baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = Callable[[Sequence[str]], NDArray[np.float64]]
"""From texts to vectors of unit length, shape (texts, dimensions)."""


def sentence_embeddings(folder: str) -> Vectors:
    """A sentence-transformers model as it is, from a local folder; a text that comes again is not read again."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise ImportError("sentence embeddings need the package sentence-transformers: pip install it") from None
    model = SentenceTransformer(folder, device="cpu", local_files_only=True)
    known: dict[str, NDArray[np.float64]] = {}

    def vectors(some: Sequence[str]) -> NDArray[np.float64]:
        if new := [text for text in dict.fromkeys(some) if text not in known]:
            known.update(zip(new, model.encode(new, normalize_embeddings=True, show_progress_bar=False), strict=True))
        return np.array([known[text] for text in some], dtype=float)

    return vectors
