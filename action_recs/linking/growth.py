"""How the later of two recommendations grows from the talk around the earlier one.

Much is floated first ("you could ask him"), taken up by the client, who fixes when or where, and then stated back as
the plan ("so Friday, at the pool, you ask him"): the two share few words, but the talk between them holds both.
"""

from __future__ import annotations

import re

from action_recs.linking.adherence import folded
from action_recs.linking.passages import Rarity, content_words_of
from action_recs.linking.recaps import FIXED, HEDGED, LEADING, OPENING
from action_recs.session import Form, Recommendation, TaggedSession
from action_recs.transcript import Role

ANOTHER = re.compile(
    r"\b(another|one more|one other|also|as well|second(?:ly)?|next|meantime|the other|other thing|in addition|"
    r"on top|besides|and if|while you|last thing|one thing|more thing)\b"
)
"""In the words that lead to a recommendation: it is a new one."""

THEN = re.compile(
    r"^\W*(?:(?:okay|right|well|good|alright|all right|great|um|uh|yeah|lovely|grand)\W+)*(?:so|then|there)\b"
)
"""An utterance that opens so draws a conclusion."""

ASKS = re.compile(r"\b(what|how|when|where|which|who)\b|\?")

TAKEN_UP = 3
"""Utterances after the earlier recommendation, and before the later one, in which a client takes it up."""

NEAR, NOT_FAR, FAR = 6, 10, 30
"""Utterances."""

GROWTH_FEATURES = (
    "nothing recommended between",
    "in the next two utterances",
    "three or four utterances on",
    "five to ten utterances on",
    "more than thirty utterances on",
    "next and near",
    "share of words from around the first",
    "share of words from the talk between",
    "new words from the utterance before",
    "new words from around the first and between",
    "words from nowhere",
    "words of the second",
    "words of the second's surroundings from around the first",
    "words of the second's surroundings from the first",
    "words of the first just before the second",
    "first casual, second structured",
    "second hedged",
    "next and near, first casual, second structured",
    "next and near, a conclusion",
    "next and near, first hedged, second not",
    "next and near, another one",
    "next and near, numbers and times from the client",
    "next and near, words of the surroundings",
    "next and near, the client asks",
    "next and near, of few words",
)


def growth_features(
    session: TaggedSession, one: Recommendation, other: Recommendation, between: int, rarity: Rarity
) -> list[float]:
    """The columns of ``GROWTH_FEATURES`` for two recommendations of a session, the earlier one first.

    Parameters
    ----------
    between : int
        Recommendations that stand between them.
    """
    said = session.utterances
    first, second = one.utterance, other.utterance
    own, words = content_words_of([one.text]), content_words_of([other.text])
    whole = said[first].text[: other.start if first == second else None]
    around = content_words_of([*(each.text for each in said[max(0, first - 1) : first]), whole])
    after = content_words_of(each.text for each in said[first + 1 : min(first + 1 + TAKEN_UP, second)])
    middle = content_words_of(each.text for each in said[first + 1 : second])
    before = content_words_of(each.text for each in said[max(first + 1, second - 1) : second])
    lead = content_words_of([said[second].text[one.end if first == second else 0 : other.start]])
    surroundings = content_words_of([said[second].text]) | before
    new = words - own
    weight = rarity.of_words(words) or 1.0
    client = folded(
        " ".join(
            each.text for each in said[max(first + 1, second - TAKEN_UP) : second] if each.role is not Role.THERAPIST
        )
    )
    leading = folded(said[second].text)[max(0, other.start - LEADING) : other.start + OPENING]
    fixed = set(FIXED.findall(folded(other.text))) - set(FIXED.findall(folded(one.text)))
    gap = second - first
    near = float(between == 0 and 0 < gap <= NEAR)
    hedged = HEDGED.search(folded(other.text)) is not None
    firmer = one.form is Form.CASUAL and other.form is Form.STRUCTURED
    shared = rarity.of_words((around | after) & surroundings) / 10
    return [
        float(between == 0),
        float(0 < gap <= 2),
        float(2 < gap <= 4),
        float(4 < gap <= NOT_FAR),
        float(gap > FAR),
        near,
        rarity.of_words(words & (around | after)) / weight,
        rarity.of_words(words & middle) / weight,
        rarity.of_words(new & before) / 10,
        rarity.of_words(new & (middle | around)) / 10,
        rarity.of_words(new - middle - around - after - lead) / 10,
        rarity.of_words(words) / 10,
        shared,
        rarity.of_words(own & surroundings) / 10,
        rarity.of_words(own & (lead | before)) / 10,
        float(firmer),
        float(hedged),
        near * firmer,
        near * (THEN.search(folded(said[second].text)) is not None),
        near * (HEDGED.search(folded(one.text)) is not None and not hedged),
        near * (ANOTHER.search(leading) is not None),
        near * bool(fixed & set(FIXED.findall(client))),
        near * shared,
        near * (ASKS.search(client) is not None),
        near * (len(words) <= 2),
    ]
