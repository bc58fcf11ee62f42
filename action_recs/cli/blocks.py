"""Sessions through a model, a block at a time.

Sessions that are tagged together share batches, and the last bits of a score depend on what else is in the batch. So a
block is made by what is read alone, not by when: a run that begins again at the start of a block gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from action_recs.cli.inputs import Input
from action_recs.cli.items import Failure, Item
from action_recs.errors import ConfigError, ModelError, OutputError
from action_recs.transcript import Transcript

Result = TypeVar("Result")
Turn = Callable[[list[Transcript]], Sequence[Result]]
"""What is done with the sessions of a block: a result for each, in order."""

MOST_SESSIONS = 16
MOST_CHARACTERS = 200_000
"""A few sessions of an hour each: some seconds of work, which a kill costs at most."""

MOST_ITEMS = 256
"""With the failures among them."""


@dataclass(frozen=True, slots=True)
class Block(Generic[Result]):
    """What became of some items that follow one another; ``source`` and ``session`` say which item comes next."""

    results: list[Result] = field(repr=False)
    failures: list[Failure]
    source: int
    session: int


def in_blocks(items: Iterable[Item], inputs: Sequence[Input], turn: Turn[Result]) -> Generator[Block[Result]]:
    """Do all sessions; one that the turn breaks on becomes a failure, and costs no other."""
    for some in _divided(items):
        yield _done(some, inputs, turn)


def _divided(items: Iterable[Item]) -> Iterator[list[Item]]:
    some: list[Item] = []
    sessions = characters = 0
    for item in items:
        some.append(item)
        if isinstance(item.found, Transcript):
            sessions += 1
            characters += sum(len(utterance.text) for utterance in item.found.utterances)
        if sessions >= MOST_SESSIONS or characters >= MOST_CHARACTERS or len(some) >= MOST_ITEMS:
            yield some
            some, sessions, characters = [], 0, 0
    if some:
        yield some


def _done(items: list[Item], inputs: Sequence[Input], turn: Turn[Result]) -> Block[Result]:
    good = [item.found for item in items if isinstance(item.found, Transcript)]
    results: list[Result | Failure]
    try:
        results = list(turn(good)) if good else []
    except (ConfigError, ModelError, OutputError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a model breaks on; found by trying each session
        results = [
            _alone(item.found, inputs[item.source].name, item.session, turn)
            for item in items
            if isinstance(item.found, Transcript)
        ]
        if len(good) > 1 and all(isinstance(found, Failure) for found in results):
            remedy = "is the device at hand, and has it room?"
            raise ModelError(f"the models break on every session ({type(error).__name__}); {remedy}") from None
    if len(results) != len(good):
        raise OutputError(f"{len(results)} sessions came out where {len(good)} went in; the block is not written")
    following = iter(results)
    all_found = [item.found if isinstance(item.found, Failure) else next(following) for item in items]
    return Block(
        results=[found for found in all_found if not isinstance(found, Failure)],
        failures=[found for found in all_found if isinstance(found, Failure)],
        source=items[-1].source,
        session=items[-1].session + 1,
    )


def _alone(transcript: Transcript, name: str, session: int, turn: Turn[Result]) -> Result | Failure:
    try:
        return turn([transcript])[0]
    except Exception as error:  # noqa: BLE001
        place = name if session == 0 else f"{name}, session {session + 1}"
        return Failure(name, session, f"{place}: could not be done ({type(error).__name__})")
