"""A tagged session without its words: marks of the same length, so that every place in it stays what it was."""

from __future__ import annotations

from dataclasses import replace

from action_recs.session import TaggedSession

MARK = "█"


def redacted(session: TaggedSession) -> TaggedSession:
    """The session with every text replaced by marks.

    How many characters and words an utterance has stays, so that offsets fit and a study counts the same; how long each
    word is does not. Speakers' labels become "speaker 1", "speaker 2" in the order in which they speak. Labels, scores,
    times, identifiers and the date are kept: a session id that was taken from a file's name is still that name.

    Examples
    --------
    >>> from action_recs import Role, TaggedUtterance
    >>> said = TaggedUtterance(0, Role.CLIENT, "I walked twice.", frozenset(), {}, speaker="Ann")
    >>> hidden = redacted(TaggedSession((said,), (), ())).utterances[0]
    >>> hidden.text, hidden.speaker
    ('█████ ████ ████', 'speaker 1')
    """
    people = dict.fromkeys(each.speaker for each in session.utterances if each.speaker is not None)
    names = {speaker: f"speaker {number}" for number, speaker in enumerate(people, start=1)}
    utterances = tuple(
        replace(each, text=marks(each.text), speaker=None if each.speaker is None else names[each.speaker])
        for each in session.utterances
    )
    recommendations = tuple(
        replace(found, text=utterances[found.utterance].text[found.start : found.end])
        for found in session.recommendations
    )
    return replace(session, utterances=utterances, recommendations=recommendations)


def marks(text: str) -> str:
    """As many characters and as many words as the text has, all words about equally long."""
    words = len(text.split())
    if not words:
        return " " * len(text)
    signs = [MARK] * len(text)
    for word in range(1, words):
        signs[word * len(text) // words] = " "
    return "".join(signs)
