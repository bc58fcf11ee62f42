"""A JSON document that knows where it is: what is missing or of another kind is said with its path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from action_recs.errors import TranscriptError

REMEDY = "the file may be damaged: export it again"


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a JSON document.

    Parameters
    ----------
    value : object
        What ``json.loads`` made of it.
    path : str
        Where it stands: "results.items[3]"; empty for the document itself.
    """

    value: Any = field(repr=False)
    path: str = ""

    def get(self, key: str) -> Node:
        """The value under a key; ``Node(None)`` when it is absent.

        Raises
        ------
        TranscriptError
            When this is no object.
        """
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return Node(self.value.get(key), f"{self.path}.{key}" if self.path else key)

    def has(self, key: str) -> bool:
        """Whether this is an object with something under the key."""
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def items(self) -> list[Node]:
        """The values of a list.

        Raises
        ------
        TranscriptError
            When this is no list.
        """
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return [Node(value, f"{self.path}[{index}]") for index, value in enumerate(self.value)]

    def first(self) -> Node:
        """The first value of a list; ``Node(None)`` when it is empty."""
        return next(iter(self.items()), Node(None, f"{self.path}[0]"))

    def text(self) -> str:
        """A string.

        Raises
        ------
        TranscriptError
            When this is none.
        """
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        return self.value

    def label(self, machine: str = "") -> str | None:
        """A speaker's label: a string as it is, a number or letter behind the word ``machine``; None when absent.

        Raises
        ------
        TranscriptError
            When it is of another kind.
        """
        if self.value is None or self.value == "":
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, (str, int)):
            raise self.wrong("a speaker's label")
        short = isinstance(self.value, int) or len(self.value) == 1 or self.value.isdecimal()
        return f"{machine} {self.value}" if machine and short else str(self.value)

    def number(self, scale: float = 1) -> float | None:
        """A number, also one in a string ("1.25", "1.25s"), divided by ``scale``; None when absent.

        Raises
        ------
        TranscriptError
            When it is no number.
        """
        if self.value is None:
            return None
        try:
            if isinstance(self.value, str):
                return float(self.value.removesuffix("s")) / scale
            if isinstance(self.value, (int, float)) and not isinstance(self.value, bool):
                return float(self.value) / scale
        except (ValueError, OverflowError):
            pass
        raise self.wrong("a number")

    def wrong(self, expected: str) -> TranscriptError:
        """The error that says where something else was expected."""
        return TranscriptError(f"{self.path or 'the document'}: {expected} was expected here; {REMEDY}")
