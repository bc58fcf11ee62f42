"""The tagger of a process on a cluster, and the columns of what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from action_recs.errors import TranscriptError
from action_recs.readers.rows import named
from action_recs.tagger import Tagger


@lru_cache(maxsize=1)
def process_tagger(models: str | None, device: str | None) -> Tagger:
    """The models, loaded once in a process; on the GPU that the process was given, if any."""
    if device is None:
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
    return Tagger.from_pretrained(models, device=device)


def session_column(names: Iterable[str], columns: Mapping[str, str] | None, order_by: str) -> str:
    """Which column tells the sessions apart.

    Raises
    ------
    TranscriptError
        When there is none, or no column by which a session's rows can be put in order.
    """
    names = list(names)
    found = named(names, columns or {}, "the data")
    if "session_id" not in found:
        raise TranscriptError("no column for the session; name it with columns={'session_id': 'its name'}")
    if order_by not in names:
        remedy = "a cluster keeps no order of rows: number the utterances of each session, and name it with order_by="
        raise TranscriptError(f"no column {order_by!r}; {remedy}")
    return found["session_id"]
