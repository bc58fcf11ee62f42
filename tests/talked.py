"""Small tagged sessions for tests of threads."""

from action_recs import Form, Label, Recommendation, Review, Role, TaggedSession, TaggedUtterance


def talk(*lines, recommended=(), reviews=(), **identifiers):
    """A session of utterances that alternate, the therapist first; ``recommended`` are words of an utterance."""
    utterances = tuple(
        TaggedUtterance(index, (Role.THERAPIST, Role.CLIENT)[index % 2], line, frozenset(), dict.fromkeys(Label, 0.0))
        for index, line in enumerate(lines)
    )
    spans = []
    for index, words in recommended:
        start = lines[index].index(words)
        spans.append(Recommendation(index, start, start + len(words), words, Form.CASUAL))
    return TaggedSession(utterances, tuple(spans), tuple(Review(*run) for run in reviews), **identifiers)


WALK = talk(
    "Try walking daily.", "Okay.", "And ring Ann, or just ring.", "Fine.", recommended=[(0, "Try walking daily")]
)
ASKED = talk("Did the walking work?", "I walked twice.", "Good.", "Yes.", reviews=[(0, 1)])
COOKING = talk(
    "How was the kitchen?", "Cooked once.", "Read a book.", "Yes.", recommended=[(2, "Read a book")], reviews=[(0, 1)]
)
