"""Whether a recommendation sounds like one that is said again: by the words before it, and by what both fix."""

from __future__ import annotations

import re

from action_recs.linking.adherence import folded
from action_recs.session import Recommendation, TaggedSession
from action_recs.transcript import Role

SAID_AGAIN = re.compile(
    r"\b(so|again|remember|don't forget|once more|sum up|back to you|say (?:it|that) back|the plan|we(?:'ve)? said|"
    r"i said|to be clear|let me see|what i have|agreed|exactly|just|only|and that's)\b"
)
"""In the words that lead to a recommendation, or that open it."""

ASKED_AGAIN = re.compile(
    r"\b(again|what was|what is it|which (?:one|of)|remind me|what am i|what did you|how many|how often|"
    r"so (?:it's|that's|i))\b"
)
"""In what the client said before it."""

FIXED = re.compile(
    r"\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|half|quarter|once|"
    r"twice|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|morning|noon|lunch|evening|night|bedtime|breakfast|supper|tea|weekend|"
    r"today|tonight|tomorrow|daily|weekly)s?\b"
)
"""Numbers and times."""

HEDGED = re.compile(
    r"\b(maybe|perhaps|could|might|would|wonder|what if|what about|how about|have you|worth|if you|some people|"
    r"you'd like)\b"
)
DEFINITE = re.compile(r"\b(the|that|those|these|it|them|him|her)\b")

LEADING = 60
"""Characters before a recommendation that are looked at."""

OPENING = 15
"""Characters of a recommendation itself that are."""

RECAP_FEATURES = (
    "said again",
    "asked again",
    "recommendations in the second's utterance",
    "place in the second's utterance",
    "numbers and times shared",
    "numbers and times of the second only",
    "first hedged, second not",
    "definite words of the second",
)


def recap_features(session: TaggedSession, one: Recommendation, other: Recommendation) -> list[float]:
    """The columns of ``RECAP_FEATURES`` for two recommendations of a session, the earlier one first."""
    first, second = folded(one.text), folded(other.text)
    said = folded(session.utterances[other.utterance].text)
    leading = said[max(0, other.start - LEADING) : other.start + OPENING]
    before = session.utterances[other.utterance - 1] if other.utterance else None
    asked = before is not None and before.role is not Role.THERAPIST and ASKED_AGAIN.search(folded(before.text))
    together = [span for span in session.recommendations if span.utterance == other.utterance]
    fixed, fixed_again = set(FIXED.findall(first)), set(FIXED.findall(second))
    return [
        float(SAID_AGAIN.search(leading) is not None),
        float(bool(asked)),
        float(len(together)),
        float(together.index(other)),
        float(len(fixed & fixed_again)),
        float(len(fixed_again - fixed)),
        float(HEDGED.search(first) is not None and HEDGED.search(second) is None),
        len(DEFINITE.findall(second)) / max(len(second.split()), 1),
    ]
