"""All formats, in the order in which they are asked whether a content is theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation
from action_recs.readers.formats import Content, Format, Options

FAMILIES = (
    "documents",  # told by their first bytes
    "elan",
    "tei",
    "textgrid",
    "chat",
    "subtitles",
    "recognisers",  # JSON of a known shape
    "convokit",
    "annomi",  # a table with columns of its own, before tables
    "tables",
)
"""Modules of this package with a tuple FORMATS. Plain text comes last: almost anything can be read as text."""


@cache
def formats() -> tuple[Format, ...]:
    """Every format. The modules are imported at the first call, so that importing the library stays quick."""
    modules = [import_module(f"action_recs.readers.{family}") for family in FAMILIES]
    from action_recs.readers.text import TEXT

    return (*(each for module in modules for each in module.FORMATS), UNKNOWN_JSON, TEXT)


def detect(content: Content) -> Format:
    """The format of a content: the first that claims it; the last one, text, claims everything."""
    return next(each for each in formats() if each.matches(content))


def named_format(name: str) -> Format:
    """The format with this name.

    Raises
    ------
    TranscriptError
        When there is none; the message lists them.
    """
    known = {each.name: each for each in formats()}
    if name not in known:
        raise TranscriptError(f"unknown format; the formats are {', '.join(sorted(known))}")
    return known[name]


def _looks_like_json(content: Content) -> bool:
    begin = (content.text or "").lstrip()
    return content.json is not None or content.suffix == ".json" or begin.startswith(("{", '["', "[{", "[["))


def _refuse_json(content: Content, options: Options) -> Iterator[Conversation]:  # noqa: ARG001 (a Format's signature)
    if content.json is not None:
        records = "[{'speaker': ..., 'text': ...}, ...]"
        remedy = f"write one record for each utterance, {records}, or give what the recogniser itself wrote"
        raise TranscriptError(f"{content.name}: JSON of an unknown shape; {remedy}")
    place = ": broken JSON, or with numbers or nesting beyond reason"
    try:
        json.loads(content.text or "")
    except json.JSONDecodeError as error:
        place = f", line {error.lineno}, column {error.colno}: broken JSON"
    except (ValueError, RecursionError):
        pass
    raise TranscriptError(f"{content.name}{place}; it may be cut off: export it again")
    yield


UNKNOWN_JSON = Format("unknown-json", _looks_like_json, _refuse_json)
"""What is JSON and no known shape would otherwise be read as text, with a message about speaker labels."""
