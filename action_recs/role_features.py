"""What can be seen of a speaker in what is said: words, lengths, turns, share of talk, repetition.

Nothing here looks at punctuation or capitals, so that a recogniser's bare words and a typist's sentences look alike.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

WORD = re.compile(r"[^\W_]+")
REMARK = re.compile(r"\[[^\]\n]{0,60}\]|\([^)\n]{0,30}\)|<[^>\n]{0,40}>")
"""A transcriber's note: "[laughs]", "[NAME]", "(inaudible)"."""

APOSTROPHES = str.maketrans("", "", "'’`´ʼ")
LENGTHS = (0, 1, 2, 3, 5, 8, 12, 20, 35, 60, 100)
ANSWER_WORDS = 3
"""Up to so many words, a turn counts as a whole too: "right", "mm hm", "i don't know"."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Everything that one speaker says before another does."""

    speaker: str
    words: tuple[str, ...] = field(repr=False)


def words(text: str) -> list[str]:
    """The words in lower case, without apostrophes, notes and punctuation; every number is "0".

    >>> words("I'm 34 [laughs] -- since May.")
    ['im', '0', 'since', 'may']
    """
    bare = REMARK.sub(" ", text).casefold().translate(APOSTROPHES)
    return ["0" if word.isdigit() else word for word in WORD.findall(bare)]


def spoken_turns(pieces: Iterable[tuple[str, str]]) -> list[Spoken]:
    """``(speaker, text)`` pieces with neighbours of one speaker joined; pieces without a word are left out."""
    turns: list[tuple[str, list[str]]] = []
    for speaker, text in pieces:
        if not (said := words(text)):
            continue
        if turns and turns[-1][0] == speaker:
            turns[-1][1].extend(said)
        else:
            turns.append((speaker, said))
    return [Spoken(speaker, tuple(said)) for speaker, said in turns]


def rejoined(turns: Iterable[Spoken], speakers: Collection[str]) -> list[Spoken]:
    """The turns of some speakers, with those joined that another speaker's turn had divided."""
    kept: list[Spoken] = []
    for turn in turns:
        if turn.speaker not in speakers:
            continue
        if kept and kept[-1].speaker == turn.speaker:
            kept[-1] = Spoken(turn.speaker, kept[-1].words + turn.words)
        else:
            kept.append(turn)
    return kept


def turn_features(turns: Sequence[Spoken]) -> Iterator[set[str]]:
    """For each turn the names of what it shows.

    Single words and pairs of neighbours ("how", "how did"), how it begins ("^so what") and ends ("for you$"), a short
    one as a whole ("=mm hm"), its length ("#12") and its length beside the turns around it ("#35<5", "#5>60").
    """
    lengths = [_length(len(turn.words)) for turn in turns]
    for index, turn in enumerate(turns):
        said = turn.words
        shown = {*said, *(f"{one} {two}" for one, two in pairwise(said))}
        shown.update("^" + " ".join(said[:count]) for count in (1, 2, 3) if count <= len(said))
        shown.add(" ".join(said[-2:]) + "$")
        if len(said) <= ANSWER_WORDS:
            shown.add("=" + " ".join(said))
        shown.add(f"#{lengths[index]}")
        if index:
            shown.add(f"#{lengths[index - 1]}<{lengths[index]}")
        if index + 1 < len(turns):
            shown.add(f"#{lengths[index]}>{lengths[index + 1]}")
        yield shown


def known_share(turns: Iterable[Spoken], common: Collection[str]) -> float:
    """The share of words, 0 to 1, that are among the ``common`` ones of a language; 0 when nothing is said."""
    said = [word for turn in turns for word in turn.words]
    return sum(word in common for word in said) / len(said) if said else 0.0


def echo(turns: Sequence[Spoken], index: int, common: Collection[str]) -> float | None:
    """How much of a turn repeats the turn before it: the share, 0 to 1, of its uncommon words; None without any."""
    rare = {word for word in turns[index].words if word not in common}
    if not rare or not index:
        return None
    return len(rare.intersection(turns[index - 1].words)) / len(rare)


def _length(count: int) -> int:
    return next((length for length in LENGTHS if count <= length), 2 * LENGTHS[-1])
