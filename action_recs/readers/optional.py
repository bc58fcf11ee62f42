"""Libraries that only some formats need: imported when they are, and kept from raising errors of their own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from action_recs.errors import TranscriptError


def load(module: str, source: str, form: str) -> Any:
    """Import a library that only one form of file needs.

    Parameters
    ----------
    module : str
        "pyarrow.parquet".
    source, form : str
        What is being read ("notes.parquet") and what kind of thing it is ("Parquet"), for the message.

    Raises
    ------
    TranscriptError
        When it is not installed.
    """
    try:
        return import_module(module)
    except ImportError:
        library = module.partition(".")[0]
        remedy = "pip install 'action_recs[formats]'"
        raise TranscriptError(f"{source}: {form} is read with {library}, which is not installed; {remedy}") from None


@contextmanager
def guarded(message: str) -> Iterator[None]:
    """Turn whatever a library raises on broken bytes into a TranscriptError with this message.

    What they raise is of every kind, and quotes the bytes; so do their warnings, which are not shown.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except TranscriptError:
        raise
    except Exception:  # noqa: BLE001
        raise TranscriptError(message) from None
