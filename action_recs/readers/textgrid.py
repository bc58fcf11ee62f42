"""Praat TextGrids, long and short: an interval tier for each speaker.

Praat itself reads such a file as a row of free-standing numbers, strings and flags, and everything else in it
("xmin =", "intervals [3]:") as comment. So does this.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.markup import spaced
from action_recs.readers.turns import interleave

HEAD = re.compile(r'\s*(?:File type\s*=\s*)?"ooTextFile"\s+(?:Object class\s*=\s*)?"TextGrid"')
TOKEN = re.compile(
    r"""(?<!\S)(?:
        ! [^\r\n]*                                        # a comment to the end of the line
      | "(?P<string> [^"]* (?:"" [^"]*)* )"
      | (?P<number> [-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)? )
      | (?P<flag> <[^>\s]*> )
    )(?=\s|$)""",
    re.VERBOSE,
)
BINARY = b"ooBinaryFile\x08TextGrid"
SILENCE = frozenset(["", "sil", "sp", "<sil>", "<p:>", "#", "<eps>"])
WORDS = re.compile(r"\s+-\s+words$")
BELOW_WORDS = re.compile(r"(?:.*\s-\s)?(?:phones|phonemes|syllables)$")
"""How an aligner calls the tiers of a speaker: "Ann - words", "Ann - phones"."""


def matches(content: Content) -> bool:
    """Whether the content is a TextGrid, as text."""
    return content.text is not None and HEAD.match(content.text) is not None


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The conversation, the tiers' intervals in the order of time; the tier's name is the speaker's.

    Raises
    ------
    TranscriptError
        With the tier and interval, when the file is cut off or two tiers are one speaker's. With ``options.skip``, what
        stands before the break is kept.
    """
    tiers: dict[int, list[Segment]] = {}
    skipped: list[str] = []
    try:
        for number, segment in _intervals(_Tokens(content.text or "")):
            tiers.setdefault(number, []).append(segment)
        _check_names(tiers)
    except TranscriptError as error:
        if not options.skip:
            raise TranscriptError(f"{content.name}, {error}") from None
        skipped.append(str(error))
    yield Conversation(interleave(tiers.values()), skipped=tuple(skipped))


def _check_names(tiers: dict[int, list[Segment]]) -> None:
    tier_of: dict[str | None, int] = {}
    for number, segments in tiers.items():
        speaker = segments[0].speaker
        if (other := tier_of.setdefault(speaker, number)) != number:
            raise TranscriptError(f"tiers {other} and {number}: both of one speaker; leave one out, or name them apart")


def refuse(content: Content, options: Options) -> Iterator[Conversation]:  # noqa: ARG001 (a format's signature)
    """Raise: Praat's binary form is not read."""
    raise TranscriptError(f"{content.name}: a binary TextGrid; in Praat, save it as text file")


class _Tokens:
    """The values in a Praat text file, one after another."""

    def __init__(self, text: str) -> None:
        self.found = (each for each in TOKEN.finditer(text) if each.lastgroup)
        self.place = "the head"

    def next(self, kind: str) -> str:
        token = next(self.found, None)
        if token is None:
            raise TranscriptError(f"{self.place}: the TextGrid is cut off; save or copy it again")
        if token.lastgroup != kind:
            raise TranscriptError(f"{self.place}: a {token.lastgroup} where a {kind} belongs; save it again with Praat")
        return token[kind].replace('""', '"')

    def number(self) -> float:
        value = float(self.next("number"))
        if not math.isfinite(value):
            raise TranscriptError(f"{self.place}: a number beyond reason; save it again with Praat")
        return value


def _intervals(tokens: _Tokens) -> Iterator[tuple[int, Segment]]:
    """The intervals that hold speech, with the number of their tier."""
    for kind in ("string", "string", "number", "number", "flag"):
        tokens.next(kind)
    for tier in range(1, int(tokens.number()) + 1):
        tokens.place = f"tier {tier}"
        kind, name = tokens.next("string"), spaced(tokens.next("string"))
        tokens.number(), tokens.number()
        for interval in range(1, int(tokens.number()) + 1):
            tokens.place = f"tier {tier}, interval {interval}"
            start = tokens.number()
            end = start if kind == "TextTier" else tokens.number()
            text = spaced(tokens.next("string"))
            if kind != "TextTier" and text not in SILENCE and not BELOW_WORDS.match(name):
                yield tier, Segment(text, WORDS.sub("", name) or f"tier {tier}", start, end, tokens.place)


FORMATS = (
    Format("textgrid", matches, read, pieces=True),
    Format("binary-textgrid", lambda content: content.data.startswith(BINARY), refuse),
)
